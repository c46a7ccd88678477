/*
 * writer.h - buffered output on a descriptor or into a file (room: sink)
 *
 * The buffer is flushed when it is full and whenever the runtime is about to
 * wait for a worker, so that output is live and yet costs no system call per
 * row. The descriptor is not closed, and its flags are not touched: it may be
 * shared with the shell (FACTS, "Processes", 13). The first failure sticks:
 * every later call reports it again.
 *
 * Instead of a descriptor there may be an outlet, such as a file that is
 * being compressed. Its output need not be live: it gets its bytes only when
 * the buffer is full, and at the end.
 */
#pragma once

#include <stddef.h>

#include <lua.h>

#include "base/error.h"
#include "sink/sink.h"

#define SL_WRITER "sluice.Writer"

struct sl_outlet {
	int (*put)(void *ctx, const char *bytes, size_t len); /* all of them: 0 or an errno */
	void *ctx;
	const char *name; /* for messages, borrowed like ctx */
};

/* Push a writer into an outlet; the value at index owner lives as long. Raises. */
struct sl_writer *sl_writer_push(lua_State *L, struct sl_sinks *s, const struct sl_outlet *outlet,
                                 int owner);

/* Append it: 0, or -1 and *err (sink). */
int sl_writer_text(struct sl_writer *w, const char *text, size_t len, struct sl_error *err);
int sl_writer_flush(struct sl_writer *w, struct sl_error *err);

/* End the writer: the buffer is discarded (so flush first), and every later
 * call fails with EBADF. */
void sl_writer_end(struct sl_writer *w);

/* The writer at index, or NULL. */
struct sl_writer *sl_writer_test(lua_State *L, int index);

/* core.writer(fd or Lua file, name): the file's own buffer must be empty; the name, for messages, may be
 * nil. Upvalue 1 is the context. */
int sl_writer_new(lua_State *L);

/* Make the metatable. Raises. */
void sl_writer_open(lua_State *L, const struct sl_sinks *s);
