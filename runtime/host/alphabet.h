/*
 * alphabet.h - what a letter may be replaced with (room: host)
 *
 * Code points are divided into alphabets, runs of neighbours of which each may stand for any
 * other: A to Z, 0 to 9, a block of ideographs. An alphabet never crosses a length in UTF-8. What is in
 * none (punctuation, symbols, emoji, private use) stays as it is. Beyond ASCII the runs are blocks
 * and parts of blocks, in which a code point may have no letter yet: what is not known for
 * a symbol is replaced rather than left readable.
 */
#pragma once

#include <stdint.h>

struct sl_alphabet {
	uint32_t first, size; /* size 0: in none */
};

struct sl_alphabet sl_alphabet_of(uint32_t code_point);
