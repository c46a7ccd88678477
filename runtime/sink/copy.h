/*
 * copy.h - rows into a table of PostgreSQL, by COPY (room: sink)
 *
 *     copy:row(row)      taker.h
 *     copy:flush()       true and the number of rows so far, when the server has taken all of
 *                        them; or nil and an error object
 *     copy:close()
 *
 * Rows are collected as text, some hundred KiB at a time, and each batch is one COPY: the
 * connection is free between them, for the other tables of the run. A full batch is handed
 * to libpq, which sends as much as the connection takes; its result is not read until the next
 * command, so that the server works while rows are made. An error is traced to its row by the
 * line that the server names. After a failure everything fails.
 *
 * options.relation is the table's name in the server's messages. With options.insert the text
 * is a statement with a parameter for each column and each row is executed by itself, for
 * tables that do not support COPY.
 */
#pragma once

#include <lua.h>

#include "sink/libpq.h"

/* db:copy(text, options): [db, text, options] on the stack. Returns the number of results pushed. */
int sl_copy_new(lua_State *L, struct sl_pq *p);

/* Make the metatable. Raises. */
void sl_copy_open(lua_State *L, const struct sl_sinks *s);
