/*
 * decimal.h - numbers by their digits (room: json)
 *
 * Numbers of any size, exactly: the text of a JSON number is never converted to a double
 * on the way. Exponents saturate at 10^17.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* 0.d1d2d3… x 10^point; no zeros at either end. Zero has no digits. */
struct sl_digits {
	bool negative;
	const char *first, *last; /* borrowed; may include a decimal point; last is one past the end */
	size_t count;
	int64_t point; /* digits before the point; may be negative */
};

/* The text must be a JSON number, or of the form 5. or .5. */
struct sl_digits sl_digits_of(struct sl_text number);

bool sl_digits_are_whole(const struct sl_digits *d);

/* Stores the value and returns true if it is a whole number that fits into 64 bits. */
bool sl_digits_integer(const struct sl_digits *d, int64_t *out);

/* Returns below 0, 0 or above 0. b must not be NaN; it may be an infinity. */
int sl_decimal_compare(struct sl_text a, struct sl_text b);
int sl_decimal_compare_integer(struct sl_text a, int64_t b);
int sl_decimal_compare_double(struct sl_text a, double b);

/* The nearest double, or an infinity if it is out of range. */
double sl_decimal_nearest(struct sl_text number);

/* Is it a multiple of step, which must be above 0? */
bool sl_decimal_is_multiple(struct sl_text number, int64_t step);

/* Is the text a valid JSON number? */
bool sl_decimal_is_number(struct sl_text text);
