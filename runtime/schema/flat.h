/*
 * flat.h - records and the scalars in them, for a second reader
 * (room: schema, private)
 *
 * sink/extract.c takes such fields from a document without Lua, and kind_object.c
 * has fast paths for the plain ones.
 */
#pragma once

#include "base/text.h"
#include "json/names.h"
#include "schema/kind.h"

/* ---- integer, number: a value within the limits? ---- */

bool sl_number_takes_integer(const struct sl_node *n, int64_t value);
bool sl_number_takes_float(const struct sl_node *n, double value); /* finite */

bool sl_number_takes_decimal(const struct sl_node *n, struct sl_text digits);
bool sl_decimal_takes(const struct sl_node *n, struct sl_text number); /* of a decimal */

/* The 64-bit integer that a number stands for, by its digits: also 1.0 and 1e2. The text
 * that was parsed must still be in memory. */
bool sl_number_whole(struct sl_json_value v, int64_t *out);

/* ---- string: within the limits, not counting a Lua pattern? ---- */

bool sl_string_takes(const struct sl_node *n, const char *text, size_t len);
bool sl_string_has_pattern(const struct sl_node *n);
bool sl_string_matches(struct sl_walk *w, const struct sl_node *n); /* the string on top */

/* ---- enum ---- */

struct sl_enum {
	struct sl_node node;
	struct sl_constant *values;
	size_t count;
};

/* ---- record ---- */

enum sl_unknown { SL_UNKNOWN_DROP, SL_UNKNOWN_KEEP, SL_UNKNOWN_REFUSE };

struct sl_memo; /* lua/memo.h */

struct sl_field {
	int anchor; /* its name */
	struct sl_memo *memo; /* of a string without limits, otherwise NULL */
	bool optional, has_fallback;
	struct sl_constant fallback;
	const struct sl_node *node;
};

struct sl_record {
	struct sl_node node;
	struct sl_field *fields;
	struct sl_names names; /* of the fields, in their order */
	int order; /* anchor: the metatable that keeps the field order; 0: it is that of the names */
	enum sl_unknown unknown;
	const struct sl_node *rest; /* the type of unknown fields that are kept; NULL: any */
};
