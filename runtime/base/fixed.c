/* fixed.c - see fixed.h */
#include "base/fixed.h"

#include <string.h>

#include "base/utf8.h"
#include "base/visible.h"

static void put(struct sl_fixed *f, char c)
{
	f->full = f->full || f->len + 1 >= f->room;
	if (f->full)
		return;
	f->bytes[f->len++] = c;
	f->bytes[f->len] = '\0';
}

void sl_fixed_bytes(struct sl_fixed *f, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(f, bytes[i]);
}

void sl_fixed_text(struct sl_fixed *f, const char *text)
{
	sl_fixed_bytes(f, text, strlen(text));
}

void sl_fixed_number(struct sl_fixed *f, int64_t n)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (n < 0)
		put(f, '-');
	sl_fixed_bytes(f, digits + at, sizeof digits - at);
}

void sl_fixed_visible(struct sl_fixed *f, const char *text)
{
	struct sl_visible v;
	for (size_t i = 0, len = strlen(text); i < len;) {
		i += sl_visible_next_of_message(&v, text + i, len - i);
		sl_fixed_bytes(f, v.bytes, v.len);
	}
}

static void put_escaped(struct sl_fixed *f, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	if (c >= ' ' && c != '"' && c != '\\') {
		put(f, (char)c);
		return;
	}
	put(f, '\\');
	if (c >= ' ') {
		put(f, (char)c);
		return;
	}
	sl_fixed_text(f, "u00");
	put(f, hex[c >> 4]);
	put(f, hex[c & 15]);
}

void sl_fixed_json(struct sl_fixed *f, const char *text)
{
	put(f, '"');
	for (size_t i = 0, len = strlen(text); i < len;) {
		size_t n = sl_utf8_length(text + i, len - i);
		if (n == 0)
			sl_fixed_text(f, "\xef\xbf\xbd");
		else if (n == 1)
			put_escaped(f, (unsigned char)text[i]);
		else
			sl_fixed_bytes(f, text + i, n);
		i += n > 0 ? n : 1;
	}
	put(f, '"');
}
