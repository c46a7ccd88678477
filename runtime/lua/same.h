/*
 * same.h - is a Lua value still equal to the JSON it came from? (room: lua)
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

#include "json/json.h"

/* Is the value at index what sl_value_push makes of v? Tables are compared with all their
 * content; an object with duplicate names is never the same. Calls nothing and allocates
 * only Lua stack, in proportion to the depth of v; raises if there is none left. */
bool sl_value_is(lua_State *L, int index, struct sl_json_value v);
