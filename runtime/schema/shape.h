/*
 * shape.h - what the rows of a stream have been (room: schema)
 *
 * A shape is given one row after the other, all of them, and keeps what a schema can be
 * made of: for every place in the rows which types of JSON stood there, how often, and in
 * which row first; the least and the greatest number and length; which formats all strings
 * have had; the values themselves, as long as they are few.
 *
 * Memory is bounded whatever comes. An object of more than SL_SHAPE_NAMES names, or of one that
 * has more than SL_SHAPE_NAME_BYTES, is a map from then on: its values are taken together. Of more than SL_SHAPE_PLACES places the
 * deepest levels are given up: what stands there is not looked into. Both depend on what
 * has come and not on its order, so that the shapes of two parts merge to that of the whole.
 *
 * Of duplicate keys the last counts, as everywhere (in a map, whose names are not kept, all).
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
	uint64_t serial;   /* among all that were added, from 1: the shape's own */
	uint64_t line;     /* of the input, from 1; 0: not known */
	const char *file;  /* that the line is in; NULL: it has no name */
};

struct sl_shape *sl_shape_new(void); /* NULL: no memory */
void sl_shape_free(struct sl_shape *s); /* accepts NULL */

/* Add a row, whose text is still there (sl_json_own_text); the name of the file is copied.
 * 0, or -1: no memory, and the shape is of no use any more. */
int sl_shape_add(struct sl_shape *s, struct sl_json_value root, const struct sl_shape_row *from);

/* Add what other has, as if its rows came now: 0, or -1 likewise. */
int sl_shape_merge(struct sl_shape *s, const struct sl_shape *other);

/*
 * Push what is known, a table:
 *
 *   rows     how many
 *   files    of how many named inputs
 *   root     the place of the rows themselves
 *   split    the field of the rows that tells them apart best, if one does:
 *            { name =, values = how many, explained =, varying = of how many places }
 *
 * and of each place a table with `total`, how many values; `counts` and `firsts` by type
 * (null boolean integer float decimal string array object); a first is
 * { row =, line =, file =, text = the value, cut }: row counts from 1, line and file where
 * they are known. Beside these, where there is such a value:
 *
 *   trues                      booleans that were true
 *   min, max                   of integers
 *   low, high                  of floats
 *   digits, scale              the most before and behind the point, of floats and decimals
 *   inexact                    the first with more digits than a double keeps
 *   min_length, max_length     of strings, in characters
 *   surrogates                 true when one has a lone one: it is no text of Unicode
 *   formats                    names of those that all strings have, if any
 *   values                     a list of { value, how often } of strings and integers, in the
 *                              order of their appearance; nil when there were more
 *   min_items, max_items       of arrays
 *   items                      the place of their elements; nil: there were none
 *   fields                     a list in the order of first appearance of
 *                              { name =, place =, absent = the first row without it, or nil }
 *   rest                       the values of a map, all together; fields is nil when that is
 *                              all that is known; nil where it is certainly a record: of few
 *                              names, of values of several types, of names that are mostly there
 *   too_deep                   true where nothing was looked into
 *
 * Raises on memory.
 */
void sl_shape_push(lua_State *L, const struct sl_shape *s);
