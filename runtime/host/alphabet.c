/* alphabet.c - see alphabet.h */
#include "host/alphabet.h"

#include <stddef.h>

/* From here up to the next entry: alphabets of this many code points each, the last one
 * possibly shorter; 0: none. */
struct run {
	uint32_t from, size;
};

static const struct run runs[] = {
	{ 0, 0 },
	{ '0', 10 }, { '9' + 1, 0 }, { 'A', 26 }, { 'Z' + 1, 0 }, { 'a', 26 }, { 'z' + 1, 0 },
	/* two bytes: Latin, IPA, modifiers, Greek, Cyrillic, Armenian, Hebrew, Arabic, Syriac and more */
	{ 0xC0, 23 }, { 0xD7, 0 }, { 0xD8, 31 }, { 0xF7, 0 }, { 0xF8, 0x1B8 }, { 0x2B0, 0xC0 },
	{ 0x370, 0x1E }, { 0x38E, 20 }, { 0x3A2, 0 }, { 0x3A3, 0x5D }, { 0x400, 0x82 }, { 0x482, 0 },
	{ 0x48A, 0xA6 }, { 0x530, 0 }, { 0x531, 38 }, { 0x557, 0 }, { 0x560, 0x29 }, { 0x589, 0 },
	{ 0x5D0, 27 }, { 0x5EB, 0 }, { 0x620, 43 }, { 0x64B, 0 }, { 0x660, 10 }, { 0x66A, 0 },
	{ 0x66E, 0x66 }, { 0x6D4, 0 }, { 0x6EE, 2 }, { 0x6F0, 10 }, { 0x6FA, 3 }, { 0x6FD, 0 },
	{ 0x710, 0xF0 },
	/* three bytes: blocks up to U+2000, punctuation and symbols, kana and so on, Hangul, forms */
	{ 0x800, 0x80 }, { 0x2000, 0 }, { 0x2C00, 0x80 }, { 0x2E00, 0 },
	{ 0x3041, 86 }, { 0x3097, 0 }, { 0x30A1, 90 }, { 0x30FB, 0 }, { 0x3105, 43 }, { 0x3130, 0 },
	{ 0x3131, 94 }, { 0x318F, 0 }, { 0x3400, 0x19C0 }, { 0x4DC0, 0 }, { 0x4E00, 0x5200 },
	{ 0xA000, 0x80 }, { 0xAC00, 0x2BA4 }, { 0xD7A4, 0 }, { 0xF900, 0x200 }, { 0xFB00, 0x80 },
	{ 0xFDD0, 0 }, { 0xFE70, 0x8D }, { 0xFEFD, 0 }, { 0xFF10, 10 }, { 0xFF1A, 0 }, { 0xFF21, 26 },
	{ 0xFF3B, 0 }, { 0xFF41, 26 }, { 0xFF5B, 0 }, { 0xFF66, 56 }, { 0xFF9E, 0 },
	/* four bytes: blocks up to the emoji, then ideographs */
	{ 0x10000, 0x80 }, { 0x1F000, 0 }, { 0x20000, 0xA6E0 }, { 0x2A6E0, 0 }, { 0x2A700, 0x44E0 },
	{ 0x2EBE0, 0 }, { 0x30000, 0x134B }, { 0x3134B, 0 },
	{ 0x110000, 0 },
};

struct sl_alphabet sl_alphabet_of(uint32_t code_point)
{
	size_t low = 0, high = sizeof runs / sizeof *runs - 1; /* runs[low].from <= it < runs[high].from */
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (runs[middle].from <= code_point)
			low = middle;
		else
			high = middle;
	}
	const struct run *run = &runs[low];
	if (run->size == 0)
		return (struct sl_alphabet){ 0, 0 };
	uint32_t first = run->from + (code_point - run->from) / run->size * run->size;
	uint32_t left = runs[low + 1].from - first;
	return (struct sl_alphabet){ first, left < run->size ? left : run->size };
}
