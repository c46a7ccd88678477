/*
 * search.h - where `require` looks for modules (room: lua)
 *
 * Lua's default ends in the current directory, which may be anybody's
 * checkout. Nothing of it is run unless the user names it: in a path, or as
 * the file beside which modules lie.
 */
#pragma once

#include <lua.h>

enum sl_search {
	SL_SEARCH_LUA, /* package.path, LUA_PATH */
	SL_SEARCH_C,   /* package.cpath, LUA_CPATH */
};

/* Push Lua's default without the current directory. */
void sl_search_push_system(lua_State *L, enum sl_search what);

/* Push what the user's variable says, as lua reads it (LUA_PATH_5_4 before
 * LUA_PATH); where it is unset, and for ;; in it, the default as above. */
void sl_search_push_user(lua_State *L, enum sl_search what);

/* From now on `require` looks beside `file` first, then where the user says. */
void sl_search_beside(lua_State *L, const char *file);
