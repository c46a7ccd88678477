/*
 * extract.h - a declared row as cells, without Lua (room: sink)
 *
 * A second implementation of a schema's decoder together with cells.h for its
 * payload: a row of five columns into SQLite costs 9,200 instructions in the runner
 * this way, 23,000 as a payload. tests/sql/direct_spec.lua compares the two.
 *
 * For records whose fields are the columns, and scalars. It reads only rows that
 * are as declared; any other row takes the slow path through sl_schema_push, which
 * reports what is wrong with it or handles it (with a default, for example).
 */
#pragma once

#include <lua.h>

#include "schema/schema.h"
#include "sink/cell.h"

struct sl_extract; /* a userdata */

/* Push what reads these columns from rows of this type; or push nil and return NULL
 * if that needs Lua. The schema and the columns must outlive it. Raises. */
struct sl_extract *sl_extract_push(lua_State *L, const struct sl_schema *s,
                                   const struct sl_column *columns, size_t count);

/* A taker and its extract: what takes declared rows without Lua (taker.h). */
struct sl_bound {
	void *taker; /* outlives it */
	struct sl_extract *extract;
};

/* Push one; or push nil and return NULL if that needs Lua. Raises. */
struct sl_bound *sl_bound_push(lua_State *L, void *taker, const struct sl_schema *s,
                               const struct sl_column *columns, size_t count);

/* Read a row into a cell for each column; texts are borrowed from the document.
 * false: this row takes the slow path. Cannot raise. */
bool sl_extract_read(struct sl_extract *x, struct sl_json_value root, struct sl_cell *cells);
