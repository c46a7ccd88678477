/*
 * alphabet.h - what a letter may be replaced with (room: host)
 *
 * Code points are divided into alphabets, runs of neighbours each of which may stand for any
 * other: A to Z, 0 to 9, a block of ideographs. All of an alphabet have the same length in UTF-8.
 * Code points in none (punctuation, symbols, emoji, private use) stay as they are. Beyond ASCII
 * the runs are blocks and parts of blocks, in which some code points may be unassigned: what is
 * not known to be a symbol is replaced rather than left readable.
 */
#pragma once

#include <stdint.h>

struct sl_alphabet {
	uint32_t first, size; /* size 0: in no alphabet */
};

struct sl_alphabet sl_alphabet_of(uint32_t code_point);
