/*
 * utf8.h - one sequence of UTF-8 or WTF-8 (room: json, private)
 */
#ifndef SL_JSON_UTF8_H
#define SL_JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Three bytes that encode a surrogate: WTF-8, never UTF-8. */
static inline bool sl_utf8_is_surrogate(const unsigned char *p, size_t left)
{
	return left >= 3 && p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF &&
	       (p[2] & 0xC0) == 0x80;
}

/* The length that a first byte announces, 0 for what cannot be one. */
static inline size_t sl_utf8_announced(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xC2)
		return 0;
	return first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
}

/* Length of the well-formed sequence at p (RFC 3629), or 0. */
static inline size_t sl_utf8_length(const unsigned char *p, size_t left)
{
	size_t n = left ? sl_utf8_announced(p[0]) : 0;
	if (n == 0 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
	bool beyond = (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF4 && p[1] > 0x8F);
	return overlong || beyond ? 0 : n;
}

/* Write one code point below 0x110000, surrogates included: 1 to 4 bytes. */
static inline size_t sl_utf8_put(unsigned char *out, unsigned c)
{
	static const unsigned char lead[5] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (unsigned char)(0x80 | (c & 0x3F));
	out[0] = (unsigned char)(lead[n] | c);
	return n;
}

#endif
