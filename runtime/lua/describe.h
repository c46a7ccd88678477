/*
 * describe.h - what was raised, as text for people (room: lua)
 */
#pragma once

#include <lua.h>

/*
 * Push a text that says what the value at index is: a text as it is, but for
 * Lua's own words for JSON's null ("attempt to index a userdata value"), which
 * become "null"; what __tostring makes of it; of another table its fields, sorted
 * by name, as one writes them in Lua: { code = 5, why = "late" }, cut. A value
 * that fails to describe itself is said to be one. Raises on memory.
 */
void sl_describe(lua_State *L, int index);
