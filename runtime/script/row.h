/*
 * row.h - rows as Lua sees them (room: script)
 *
 * A row is a userdata that owns its bytes: it stays valid for ever, and
 * nothing is decoded before somebody asks. While its handlers run, look-ups
 * use the document that the supervisor has parsed already; later the row
 * parses its own bytes with the parser of the Lua state.
 */
#ifndef SL_SCRIPT_ROW_H
#define SL_SCRIPT_ROW_H

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
};

struct sl_row_object; /* the userdata */

/* Push a row; metatable: index of the rows' metatable. Raises. */
void sl_row_push(lua_State *L, struct sl_script *s, const struct sl_row_source *from,
                 int metatable);

/* The value on top, popped, is the payload of the row at index. */
void sl_row_set_payload(lua_State *L, int index);

/* The row at index, or NULL; metatable as above. Needs two free slots. */
struct sl_row_object *sl_row_test(lua_State *L, int index, int metatable);

/* Its text; borrowed as long as the row lives. */
const char *sl_row_text(const struct sl_row_object *row, size_t *len);

uint64_t sl_row_serial(const struct sl_row_object *row);

/* Its document, until somebody else parses. Raises on memory. */
const struct sl_json *sl_row_document(lua_State *L, const struct sl_row_object *row);

/* The document of a row's text that is not parsed yet, likewise. */
const struct sl_json *sl_row_parse(lua_State *L, struct sl_script *s, uint64_t serial,
                                   const char *text, size_t len);

/* A field of a row, or of the row at hand (NULL), wherever it is cheapest to
 * find; lives until somebody else parses. Raises on memory. */
bool sl_row_find(lua_State *L, struct sl_script *s, const struct sl_row_object *row,
                 const char *name, size_t len, struct sl_json_value *out);

/* core.row(stream, sequence, text): a row that no worker has sent, for sinks.
 * Upvalue 1: the script. */
int sl_row_new(lua_State *L);

/* Make the metatable: pushed. Raises. */
void sl_row_push_metatable(lua_State *L);

#endif
