/*
 * decimal.h - numbers by their digits (room: json)
 *
 * Of any size, and exactly: a text of a JSON number is never made a double on the way.
 * Exponents are counted up to some 10^17, beyond which all are one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* 0.d1d2d3… x 10^point; no zeros at either end. Zero has no digits. */
struct sl_digits {
	bool negative;
	const char *first, *last; /* borrowed; a point may be between; last: one past */
	size_t count;
	int64_t point; /* digits before the point; may be negative */
};

/* Of a text that is a JSON number, or 5. or .5. */
struct sl_digits sl_digits_of(struct sl_text number);

bool sl_digits_are_whole(const struct sl_digits *d);

/* A whole number of 64 bits? */
bool sl_digits_integer(const struct sl_digits *d, int64_t *out);

/* Below 0, 0 or above 0. b is no NaN; it may be an infinity. */
int sl_decimal_compare(struct sl_text a, struct sl_text b);
int sl_decimal_compare_integer(struct sl_text a, int64_t b);
int sl_decimal_compare_double(struct sl_text a, double b);

/* The nearest double; an infinity, where it is beyond their range. */
double sl_decimal_nearest(struct sl_text number);

/* Is the remainder 0? step is above 0. */
bool sl_decimal_is_multiple(struct sl_text number, int64_t step);

/* Is it a number as JSON writes it? */
bool sl_decimal_is_number(struct sl_text text);
