/*
 * class.h - userdata with methods (room: lua)
 */
#pragma once

#include <lua.h>
#include <lauxlib.h>

/*
 * Pushes the metatable of that name, and makes it on first use, with the methods,
 * and gc and close as __gc and __close; each may be NULL. An unknown method is an
 * error (lua/members.h). It is registered only when complete: running out of memory
 * half way must not leave one that frees nothing. Raises.
 */
void sl_class_push(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc,
                   lua_CFunction close);
