/* visible.c - see visible.h */
#include "base/visible.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

/* The code point of a well-formed sequence. */
static unsigned code_point(const char *text, size_t n)
{
	static const unsigned char first[] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	unsigned code = (unsigned char)text[0] & first[n];
	for (size_t i = 1; i < n; i++)
		code = code << 6 | ((unsigned char)text[i] & 0x3F);
	return code;
}

static bool is_control(unsigned code)
{
	return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

static bool turns_text(unsigned code)
{
	return (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/* Without snprintf, because signal handlers also use it (fixed.h). */
static void show_escape(struct sl_visible *v, char letter, int digits, unsigned code)
{
	static const char hex[] = "0123456789abcdef";
	v->bytes = v->room;
	v->room[0] = '\\';
	v->room[1] = letter;
	for (int i = 0; i < digits; i++)
		v->room[2 + i] = hex[code >> 4 * (digits - 1 - i) & 15];
	v->len = 2 + (size_t)digits;
}

size_t sl_visible_next(struct sl_visible *v, const char *text, size_t left)
{
	size_t n = sl_utf8_length(text, left);
	unsigned code = n > 0 ? code_point(text, n) : (unsigned char)text[0];
	v->bytes = text;
	v->len = n;
	if (n == 0 || (n == 1 && is_control(code)))
		show_escape(v, 'x', 2, code);
	else if (is_control(code) || turns_text(code))
		show_escape(v, 'u', 4, code);
	return n > 0 ? n : 1;
}

size_t sl_visible_next_of_message(struct sl_visible *v, const char *text, size_t left)
{
	if (*text != '\t' && *text != '\n')
		return sl_visible_next(v, text, left);
	v->bytes = *text == '\t' ? "\t" : "\n  ";
	v->len = strlen(v->bytes);
	return 1;
}

void sl_visible_print_line(FILE *out, const char *before, const char *text, size_t len)
{
	struct sl_visible v;
	fputs(before, out);
	for (size_t i = 0; i < len;) {
		i += sl_visible_next_of_message(&v, text + i, len - i);
		fwrite(v.bytes, 1, v.len, out);
	}
	fputc('\n', out);
}
