/* string.c - see string.h */
#include "json/string.h"

#include <string.h>

#include "base/utf8.h"
#include "json/wtf8.h"

#define ESCAPE 6 /* \uXXXX */

/* ---- escapes ---- */

static unsigned hex_digit(unsigned char c)
{
	return c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10;
}

static unsigned four_hex(const unsigned char *p)
{
	unsigned value = 0;
	for (int i = 0; i < 4; i++)
		value = value << 4 | hex_digit(p[i]);
	return value;
}

static bool is_low_escape(const unsigned char *p, size_t left)
{
	return left >= ESCAPE && p[0] == '\\' && p[1] == 'u' && (four_hex(p + 2) & 0xFC00) == 0xDC00;
}

/* \uXXXX, together with its low surrogate if it has one; a lone surrogate stands for itself. */
static struct sl_json_character unicode(const unsigned char *p, size_t left)
{
	unsigned c = four_hex(p + 2);
	bool pair = (c & 0xFC00) == 0xD800 && is_low_escape(p + ESCAPE, left - ESCAPE);
	if (pair)
		c = 0x10000 + ((c & 0x3FF) << 10) + (four_hex(p + ESCAPE + 2) & 0x3FF);
	return (struct sl_json_character){ c, pair ? 2 * ESCAPE : ESCAPE, true };
}

static struct sl_json_character escaped(const unsigned char *p, size_t left)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (p[1] == 'u')
		return unicode(p, left);
	return (struct sl_json_character){ (unsigned char)to[strchr(from, p[1]) - from], 2, false };
}

/* ---- characters ---- */

struct sl_json_character sl_json_character_at(const char *text, size_t left)
{
	static const unsigned char bits[] = { 0x7F, 0x7F, 0x1F, 0xF, 7 };
	const unsigned char *p = (const unsigned char *)text;
	if (*p == '\\')
		return escaped(p, left);
	struct sl_json_character c = { *p, *p < 0x80 ? 1 : sl_utf8_length(text, left), false };
	c.code_point &= bits[c.len];
	for (size_t i = 1; i < c.len; i++)
		c.code_point = c.code_point << 6 | (p[i] & 0x3Fu);
	return c;
}

size_t sl_json_unescape(unsigned char *out, const char *text, size_t len)
{
	unsigned char *start = out;
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	while (p < end) {
		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		struct sl_json_character c = escaped(p, (size_t)(end - p));
		out += sl_wtf8_put(out, c.code_point);
		p += c.len;
	}
	return (size_t)(out - start);
}

const char *sl_json_unescaped(struct sl_buffer *room, const char *text, size_t *len)
{
	if (*len == 0 || memchr(text, '\\', *len) == NULL)
		return text;
	sl_buffer_consume(room, sl_buffer_len(room));
	char *to = sl_buffer_room(room, *len);
	if (to == NULL)
		return NULL;
	*len = sl_json_unescape((unsigned char *)to, text, *len);
	return to;
}
