/*
 * scan.h - brackets and commas outside strings (room: json, private)
 *
 * Looks at nothing else: whether a text is JSON, a parser must say.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SL_SCAN_NOWHERE SIZE_MAX

struct sl_scan { /* offsets in the text */
	size_t comma;   /* the last one between its children; only when close is nowhere */
	size_t close;   /* the container's own bracket */
	size_t deepest; /* most containers open at once, from 2 on; 0: fewer */
};

/* From a child of a container on, up to `to` or to the container's end. Up to 63
 * bytes after `to` are read. */
void sl_scan(struct sl_scan *out, const char *text, size_t from, size_t to);
