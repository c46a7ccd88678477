/*
 * wtf8.h - what WTF-8 adds to UTF-8: surrogates (room: json, private)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Three bytes that encode a surrogate: WTF-8, never UTF-8. */
static inline bool sl_wtf8_is_surrogate(const unsigned char *p, size_t left)
{
	return left >= 3 && p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF &&
	       (p[2] & 0xC0) == 0x80;
}

/* Writes one code point below 0x110000, surrogates included. Returns the length, 1 to 4. */
static inline size_t sl_wtf8_put(unsigned char *out, unsigned c)
{
	static const unsigned char lead[5] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (unsigned char)(0x80 | (c & 0x3F));
	out[0] = (unsigned char)(lead[n] | c);
	return n;
}
