/*
 * describe.h - raised values as text for people (room: lua)
 */
#pragma once

#include <lua.h>

/*
 * Pushes a text that describes the value at index: a string unchanged, except that
 * Lua's own words for JSON's null ("attempt to index a userdata value") become
 * "null"; the result of __tostring; for any other table its fields, sorted by name,
 * in Lua syntax: { code = 5, why = "late" }, cut. If the value fails to describe
 * itself, the text says so. Raises if out of memory.
 */
void sl_describe(lua_State *L, int index);
