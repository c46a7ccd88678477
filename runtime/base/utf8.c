/* utf8.c - see utf8.h */
#include "base/utf8.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

size_t sl_utf8_length(const char *text, size_t left)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
	         : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

size_t sl_utf8_floor(const char *text, size_t len, size_t n)
{
	size_t back = 0;
	if (n >= len)
		return len;
	while (back < 3 && back < n && ((unsigned char)text[n - back] & 0xC0) == 0x80)
		back++;
	return n - back;
}

bool sl_utf8_valid(const char *text, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		n = sl_utf8_length(text + i, len - i);
		if (n == 0)
			return false;
	}
	return true;
}

/* Continuation bytes start with the bits 10. */
static size_t continuations(uint64_t word)
{
	if ((word & UINT64_C(0x8080808080808080)) == 0)
		return 0;
	return (size_t)__builtin_popcountll(word >> 7 & ~word >> 6 & UINT64_C(0x0101010101010101));
}

static uint64_t eight_at(const char *text)
{
	uint64_t word;
	memcpy(&word, text, sizeof word);
	return le64toh(word);
}

size_t sl_utf8_count(const char *text, size_t len)
{
	size_t count = len, rest = len % 8;
	for (size_t i = 0; i + 8 <= len; i += 8)
		count -= continuations(eight_at(text + i));
	if (len > 8 && rest > 0) /* the last eight bytes, without those that have been counted */
		return count - continuations(eight_at(text + len - 8) >> 8 * (8 - rest));
	for (size_t i = len - rest; i < len; i++)
		count -= ((unsigned char)text[i] & 0xC0) == 0x80;
	return count;
}
