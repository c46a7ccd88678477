/*
 * cell.h - a value as a column of a table takes it (room: sink)
 */
#ifndef SL_SINK_CELL_H
#define SL_SINK_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_cell_type { SL_CELL_NULL, SL_CELL_INTEGER, SL_CELL_NUMBER, SL_CELL_TEXT };

struct sl_cell { /* a text is borrowed */
	enum sl_cell_type type;
	int64_t integer; /* booleans too: 0, 1 */
	double number;
	const char *text;
	size_t len;
};

/* As lualib/sluice/sink/sql/columns.lua has them. */
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

#endif
