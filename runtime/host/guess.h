/*
 * guess.h - what a text may be that is not what was expected (room: host)
 *
 * People pipe in CSV, UTF-16, documents over several lines. What is said of the first
 * byte that is wrong helps nobody then: the way to JSON does.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sl_guess { /* what is known */
	const char *text; /* the record, borrowed */
	size_t len;
	bool json;        /* documents were expected, else a line */
	bool is_first;    /* nothing came before it */
};

/* "; …, and the way" behind the message of *err, when it looks like something known. */
void sl_guess_add(const struct sl_guess *g, struct sl_error *err);
