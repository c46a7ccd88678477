/*
 * words.h - short texts as machine words (room: json)
 *
 * A string of a document can be read a word at a time from its start, no matter how
 * short it is (document.h). A text of up to 16 bytes is two words and its length.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SL_WORD sizeof(uint64_t)

static inline uint64_t sl_word(const char *text)
{
	uint64_t word;
	memcpy(&word, text, sizeof word);
	return word;
}

/* Selects that many bytes of a word, the first in memory, but at most all. */
static inline uint64_t sl_word_mask(size_t bytes)
{
	if (bytes == 0)
		return 0;
	unsigned unused = bytes < SL_WORD ? 8 * (unsigned)(SL_WORD - bytes) : 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return UINT64_MAX >> unused;
#else
	return UINT64_MAX << unused;
#endif
}

/* The last word of a text that is longer than one word; otherwise 0. */
static inline uint64_t sl_word_last(const char *text, size_t len)
{
	return len > SL_WORD ? sl_word(text + len - SL_WORD) : 0;
}
