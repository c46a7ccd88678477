/*
 * scan.h - brackets and commas outside strings (room: json, private)
 *
 * Looks at nothing else; only a parser can tell whether a text is JSON.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SL_SCAN_NOWHERE SIZE_MAX

struct sl_scan { /* offsets in the text */
	size_t comma;   /* the last one between its children; only if close is SL_SCAN_NOWHERE */
	size_t close;   /* the container's own bracket */
	size_t deepest; /* most containers open at once, if at least 2; otherwise 0 */
};

/* Scans from a child of a container up to `to` or to the container's end. Reads up
 * to 63 bytes after `to`. */
void sl_scan(struct sl_scan *out, const char *text, size_t from, size_t to);
