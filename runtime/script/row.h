/*
 * row.h - rows as Lua sees them (room: script)
 *
 * A row is a userdata that owns its bytes: it stays valid for ever, and
 * nothing is decoded before somebody asks. While its handlers run, look-ups
 * use the document that the supervisor has parsed already; later the row
 * parses its own bytes with the parser of the Lua state.
 *
 * Few scripts keep a large row, and its copy would cost as much as looking into
 * it. The text of one that is being handled is therefore lent to its userdata; if
 * that is still wanted when the handlers are done, it gets its copy then.
 */
#pragma once

#include <lua.h>

#include "script/state.h"

#define SL_ROW "sluice.Row"

struct sl_row_source { /* borrowed; copied */
	const char *stream;
	size_t stream_len;
	uint64_t sequence;
	uint64_t serial;
	const char *text;
	size_t len;
	bool lent; /* if it is large: text stays where it is until sl_row_end_loans */
};

struct sl_row_object; /* the userdata */

/* Push a row; metatable: index of the rows' metatable. Raises. */
void sl_row_push(lua_State *L, struct sl_script *s, const struct sl_row_source *from,
                 int metatable);

/* Push the row at hand (at_hand.h), as it is now. Raises. */
void sl_row_push_at_hand(lua_State *L, struct sl_script *s, int metatable);

/* The lent text goes: the rows that are still wanted get a copy of it, which they
 * share. Raises on memory. _forget after that: what has no copy yet has lost its text,
 * and says so when it is asked for. */
void sl_row_end_loans(lua_State *L, struct sl_script *s);
void sl_row_forget_loans(lua_State *L, struct sl_script *s);

/* The value on top, popped, is the payload of the row at index. */
void sl_row_set_payload(lua_State *L, int index);

/* Push the payload of the row at index, if somebody has made it: else nil, and false. */
bool sl_row_push_payload(lua_State *L, int index);

/* Where it comes from, as takers have it; borrowed from the row. */
struct sl_taken_from;
void sl_row_from(const struct sl_row_object *row, struct sl_taken_from *out);

/* The row at index, or NULL. */
struct sl_row_object *sl_row_test(lua_State *L, int index);

/* Its text; borrowed as long as the row lives, and while it is handled, lives there.
 * Raises when it is lost. */
const char *sl_row_text(lua_State *L, const struct sl_row_object *row, size_t *len);

uint64_t sl_row_serial(const struct sl_row_object *row);

/* Its document, and that of the row at hand, until somebody else parses. Raises on
 * memory. */
const struct sl_json *sl_row_document(lua_State *L, const struct sl_row_object *row);
const struct sl_json *sl_row_document_at_hand(lua_State *L, struct sl_script *s);

/* A field of a row, or of the row at hand (NULL), wherever it is cheapest to
 * find; lives until somebody else parses. Raises on memory. */
bool sl_row_find(lua_State *L, struct sl_script *s, const struct sl_row_object *row,
                 const char *name, size_t len, struct sl_json_value *out);

/* core.row(stream, sequence, text): a row that no worker has sent, for sinks.
 * Upvalue 1: the script. */
int sl_row_new(lua_State *L);

/*
 * core.fields(paths): a function that makes of a row another one, an object with these of its fields, in their
 * order and as their own texts: for map. The paths are names or JSON Pointers, and the keys are the paths as they
 * are written; a field that the row has not is left out. Upvalue 1: the script.
 */
int sl_row_fields(lua_State *L);

/* Make the metatable: pushed. Raises. */
void sl_row_push_metatable(lua_State *L);
