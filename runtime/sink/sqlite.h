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
 * An insert is a taker of rows as a schema declares them (taker.h).
 *
 * A statement lives in the transaction that LuaDBI has begun, or not at all: it
 * refuses to run outside of one, where a row would stand on its own. It must be
 * closed before its connection.
 */
#pragma once

#include <lua.h>

/* core.sqlite(connect, ...): a link and what connect returned; or nil, why. */
int sl_sqlite_link(lua_State *L);

/* Make the metatables. Raises. */
void sl_sqlite_open(lua_State *L);
