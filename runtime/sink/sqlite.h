/*
 * sqlite.h - rows into SQLite on LuaDBI's connection: core.sqlite (room: sink)
 *
 * LuaDBI opens the database and says all there is to say, but for the rows:
 * each of its values would have to be a Lua value first, and integers a double.
 * The statement that inserts a row is therefore ours. SQLite itself hands us
 * the connection, as it does with extensions, and with it the functions of the
 * very library that the driver uses: we link to none.
 *
 *     local link, connection, why = core.sqlite(connect, ...)
 *     local insert, why = link:insert(text, columns)
 *     local ok, why = insert:run(values)
 *
 * A statement lives in the transaction that LuaDBI has begun, or not at all: it
 * refuses to run outside of one, where a row would stand on its own. It must be
 * closed before its connection.
 */
#ifndef SL_SINK_SQLITE_H
#define SL_SINK_SQLITE_H

#include <lua.h>

#include "sink/cell.h"
#include "sink/cells.h"

#define SL_INSERT "sluice.core.Insert"

struct sl_insert; /* a userdata */

/* The value at index, or NULL. */
struct sl_insert *sl_insert_test(lua_State *L, int index);

/* How its columns are read from rows of this type: sl_extract_push. The insert
 * must outlive it, too. */
struct sl_extract *sl_insert_push_extract(lua_State *L, const struct sl_insert *i,
                                          const struct sl_schema *s);

/* Insert a row straight from its document. false: nothing was inserted; whoever
 * goes the long way with this row learns why. Cannot raise. */
bool sl_insert_document(struct sl_insert *i, struct sl_extract *x, struct sl_json_value root);

/* core.sqlite(connect, ...): a link and what connect returned; or nil, why. */
int sl_sqlite_link(lua_State *L);

/* Make the metatables. Raises. */
void sl_sqlite_open(lua_State *L);

#endif
