/*
 * follow.h - coroutines under the watchdog (room: script)
 *
 * Hooks belong to one coroutine (FACTS, "Embedding Lua", 2), so the watchdog
 * has to know which one runs. This replaces coroutine.resume, wrap and close in
 * the table of the standard library by twins that notify the limit; otherwise
 * they behave the same.
 */
#pragma once

#include <lua.h>

/* Raises on memory. script: index of the state's userdata (state.h). */
void sl_follow_open(lua_State *L, int script);
