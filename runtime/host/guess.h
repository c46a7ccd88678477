/*
 * guess.h - what a text may be when it is not what was expected (room: host)
 *
 * People pipe in CSV, UTF-16 or documents over several lines. An error about the first
 * wrong byte does not help them then; the way to JSON does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sl_guess { /* what is known */
	const char *text; /* the record, borrowed */
	size_t len;
	bool json;        /* documents were expected, otherwise a line */
	bool is_first;    /* nothing came before it */
};

/* Appends "; what it looks like: how to convert it" to the message of *err, if the text looks familiar. */
void sl_guess_add(const struct sl_guess *g, struct sl_error *err);
