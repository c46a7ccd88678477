/*
 * row.h - rows as userdata (room: script)
 *
 * A row is a userdata that owns its bytes: it stays valid forever, and
 * nothing is decoded until it is asked for. While its handlers run, look-ups
 * use the document that the supervisor has already parsed; later the row
 * parses its own bytes with the parser of the Lua state.
 *
 * Few scripts keep a large row, and copying it would cost as much as a look-up.
 * Its text is therefore lent to its userdata while it is being handled; if the
 * userdata is still reachable when the handlers are done, it gets a copy then.
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
	bool lent; /* text stays valid until sl_row_end_loans, so a large row need not copy it */
};

struct sl_row_object; /* the userdata */

/* Push a row; metatable: index of the rows' metatable. Raises. */
void sl_row_push(lua_State *L, struct sl_script *s, const struct sl_row_source *from,
                 int metatable);

/* Push the row at hand (at_hand.h), as it is now. Raises. */
void sl_row_push_at_hand(lua_State *L, struct sl_script *s, int metatable);

/* The lent text is about to go: rows that are still reachable get a copy, which they
 * share. Raises on memory; then call _forget: rows without a copy lose their text, and
 * raise when it is asked for. */
void sl_row_end_loans(lua_State *L, struct sl_script *s);
void sl_row_forget_loans(lua_State *L, struct sl_script *s);

/* Set the payload of the row at index to the value on top, which is popped. */
void sl_row_set_payload(lua_State *L, int index);

/* Push the payload of the row at index and return true; or, if none was made, push nil and return false. */
bool sl_row_push_payload(lua_State *L, int index);

/* The row's origin in the form that takers use; borrowed from the row. */
struct sl_taken_from;
void sl_row_from(const struct sl_row_object *row, struct sl_taken_from *out);

/* The row at index, or NULL. */
struct sl_row_object *sl_row_test(lua_State *L, int index);

/* Its text; borrowed as long as the row lives; a lent text, only while the row is handled.
 * Raises if it is lost. */
const char *sl_row_text(lua_State *L, const struct sl_row_object *row, size_t *len);

uint64_t sl_row_serial(const struct sl_row_object *row);

/* Its document, and that of the row at hand, valid until the next parse. Raises on
 * memory. */
const struct sl_json *sl_row_document(lua_State *L, const struct sl_row_object *row);
const struct sl_json *sl_row_document_at_hand(lua_State *L, struct sl_script *s);

/* Find a field of a row, or of the row at hand (NULL), in the cheapest way; *out
 * is valid until the next parse. Raises on memory. */
bool sl_row_find(lua_State *L, struct sl_script *s, const struct sl_row_object *row,
                 const char *name, size_t len, struct sl_json_value *out);

/* core.row(stream, sequence, text): a row that does not come from a worker, for sinks.
 * Upvalue 1: the script. */
int sl_row_new(lua_State *L);

/*
 * core.fields(paths): a function for map that makes from a row another one, an object with these fields, in the
 * order of the paths and with their original texts. The paths are names or JSON Pointers, and the keys are the
 * paths as written; a field that the row does not have is left out. Upvalue 1: the script.
 */
int sl_row_fields(lua_State *L);

/* Push the metatable. Raises. */
void sl_row_push_metatable(lua_State *L);
