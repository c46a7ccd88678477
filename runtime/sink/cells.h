/*
 * cells.h - from a document to the columns of a table, without Lua
 * (room: sink)
 *
 * A second implementation, of a schema's decoder and a table's columns in Lua:
 * a row of five columns into SQLite costs 9,200 instructions in the runner by
 * it, 23,000 as a payload. tests/sql/direct_spec.lua compares the two.
 *
 * For records whose fields are the columns, and scalars. It reads only what is
 * as declared; any other row goes the long way, by sl_schema_push, which says
 * what is wrong with it or knows what to make of it (a default, say).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "schema/schema.h"

/* A value as a column of a table takes it. */
enum sl_cell_type { SL_CELL_NULL, SL_CELL_INTEGER, SL_CELL_NUMBER, SL_CELL_TEXT };

struct sl_cell { /* a text is borrowed */
	enum sl_cell_type type;
	int64_t integer; /* booleans too: 0, 1 */
	double number;
	const char *text;
	size_t len;
};

/* As lualib/sluice/internal/sql/columns.lua has them. */
enum sl_column_type {
	SL_COLUMN_TEXT,
	SL_COLUMN_INTEGER,
	SL_COLUMN_NUMBER,
	SL_COLUMN_BOOLEAN,
	SL_COLUMN_JSON
};

struct sl_column {
	const char *name; /* borrowed */
	size_t len;
	enum sl_column_type type;
	bool null; /* may be NULL */
};

struct sl_extract; /* a userdata */

/* How to get these columns out of rows of this type: pushed; or NULL and nil,
 * when it takes Lua. The schema and the names must outlive it. Raises. */
struct sl_extract *sl_extract_push(lua_State *L, const struct sl_schema *s,
                                   const struct sl_column *columns, size_t count);

/* Read a row into a cell for each column; texts are borrowed from the document.
 * false: this row goes the long way. Cannot raise. */
bool sl_extract_read(struct sl_extract *x, struct sl_json_value root, struct sl_cell *cells);
