/*
 * visible.h - untrusted text, made safe to display (room: base)
 *
 * Characters that would control a terminal or change the reading order are
 * shown as escapes: \x1b for C0 control characters, \u009b for C1, \u2028 and
 * \u202e for line separators and bidirectional controls, \xe9 for a byte that
 * is not UTF-8. Everything else is unchanged.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct sl_visible { /* one character, shown */
	const char *bytes; /* in the text, or in room */
	size_t len;
	char room[8];
};

/* Shows the character at text, of which `left` (>= 1) bytes can be read. Returns how
 * many of them it used. */
size_t sl_visible_next(struct sl_visible *v, const char *text, size_t left);

/* The same for a message: tabs stay, and further lines are indented, so that
 * none of them looks like one of ours. */
size_t sl_visible_next_of_message(struct sl_visible *v, const char *text, size_t left);

/* Prints a line of `before`, which is trusted, and a message: for when there is no
 * other way to report it. */
void sl_visible_print_line(FILE *out, const char *before, const char *text, size_t len);
