/*
 * redact.h - replaces strings by others of the same shape (room: host)
 *
 * Letters become letters, upper case upper case and lower case lower case, digits digits; beyond
 * ASCII a letter becomes one of the same neighbourhood, with the same length in UTF-8. All else stays,
 * so that the number of bytes and of characters stays, and a JSON string keeps its length, escapes
 * included: it is changed in place.
 *
 * Equal strings stay equal, and two strings of one shape stay different: this is a permutation
 * of all strings of that shape, keyed with a secret that is thrown away. It is a Feistel network
 * over letters and digits, taken as the digits of a mixed-radix number; if there is only one of
 * them, swap-or-not shuffling of its alphabet. This hides which string it was, not how many there
 * are, how often each occurs, how long it is or where its punctuation is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SL_REDACT_SECRET 192

struct sl_redactor { /* embedded; private */
	unsigned char secret[SL_REDACT_SECRET];
	uint32_t *digits, *bases; /* of the current string */
	size_t count, room;
};

/* With a new secret: 0, or -1 and *err. _clear forgets it; a zeroed one may be cleared. */
int sl_redactor_init(struct sl_redactor *r, struct sl_error *err);
void sl_redactor_clear(struct sl_redactor *r);

/* Changes the text between the quotes of a valid JSON string in place. 0, or -1: no memory. */
int sl_redact_string(struct sl_redactor *r, char *text, size_t len);
