/*
 * class.h - userdata with methods (room: lua)
 */
#pragma once

#include <lua.h>
#include <lauxlib.h>

/*
 * Push the metatable of that name, which is made on first use: with the methods,
 * and gc and close as __gc and __close; each may be NULL. A method that is not
 * there is an error (lua/members.h). It is registered when
 * it is complete: memory that runs out half way must not leave one that frees
 * nothing. Raises.
 */
void sl_class_push(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc,
                   lua_CFunction close);
