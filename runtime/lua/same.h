/*
 * same.h - is a Lua value still what came? (room: lua)
 */
#pragma once

#include <stdbool.h>

#include <lua.h>

#include "json/json.h"

/* Is the value at index what sl_value_push makes of v? Of tables all that is in them;
 * an object with a name that stands there twice never is. Calls nothing, needs as many
 * slots of Lua's stack as v is deep, and allocates nothing else; raises when there are
 * none. */
bool sl_value_is(lua_State *L, int index, struct sl_json_value v);
