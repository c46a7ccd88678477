/*
 * cell.h - a value as the cell of a column (room: sink)
 *
 * One conversion for each declared type, for CSV and all databases, from a document
 * or from a Lua value; and one list of what is refused. A cell is exactly the value that
 * came, to the last digit, or the value is refused. The place that it goes to (such as a
 * column of an existing table) adds its limits: what it would round, cut or pad is refused.
 *
 *     text      a string of Unicode characters
 *     integer   of 64 bits, also written 1.0 or 1e2; of any size if the place holds
 *               numbers of any size
 *     number    a fraction may become the nearest double if the place holds doubles;
 *               everything else is exact
 *     boolean
 *     json      any value, as its text
 *     decimal   a number, as its text, with a precision and a scale
 *     any       for CSV: any value; objects and arrays as their text
 *
 * A number or a JSON value that came with a row, and was not made by Lua, keeps its original
 * text. null and absent fields become NULL if the column allows it.
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

/* Their names in Lua; ends with NULL. */
extern const char *const sl_column_types[];

/* Limits on what a place can hold unchanged. */
enum sl_column_limit {
	SL_LIMIT_DOUBLE = 1,       /* numbers are doubles there */
	SL_LIMIT_INT64 = 2,        /* numbers are integers of 64 bits there */
	SL_LIMIT_NATIVE = 32,      /* numbers are one or the other there */
	SL_LIMIT_NUL = 4,          /* no U+0000 in texts */
	SL_LIMIT_INSTANT = 8,      /* texts are times, with no finer fraction and no leap second */
	SL_LIMIT_UTC = 128,        /* and with no time zone but Z */
	SL_LIMIT_DIGITS = 16,      /* numbers are needed as their text */
	SL_LIMIT_ARRAY = 64        /* JSON arrays of scalars are needed in PostgreSQL's array syntax */
};

struct sl_column {
	struct sl_text name; /* borrowed */
	enum sl_column_type type;
	bool null;           /* may be NULL */
	bool optional;       /* the field may be absent, if the column may be NULL */
	unsigned limits;
	uint32_t characters; /* in a text, at most; 0: any number */
	uint32_t precision, scale; /* of a decimal; precision 0: any */
	uint32_t fraction;   /* digits of an instant's fraction of a second */
};

enum sl_cell_type {
	SL_CELL_NULL,
	SL_CELL_BOOLEAN,
	SL_CELL_INTEGER,
	SL_CELL_NUMBER, /* a double; its own text, or bytes NULL */
	SL_CELL_DIGITS, /* a number that only its text can represent */
	SL_CELL_TEXT,
	SL_CELL_JSON    /* also a text */
};

struct sl_cell { /* text: borrowed from the document, from Lua, or from the cells' room */
	enum sl_cell_type type;
	int64_t integer; /* also booleans: 0, 1 */
	double number;
	struct sl_text text;
	bool in_room;  /* the text is in the room; only its offset is known */
	size_t offset; /* until the row is complete */
};

/* Where texts are made. Embedded; zeroed, then _init: 0, or -1: no memory. */
struct sl_cell_room {
	struct sl_buffer bytes;
	struct sl_json_writer *writer;
	struct sl_json *json; /* for values made by Lua that must be parsed again; or NULL */
};

int sl_cell_room_init(struct sl_cell_room *room);
void sl_cell_room_clear(struct sl_cell_room *room);

/* From a value of a document that is not null: 0, or -1 and *err (sink: why it is not of that
 * type, or does not fit). */
int sl_cell_from_document(struct sl_cell *out, const struct sl_column *c, struct sl_json_value v,
                          struct sl_cell_room *room, struct sl_error *err);

/* From the Lua value at index, neither nil nor null. own (or NULL): the document's value at its
 * place, whose text is used if the Lua value still equals it. Raises on memory. */
int sl_cell_from_lua(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                     const struct sl_json_value *own, struct sl_cell_room *room, struct sl_error *err);

/* Does it fit into the column? 0, or -1 and *err. The functions above have already checked. */
int sl_cell_check(const struct sl_cell *cell, const struct sl_column *c, struct sl_error *err);

/* The text of a cell that is not NULL, for CSV and COPY; may be in room. */
#define SL_CELL_ROOM 40
struct sl_text sl_cell_text(const struct sl_cell *cell, char room[SL_CELL_ROOM]);
