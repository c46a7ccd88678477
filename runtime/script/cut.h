/*
 * cut.h - core.cut: making a smaller recording from one (room: script)
 *
 * The binding of host/recording_cut.h, the only header of that room used here. The predicate of an
 * expression decides on each row, and Lua does if the predicate cannot.
 */
#pragma once

#include <lua.h>

/* core.cut(options); upvalue 1 is the script. */
int sl_cut(lua_State *L);
