/*
 * postgres.h - PostgreSQL, by libpq: core.postgres (room: sink)
 *
 *     local db, why, code = core.postgres(conninfo, limit_ms)
 *     db:run(text, ...)          true and how many rows it was about; or nil, why, code
 *     db:query(text, ...)        a list of rows, lists of texts (false: NULL); or nil, why, code
 *     db:copy(text, options)     a taker of rows (copy.h); or nil, why, code
 *     db:is_alive()              whether the server still takes part
 *     db:close()
 *
 * Parameters are nil or texts (numbers are written as such). why is the server's message,
 * detail and hint, code its SQLSTATE (libpq itself has none: "").
 *
 * The library is loaded at the first use. Nothing here blocks: an answer is waited for up to
 * limit_ms, a connection up to 10 s, and whoever wants to wait no longer (sink.h) ends that.
 * What has been given up is closed: a late answer would be taken for that of the next question.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

/* core.postgres(conninfo, limit_ms); upvalue 1: the context. */
int sl_postgres_new(lua_State *L);

/* Make the metatables. Raises. */
void sl_postgres_open(lua_State *L, const struct sl_sinks *s);
