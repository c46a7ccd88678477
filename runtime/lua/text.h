/*
 * text.h - Lua strings as texts (room: lua)
 */
#pragma once

#include <lua.h>

#include "base/text.h"

/* The string at index: terminated, and borrowed from Lua while it is on the stack. */
static inline struct sl_text sl_lua_text(lua_State *L, int index)
{
	struct sl_text text;
	text.bytes = lua_tolstring(L, index, &text.len);
	return text;
}
