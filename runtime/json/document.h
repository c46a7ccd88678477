/*
 * document.h - a parsed document in memory (room: json, private)
 *
 * Both readers produce a tape: 64-bit words with a type letter in the high byte
 * and a payload below, as simdjson's doc/tape.md describes.
 *
 *   r           the first word; the root value is the second
 *   n t f       null, true, false
 *   l u d       int64_t, uint64_t, double: the value is the next word
 *   b           our own type, any other number: the payload is the offset of its
 *               digits in the strings, the next word the nearest double
 *   "           the payload is an offset in the strings: a uint32_t length, bytes,
 *               a NUL; a word can be read from the start of every string
 *   [ ] { }     at an opening bracket: the low 32 bits are the index after the
 *               closing one, the 24 bits above them the number of children (a
 *               key and its value are one), saturated
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include "json/json.h"
#include "json/simd.h"
#include "json/slow.h"

struct sl_json {
	const uint64_t *tape;   /* borrowed from simd or slow */
	const uint8_t *strings;
	struct sl_simd *simd;
	struct sl_slow slow;
	struct sl_buffer copy; /* of texts without padding */
	const char *text;      /* the one parsed; borrowed */
	size_t length;
	struct sl_json_place {
		size_t at, offset; /* a word of the tape, and where its text begins */
	} place, opened;           /* the last one looked up, and the start of the last container */
};

#define SL_TAPE_COUNT_MAX 0xFFFFFFu

static inline uint64_t sl_tape_word(char type, uint64_t payload)
{
	return (uint64_t)(unsigned char)type << 56 | payload;
}

static inline char sl_tape_type(uint64_t word)
{
	return (char)(word >> 56);
}

static inline uint64_t sl_tape_payload(uint64_t word)
{
	return word & 0x00FFFFFFFFFFFFFFu;
}

/* Words that a value of this type takes; 0: a container, whose first word has its end. */
extern const unsigned char sl_tape_words[256];

/* The index after the value at `at`. */
static inline size_t sl_tape_after(const uint64_t *tape, size_t at)
{
	size_t words = sl_tape_words[tape[at] >> 56];
	return words != 0 ? at + words : (uint32_t)tape[at];
}

static inline const char *sl_tape_string(const struct sl_json *j, size_t at, size_t *len)
{
	const uint8_t *s = j->strings + sl_tape_payload(j->tape[at]);
	uint32_t length;
	memcpy(&length, s, sizeof length);
	*len = length;
	return (const char *)s + sizeof length;
}

/* Bytes held for documents, which sl_json_trim bounds. */
size_t sl_json_memory(const struct sl_json *j);

/* The first half of sl_json_parse: returns false, and the document is null, also for
 * valid texts that simdjson declines. */
bool sl_json_parse_quickly(struct sl_json *j, const char *text, size_t len);

/* The second half of sl_json_parse: the text goes to the validator (check.h) and
 * the slow reader even if simdjson could read it. Exposed for tests. */
int sl_json_parse_slowly(struct sl_json *j, const char *text, size_t len, struct sl_error *err);
