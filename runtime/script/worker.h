/*
 * worker.h - the handle of a worker in Lua (room: script)
 *
 * A handle closes on __gc and __close; it is kept alive by its active run. Its
 * user value is the latest run. Every function here that waits turns the loop,
 * and is therefore an error inside a handler.
 */
#pragma once

#include <lua.h>

#include "supervise/supervise.h"

#define SL_HANDLE "sluice.core.Worker"

/* core.worker(options); upvalue 1 is the script. */
int sl_handle_new(lua_State *L);

/* core.finish(); upvalue 1 is the script. */
int sl_handle_finish(lua_State *L);

/* Make the metatable. Raises. */
void sl_handle_open(lua_State *L);
