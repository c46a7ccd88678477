/*
 * visible.h - text of others, as people may see it (room: base)
 *
 * What would steer a terminal, or change the order in which text is read, is
 * shown as an escape: \x1b for control characters of C0, \u009b for those of
 * C1, \u2028 and \u202e for separators of lines and for marks that turn the
 * direction of writing, \xe9 for a byte that is not UTF-8. Everything else
 * stays as it is.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct sl_visible { /* one character, shown */
	const char *bytes; /* in the text, or in room */
	size_t len;
	char room[8];
};

/* Show what stands at text, of which `left` (>= 1) bytes can be read: how many
 * of them that was. */
size_t sl_visible_next(struct sl_visible *v, const char *text, size_t left);

/* The same of a message: tabs stay, and further lines are indented, so that
 * none of them looks like one of ours. */
size_t sl_visible_next_of_message(struct sl_visible *v, const char *text, size_t left);

/* Print `before`, which is our own, and a message on a line, where nobody else
 * can be told. */
void sl_visible_print_line(FILE *out, const char *before, const char *text, size_t len);
