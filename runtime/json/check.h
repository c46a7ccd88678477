/*
 * check.h - is it RFC 8259, and if not, what is wrong where? (room: json, private)
 *
 * The validator: knows the grammar, the depth limit and UTF-8; builds nothing, but
 * calls a listener for each token. Used only for texts that simdjson declined, so
 * it is written to be correct and to explain, not to be fast.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sl_complaint {
	const char *what; /* for people; a constant */
	size_t at;        /* byte offset into the text */
};

/*
 * Called for each scalar, field name and bracket, in order and as written; the first
 * byte says what it is. Not called for commas and colons. For an invalid text, it is
 * called for the tokens before the complaint.
 */
struct sl_listener {
	void (*token)(void *ctx, const char *text, size_t len, bool key);
	void *ctx;
};

/* Is it one valid value? If not, sets *complaint. listener may be NULL. */
bool sl_json_check(const char *text, size_t len, const struct sl_listener *listener,
                   struct sl_complaint *complaint);
