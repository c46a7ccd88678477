/*
 * extract.h - a declared row as cells, without Lua (room: sink)
 *
 * A second implementation, of a schema's decoder and cells.h for its payload:
 * a row of five columns into SQLite costs 9,200 instructions in the runner by
 * it, 23,000 as a payload. tests/sql/direct_spec.lua compares the two.
 *
 * For records whose fields are the columns, and scalars. It reads only what is
 * as declared; any other row goes the long way, by sl_schema_push, which says
 * what is wrong with it or knows what to make of it (a default, say).
 */
#pragma once

#include <lua.h>

#include "schema/schema.h"
#include "sink/cell.h"

struct sl_extract; /* a userdata */

/* How to get these columns out of rows of this type: pushed; or NULL and nil,
 * when it takes Lua. The schema and the columns must outlive it. Raises. */
struct sl_extract *sl_extract_push(lua_State *L, const struct sl_schema *s,
                                   const struct sl_column *columns, size_t count);

/* A taker, and how it gets its cells without Lua: what takes declared rows (taker.h). */
struct sl_bound {
	void *taker; /* outlives it */
	struct sl_extract *extract;
};

/* Pushed; or NULL and nil, when it takes Lua. Raises. */
struct sl_bound *sl_bound_push(lua_State *L, void *taker, const struct sl_schema *s,
                               const struct sl_column *columns, size_t count);

/* Read a row into a cell for each column; texts are borrowed from the document.
 * false: this row goes the long way. Cannot raise. */
bool sl_extract_read(struct sl_extract *x, struct sl_json_value root, struct sl_cell *cells);
