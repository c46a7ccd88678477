/*
 * postgres.h - PostgreSQL, by libpq: core.postgres (room: sink)
 *
 *     local db, why, code = core.postgres(conninfo, limit_ms)
 *     db:run(text, ...)          true and the number of rows affected; or nil, why, code
 *     db:query(text, ...)        a list of rows, lists of texts (false: NULL); or nil, why, code
 *     db:copy(text, options)     a taker of rows (copy.h); or nil, why, code
 *     db:is_alive()              whether the connection is still usable
 *     db:close()
 *
 * Parameters are nil or texts (numbers are converted to texts). why is the server's message,
 * detail and hint, code its SQLSTATE ("" for errors of libpq itself).
 *
 * The library is loaded at the first use. No wait is unbounded: at most limit_ms for an answer
 * and 10 s for a connection, and the user can end it (sink.h). A connection whose answer was
 * given up is closed, because a late answer would be taken for that of the next command.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

/* core.postgres(conninfo, limit_ms); upvalue 1: the context. */
int sl_postgres_new(lua_State *L);

/* Make the metatables. Raises. */
void sl_postgres_open(lua_State *L, const struct sl_sinks *s);
