/*
 * loop.h - turning the loop from Lua (room: script)
 *
 * A caller that waits turns the loop; callbacks then enter Lua on its coroutine.
 * Before the loop may block, all writers are flushed.
 */
#pragma once

#include <lua.h>

#include "script/state.h"

/* One turn, waiting at most wait_ms (-1: no bound). It may return early: call it
 * until what is awaited has happened. Acts on the user's signals. If many rows
 * had arrived, it returns after s->rest_ns, and the next turn goes on with them. */
void sl_loop_turn(struct sl_script *s, lua_State *L, int wait_ms);

/* sl_worker_resume, which delivers what has arrived. */
void sl_loop_resume(struct sl_script *s, lua_State *L, struct sl_worker *w);

/* Raise an error if a handler is running, because the loop cannot be entered again. */
void sl_loop_check_outside(lua_State *L, const struct sl_script *s, const char *what);
