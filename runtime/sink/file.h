/*
 * file.h - durable files in Lua: core.file (room: sink)
 *
 * A durable file (durable.h), optionally compressed (gzip.h), behind a writer
 * (writer.h): rows go from the supervisor's buffer into it without a Lua string.
 * Failures return nil and an error object of kind sink (kind commit from
 * commit()); a call out of order raises. A file that is closed or
 * collected rolls back.
 */
#pragma once

#include <lua.h>

#define SL_FILE "sluice.core.File"

/* core.file(options); upvalue 1 is the context (sink.h). */
int sl_file_new(lua_State *L);

/* Make the metatable. Raises. */
void sl_file_open(lua_State *L);
