/*
 * shape.h - the observed shape of the rows of a stream (room: schema)
 *
 * A shape is given all rows, one after the other, and keeps what a schema can be inferred
 * from: for every place in the rows, which JSON types occurred there, how often, and in
 * which row first; the least and the greatest number and length; which formats all strings
 * had; the values themselves, as long as they are few.
 *
 * Memory is bounded for any input. An object with more than SL_SHAPE_NAMES names, or with one
 * longer than SL_SHAPE_NAME_BYTES, is a map from then on: its values are taken together. If
 * there are more than SL_SHAPE_PLACES places, the deepest levels are given up: values there are
 * not looked into. Both depend on the rows and not on their order, so that the shapes of two
 * parts merge to that of the whole.
 *
 * The last of duplicate keys wins, as everywhere (in a map, whose names are not kept, all count).
 */
#pragma once

#include <stdint.h>

#include <lua.h>

#include "json/json.h"

#define SL_SHAPE_NAMES 1000
#define SL_SHAPE_NAME_BYTES 1024
#define SL_SHAPE_PLACES 20000
#define SL_SHAPE_VALUES 64      /* distinct strings or integers of a place that are kept */
#define SL_SHAPE_VALUE_BYTES 64 /* a longer string ends the list */

struct sl_shape;

struct sl_shape_row {  /* where a row comes from */
	uint64_t serial;   /* among all rows added, from 1; set by the shape */
	uint64_t line;     /* of the input, from 1; 0: not known */
	const char *file;  /* which the line is in; NULL: it has no name */
};

struct sl_shape *sl_shape_new(void); /* NULL: no memory */
void sl_shape_free(struct sl_shape *s); /* accepts NULL */

/* Add a row whose text is still in memory (sl_json_own_text); the name of the file is copied.
 * Returns 0, or -1: no memory, and the shape is no longer usable. */
int sl_shape_add(struct sl_shape *s, struct sl_json_value root, const struct sl_shape_row *from);

/* Add the rows of another shape, as if they came now. Returns 0, or -1 likewise. */
int sl_shape_merge(struct sl_shape *s, const struct sl_shape *other);

/*
 * Push the result, a table:
 *
 *   rows     how many
 *   files    how many named inputs
 *   root     the place of the rows themselves
 *   split    the field of the rows that tells them apart best, if one does:
 *            { name =, values = how many, explained =, varying = of how many places }
 *
 * For each place there is a table with `total`, the number of values; `counts` and `firsts` by
 * type (null boolean integer float decimal string array object); a first is
 * { row =, line =, file =, text = the value, cut }: row counts from 1, line and file are set if
 * they are known. The other fields are set if there is such a value:
 *
 *   trues                      booleans that were true
 *   min, max                   of integers
 *   low, high                  of floats
 *   digits, scale              the most digits before and after the point, of floats and decimals
 *   inexact                    the first row with more digits than a double keeps
 *   min_length, max_length     of strings, in characters
 *   surrogates                 true if one has a lone surrogate, which is not valid Unicode
 *   formats                    names of those that all strings have, if any
 *   values                     a list of { value, how often } of strings and integers, in the
 *                              order of their appearance; nil if there were too many
 *   min_items, max_items       of arrays
 *   items                      the place of their elements; nil if there were none
 *   fields                     a list in the order of first appearance of
 *                              { name =, place =, absent = the first row without it, or nil }
 *   rest                       the values of a map, all together; fields is nil if the names
 *                              are not known. nil if it is certainly a record: it has few names,
 *                              values of several types, or names that are mostly present
 *   too_deep                   true if containers here were not looked into
 *
 * Raises on memory.
 */
void sl_shape_push(lua_State *L, const struct sl_shape *s);
