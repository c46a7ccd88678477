/*
 * check.h - is it RFC 8259, and if not, what is wrong where? (room: json, private)
 *
 * The judge: knows the grammar, the depth limit and UTF-8, builds nothing, but
 * tells a listener what it passes. Asked only about texts that simdjson
 * declined, so it is written to be right and to explain, not to be fast.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sl_complaint {
	const char *what; /* in people's words; a constant */
	size_t at;        /* byte offset into the text */
};

/*
 * Told of each scalar, field name and bracket, in order and as it is written; its
 * first byte says what it is. Not of commas and colons. Of a text that turns out
 * to be invalid, it has heard the part before the complaint.
 */
struct sl_listener {
	void (*token)(void *ctx, const char *text, size_t len, bool key);
	void *ctx;
};

/* Is it one valid value? If not, *complaint. listener: may be NULL. */
bool sl_json_check(const char *text, size_t len, const struct sl_listener *listener,
                   struct sl_complaint *complaint);
