/*
 * cell.h - what a value is in a column (room: sink)
 *
 * One conversion for each declared type, for CSV and all databases, from a document
 * or from a Lua value; and one list of what is refused. A cell is what came, to the last
 * digit, or there is none: the place that it goes to (a column of a table that is
 * there, say) adds its limits, and what it would round, cut or pad is refused as well.
 *
 *     text      a string of Unicode characters
 *     integer   of 64 bits; also written 1.0 or 1e2; where the place holds numbers of any
 *               size, any
 *     number    a fraction may become the nearest double where the place is one; all else
 *               is exact
 *     boolean
 *     json      any value, as its text
 *     decimal   a number, as its text, of a precision and a scale
 *     any       for CSV: whatever comes, objects and arrays as their text
 *
 * A number or a JSON value that came with a row and that Lua has not made has the text
 * that it came with. null, and a field that is absent, are NULL where the column may be.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "base/error.h"
#include "base/text.h"
#include "json/json.h"

enum sl_column_type {
	SL_COLUMN_TEXT,
	SL_COLUMN_INTEGER,
	SL_COLUMN_NUMBER,
	SL_COLUMN_BOOLEAN,
	SL_COLUMN_JSON,
	SL_COLUMN_DECIMAL,
	SL_COLUMN_ANY
};

/* By the names that Lua has for them, NULL at the end. */
extern const char *const sl_column_types[];

/* What a place cannot hold unchanged. */
enum sl_column_limit {
	SL_LIMIT_DOUBLE = 1,       /* numbers are doubles there */
	SL_LIMIT_INT64 = 2,        /* numbers are integers of 64 bits there */
	SL_LIMIT_NATIVE = 32,      /* numbers are one or the other there */
	SL_LIMIT_NUL = 4,          /* no U+0000 in texts */
	SL_LIMIT_INSTANT = 8,      /* texts are times: of no finer fraction, and no leap second */
	SL_LIMIT_UTC = 128,        /* and without a zone, or with Z */
	SL_LIMIT_DIGITS = 16,      /* numbers are wanted as their text */
	SL_LIMIT_ARRAY = 64        /* JSON arrays of scalars are wanted as PostgreSQL writes arrays */
};

struct sl_column {
	struct sl_text name; /* borrowed */
	enum sl_column_type type;
	bool null;           /* may be NULL */
	bool optional;       /* may be absent, although it may not be NULL */
	unsigned limits;
	uint32_t characters; /* in a text, at most; 0: any number */
	uint32_t precision, scale; /* of a decimal; precision 0: any */
	uint32_t fraction;   /* digits of a second's, of an instant */
};

enum sl_cell_type {
	SL_CELL_NULL,
	SL_CELL_BOOLEAN,
	SL_CELL_INTEGER,
	SL_CELL_NUMBER, /* a double; its own text, or bytes NULL */
	SL_CELL_DIGITS, /* a number that only its text holds */
	SL_CELL_TEXT,
	SL_CELL_JSON    /* a text, too */
};

struct sl_cell { /* text: borrowed from the document, from Lua, or from the cells' room */
	enum sl_cell_type type;
	int64_t integer; /* booleans too: 0, 1 */
	double number;
	struct sl_text text;
	bool in_room;  /* the text is in the room, of which only the offset is known */
	size_t offset; /* until the row is whole */
};

/* Where texts are made. Embedded; zeroed, then _init: 0, or -1 when memory is short. */
struct sl_cell_room {
	struct sl_buffer bytes;
	struct sl_json_writer *writer;
	struct sl_json *json; /* of what Lua has made and must be read again, or NULL */
};

int sl_cell_room_init(struct sl_cell_room *room);
void sl_cell_room_clear(struct sl_cell_room *room);

/* A value of a document that is not null: 0, or -1 and *err (sink: why it is not of that
 * type, or does not fit there). */
int sl_cell_from_document(struct sl_cell *out, const struct sl_column *c, struct sl_json_value v,
                          struct sl_cell_room *room, struct sl_error *err);

/* The Lua value at index, neither nil nor null; own (or NULL): what came at its place, whose
 * text it has as long as it is still that. Raises on memory. */
int sl_cell_from_lua(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                     const struct sl_json_value *own, struct sl_cell_room *room, struct sl_error *err);

/* Does it fit into the column? 0, or -1 and *err. From above has asked already. */
int sl_cell_check(const struct sl_cell *cell, const struct sl_column *c, struct sl_error *err);

/* Its text, as CSV and COPY have it; room: of SL_CELL_ROOM bytes. Not of NULL. */
#define SL_CELL_ROOM 40
struct sl_text sl_cell_text(const struct sl_cell *cell, char room[SL_CELL_ROOM]);
