/*
 * cut.h - core.cut: a smaller recording made of one (room: script)
 *
 * The binding of host/recording_cut.h, of which this room sees no more than that header. Rows are
 * decided by the predicate of an expression, and by Lua where that does not know.
 */
#pragma once

#include <lua.h>

/* core.cut(options); upvalue 1 is the script. */
int sl_cut(lua_State *L);
