/*
 * popen.h - io.popen whose children are known (room: lua)
 *
 * A process that reaps what it has adopted (children.h) must not take the exit of what a
 * script has started: that of io.popen is for close(). The same otherwise.
 */
#pragma once

#include <lua.h>

/* Put it in the place of Lua's own. Raises on memory. */
void sl_popen_open(lua_State *L);
