/*
 * popen.h - an io.popen that registers its children (room: lua)
 *
 * A process that reaps the children it has adopted (children.h) must not reap one that a
 * script has started with io.popen, because close() needs its exit status. Otherwise the
 * same as Lua's.
 */
#pragma once

#include <lua.h>

/* Replaces Lua's own. Raises if out of memory. */
void sl_popen_open(lua_State *L);
