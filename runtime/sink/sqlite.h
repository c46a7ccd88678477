/*
 * sqlite.h - SQLite, by its own library: core.sqlite (room: sink)
 *
 *     local db, why, code = core.sqlite(path)
 *     db:run(text, ...)          true; or nil, why, code
 *     db:query(text, ...)        a list of rows, lists of values; or nil, why, code
 *     db:insert(text, options)   a taker of rows (taker.h), one parameter for each of
 *                                options.columns (cells.h); or nil, why, code
 *     db:in_transaction()        some failures (a full disk) end it
 *     db:close()                 also closes its insert statements
 *
 * Parameters and results are nil (false in a list of results), integers, floats and
 * strings. why is SQLite's message, code its extended result code, as a string.
 *
 * The library is loaded at the first use. A lock is waited for up to 5 s; the user can end
 * that wait (sink.h), and a running statement.
 *
 * An insert refuses to run outside of a transaction, where each row would be committed on
 * its own. After a failure it always fails.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

/* core.sqlite(path); upvalue 1: the context. */
int sl_sqlite_new(lua_State *L);

/* Make the metatables. Raises. */
void sl_sqlite_open(lua_State *L, const struct sl_sinks *s);
