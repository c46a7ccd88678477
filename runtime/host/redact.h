/*
 * redact.h - strings into others of the same shape (room: host)
 *
 * Letters become letters, upper case upper case and lower case lower case, digits digits; beyond
 * ASCII a letter becomes one of the same neighbourhood, with the same length in UTF-8. All else stays,
 * so that the number of bytes and of characters stays, and a string in JSON keeps its length, escapes
 * included: it is changed in place.
 *
 * The same string gives the same one, and two strings of one shape give two: a permutation
 * of all strings of that shape, keyed with a secret that nobody has afterwards. A Feistel network
 * over letters and digits as the digits of a number whose places have bases of their own; where
 * there is one such place, swap-or-not shuffling of its alphabet. What is hidden is which string it was,
 * not how many there are, how often each comes, how long it is and where its punctuation stands.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SL_REDACT_SECRET 192

struct sl_redactor { /* embedded; its own */
	unsigned char secret[SL_REDACT_SECRET];
	uint32_t *digits, *bases; /* of the string at hand */
	size_t count, room;
};

/* With a new secret: 0, or -1 and *err. _clear forgets it; a zeroed one may be cleared. */
int sl_redactor_init(struct sl_redactor *r, struct sl_error *err);
void sl_redactor_clear(struct sl_redactor *r);

/* What stands between the quotes of a valid string in JSON, in place: 0, or -1: no memory. */
int sl_redact_string(struct sl_redactor *r, char *text, size_t len);
