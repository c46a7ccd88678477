/*
 * noreturn.h - for clang-tidy: functions that raise an error never return, which Lua's headers do not say
 */
#pragma once

#include <lauxlib.h>

_Noreturn int(luaL_error)(lua_State *L, const char *fmt, ...);
_Noreturn int(luaL_argerror)(lua_State *L, int arg, const char *extramsg);
_Noreturn int(luaL_typeerror)(lua_State *L, int arg, const char *tname);
_Noreturn int(lua_error)(lua_State *L);
