/*
 * writer.h - buffered output on a descriptor (room: script)
 *
 * What is written is on its way when the buffer is full and whenever the
 * runtime is about to wait for a worker, so that output is live and yet costs
 * no system call per row. The descriptor is not closed, and its flags are not
 * touched: it may be shared with the shell (FACTS, "Processes", 13). The
 * first failure sticks: whatever follows reports it again.
 */
#ifndef SL_SCRIPT_WRITER_H
#define SL_SCRIPT_WRITER_H

#include <stddef.h>

#include <lua.h>

#include "base/error.h"
#include "script/state.h"

#define SL_WRITER "sluice.Writer"

/* A row's text on one line, and a line break: 0, or -1 and *err (sink). */
int sl_writer_row(struct sl_writer *w, const char *text, size_t len, struct sl_error *err);
int sl_writer_flush(struct sl_writer *w, struct sl_error *err);

/* Flush every writer of the state: 0, or -1 when one fails; runs that use it
 * are cancelled. */
int sl_writer_flush_all(struct sl_script *s);

/* The writer at index, or NULL. */
struct sl_writer *sl_writer_test(lua_State *L, int index);

/* core.writer(fd); upvalue 1 is the script. */
int sl_writer_new(lua_State *L);

/* Make the metatable. Raises. */
void sl_writer_open(lua_State *L);

#endif
