/*
 * extremes.h - the least and the greatest number and string, and means (room: schema)
 *
 * Numbers are compared exactly, by their digits if doubles cannot tell them apart, and kept as text (the first
 * SL_EXTREMES_DIGITS digits; is_cut: there were more). Of equal numbers that are written differently (1 and 1.0)
 * the shorter text is kept; of texts of equal length, the first in byte order.
 *
 * The sum of 64-bit integers is exact; that of other numbers, as their nearest doubles, has an error of at most
 * about 2^-52 of the sum of their magnitudes, however many there are: A. Neumaier, "Rundungsfehleranalyse einiger
 * Verfahren zur Summation endlicher Summen", ZAMM 54, 1974.
 *
 * Strings are ordered by their bytes, which is the order of their code points. The first SL_EXTREMES_BYTES are kept.
 *
 * Results depend on the values and not on their order, except for the last bits of such a sum.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "json/json.h"

#define SL_EXTREMES_DIGITS 100
#define SL_EXTREMES_BYTES 64

struct sl_number {
	bool is_integer; /* of 64 bits; otherwise it has a text */
	bool is_cut;
	int64_t integer;
	double nearest;
	struct sl_text text; /* owned */
};

/* Embedded; initialise with {0}. */
struct sl_numbers {
	uint64_t count;
	struct sl_number min, max;
	__int128 whole;       /* the sum of integers */
	double rest, lost;    /* the sum of others */
};

void sl_numbers_clear(struct sl_numbers *n);

int sl_numbers_add_integer(struct sl_numbers *n, int64_t value); /* 0, or -1: no memory */
/* A float or a decimal of a document whose text is still in memory. */
int sl_numbers_add(struct sl_numbers *n, struct sl_json_value v);

/* NaN or infinite: the sum is beyond a double's range. */
double sl_numbers_mean(const struct sl_numbers *n);

struct sl_string_start {
	uint64_t word; /* its first eight bytes, as a number that sorts like them */
	size_t len; /* at most SL_EXTREMES_BYTES */
	bool is_cut;
	char bytes[SL_EXTREMES_BYTES];
};

/* Embedded; initialise with {0}. */
struct sl_strings {
	uint64_t count;
	size_t min_length, max_length; /* in characters */
	struct sl_string_start min, max;
};

/* The text must be a string of a document: a whole word is read from its start, however short it is. */
void sl_strings_add(struct sl_strings *s, struct sl_text text);
