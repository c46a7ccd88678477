/*
 * stats.h - what is in each field of the rows of a stream (room: schema)
 *
 * Give it one row after the other. For every place in the rows - they themselves, a field, the
 * elements of an array - it keeps how often something stood there and of which types, the least and
 * the greatest value (extremes.h), how many are distinct (distinct.h) and which are frequent (frequent.h).
 *
 * Memory is bounded whatever comes: there are at most SL_STATS_PLACES places, those that came first, at some 50 KiB each
 * when they have many values. Of further ones, of names of more than SL_STATS_NAME_BYTES and below SL_STATS_DEPTH levels
 * only their number is estimated.
 *
 * Distinct and frequent are the scalars: strings by their characters, numbers by what they are worth (1 is 1.0; of floats,
 * their double), booleans; null is counted for itself. Of duplicate keys the last counts, as everywhere.
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

/* Add a row of so many bytes, whose text is still there (sl_json_own_text).
 * 0, or -1: no memory, and it is of no use any more. */
int sl_stats_add(struct sl_stats *s, struct sl_json_value root, size_t bytes);

/*
 * Push what is known, a table:
 *
 *   rows, bytes    how many
 *   omitted        how many places were not looked at; nil: none
 *   omitted_exact  true: it is exact
 *   fields         a list of places, each before those within it, else in the order of their first
 *                  appearance; the rows themselves are the first one
 *
 * and of each place:
 *
 *   pointer        "/a/b"; for the elements of an array its last step is "*"; the rows themselves: ""
 *   rows           in so many rows something stood there
 *   values         so many did: the same but for elements of arrays, and what is within them
 *   types          by name, how many: null, boolean, integer (written without a fraction or an
 *                  exponent), number, string, array, object
 *   distinct       scalars but null
 *   exact          true: distinct is exact
 *   frequent       a list of up to `most`, most frequent first, of { type =, text = of a string its
 *                  characters, of others as JSON, cut = true where that is only the beginning, count =, over = how
 *                  much of the count may be too much }. Where all are known those that came more than once, or
 *                  all if they are not more than `most`; else those that certainly came more than
 *                  values / SL_FREQUENT_VALUES times.
 *   numbers        { min =, max = texts of JSON, min_cut, max_cut, mean = nil beyond a double's range }
 *   strings        { min =, max =, min_cut, max_cut, min_length, max_length = in characters }
 *   arrays         { min_items =, max_items = }
 *
 * Raises on memory.
 */
void sl_stats_push(lua_State *L, const struct sl_stats *s, size_t most);
