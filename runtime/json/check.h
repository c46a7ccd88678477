/*
 * check.h - is it RFC 8259, and if not, what is wrong where? (room: json, private)
 *
 * The judge: knows the grammar, the depth limit and UTF-8, builds nothing.
 * Asked only about texts that simdjson declined, so it is written to be right
 * and to explain, not to be fast.
 */
#ifndef SL_JSON_CHECK_H
#define SL_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

struct sl_complaint {
	const char *what; /* in people's words; a constant */
	size_t at;        /* byte offset into the text */
};

/* Is it one valid value? If not, *complaint. */
bool sl_json_check(const char *text, size_t len, struct sl_complaint *complaint);

#endif
