/*
 * copy.h - rows into a table of PostgreSQL, by COPY (room: sink)
 *
 *     copy:row(row)      taker.h
 *     copy:flush()       true and how many rows there have been, when the server has taken all;
 *                        or nil and an error object
 *     copy:close()
 *
 * Rows are collected as text, some hundred KiB at a time, and each batch is one COPY: the
 * connection is free between them, for the other tables of the run. A batch that is full is
 * handed to libpq, which sends what the connection takes; its answer is asked for before the
 * next thing is said, so that the server works while rows are made. An error leads back to its row by the line that the server names. What
 * has failed once fails for ever.
 *
 * options.relation is the name by which the server knows the table in its messages.
 * With options.insert, a statement with a parameter for each column, each row is executed by
 * itself: where the server takes no COPY.
 */
#pragma once

#include <lua.h>

#include "sink/libpq.h"

/* db:copy(text, options): [db, text, options] on the stack. How many answers are pushed. */
int sl_copy_new(lua_State *L, struct sl_pq *p);

/* Make the metatable. Raises. */
void sl_copy_open(lua_State *L, const struct sl_sinks *s);
