/*
 * stats.h - statistics of each field of the rows of a stream (room: schema)
 *
 * Give it one row after the other. For every place in the rows - the rows themselves, a field, the
 * elements of an array - it keeps how many values occurred there and of which types, the least and
 * the greatest value (extremes.h), how many are distinct (distinct.h) and which are frequent (frequent.h).
 *
 * Memory is bounded for any input: there are at most SL_STATS_PLACES places, the first ones, of about 60 KiB each
 * if they have many values. Further places, and those with names of more than SL_STATS_NAME_BYTES or below
 * SL_STATS_DEPTH levels, are not looked at; only their number is estimated.
 *
 * Distinct and frequent values are scalars: strings by their characters, numbers by value (1 equals 1.0; floats by
 * their double), booleans; null is counted separately. The last of duplicate keys wins, as everywhere.
 */
#pragma once

#include <stdint.h>

#include <lua.h>

#include "json/json.h"

#define SL_STATS_PLACES 1000
#define SL_STATS_NAME_BYTES 1024
#define SL_STATS_DEPTH 64

struct sl_stats;

struct sl_stats *sl_stats_new(void); /* NULL: no memory */
void sl_stats_free(struct sl_stats *s); /* accepts NULL */

/* Add a row of `bytes` bytes whose text is still in memory (sl_json_own_text).
 * Returns 0, or -1: no memory, and the stats are no longer usable. */
int sl_stats_add(struct sl_stats *s, struct sl_json_value root, size_t bytes);

/*
 * Push the result, a table:
 *
 *   rows, bytes    how many
 *   omitted        how many places were not looked at; nil if none
 *   omitted_exact  true if omitted is exact
 *   fields         a list of places, each before those within it, otherwise in the order of their
 *                  first appearance; the first one is the rows themselves
 *
 * and for each place:
 *
 *   pointer        "/a/b"; for the elements of an array the last step is "*"; for the rows themselves: ""
 *   rows           how many rows had a value there
 *   values         how many values there were: equal to rows except at or below elements of arrays
 *   types          by name, how many: null, boolean, integer (written without a fraction or an
 *                  exponent), number, string, array, object
 *   distinct       how many distinct scalars, without null
 *   exact          true if distinct is exact
 *   frequent       a list of at most `most`, most frequent first, of { type =, text = a string's
 *                  characters, or JSON for other types, cut = true if that is only the beginning, count =,
 *                  over = by how much the count may be too large }. If all values are known, it has those that
 *                  occurred more than once, or all of them if they are at most `most`; otherwise those that
 *                  certainly occurred more than values / SL_FREQUENT_VALUES times.
 *   numbers        { min =, max = texts of JSON, min_cut, max_cut, mean = nil beyond a double's range }
 *   strings        { min =, max =, min_cut, max_cut, min_length, max_length = in characters }
 *   arrays         { min_items =, max_items = }
 *
 * Raises on memory.
 */
void sl_stats_push(lua_State *L, const struct sl_stats *s, size_t most);
