/*
 * cells.h - a row as the cells of a table (room: sink)
 *
 * The columns of a place, and for each row a cell for each of them: from the row's
 * document, or from its payload if a schema or a handler has made one. Errors name
 * the place: the table, the row, its key, the column.
 */
#pragma once

#include <lua.h>

#include "sink/cell.h"
#include "sink/taker.h"

struct sl_cells { /* in a userdata, whose user value keeps what is borrowed */
	size_t width;
	struct sl_column *columns;
	struct sl_cell *cells;      /* of the current row */
	struct sl_json_value *came; /* by column: the document's value; json NULL: none */
	size_t *guess;              /* by position in the object: the column of the last field there */
	struct sl_cell_room room;
	struct sl_text url, table;  /* for messages; url may be empty */
	unsigned char *is_key;      /* by column */
	bool is_closed;             /* a field without a column is refused */
};

/*
 * Push a userdata of `size` bytes that begins with cells, as the table at index describes:
 * columns = { { name =, type =, null =, optional =, limits = { … }, characters =, precision =,
 * scale =, key = } … }, url = , table =, closed =. Its user value 1 is that table. The
 * caller sets the metatable, whose __gc must call _clear. Raises.
 */
struct sl_cells *sl_cells_push(lua_State *L, int options, size_t size, int values);
void sl_cells_clear(struct sl_cells *c);

/* Read a row: 0; or -1 and *err (sink), with the place. Raises on memory if the row has
 * a payload. */
int sl_cells_read(struct sl_cells *c, const struct sl_taken *row, struct sl_error *err);

/* Add the place to an error about this row that says only why. Returns -1. */
int sl_cells_blame(const struct sl_cells *c, const struct sl_taken_from *from, const char *key,
                   const char *column, struct sl_error *err);

/* The key of the current row, "name = "x", line = 3", cut; "" without a key. */
void sl_cells_show_key(const struct sl_cells *c, char *out, size_t size);
