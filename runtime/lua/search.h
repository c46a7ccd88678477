/*
 * search.h - where `require` looks for modules (room: lua)
 *
 * Lua's default ends with the current directory, which may be an untrusted
 * checkout. Nothing in it is run unless the user names it: in a path, or as the
 * file beside which modules are found.
 */
#pragma once

#include <lua.h>

enum sl_search {
	SL_SEARCH_LUA, /* package.path, LUA_PATH */
	SL_SEARCH_C,   /* package.cpath, LUA_CPATH */
};

/* Push Lua's default without the current directory. */
void sl_search_push_system(lua_State *L, enum sl_search what);

/* Pushes the value of the user's environment variable, as lua reads it (LUA_PATH_5_4
 * before LUA_PATH); if it is unset, and for ;; in it, the default as above. */
void sl_search_push_user(lua_State *L, enum sl_search what);

/* Makes `require` look beside `file` first, then in the user's path. */
void sl_search_beside(lua_State *L, const char *file);
