/* search.c - see search.h */
#include "lua/search.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#define OF_VERSION "_" LUA_VERSION_MAJOR "_" LUA_VERSION_MINOR

static const struct {
	const char *field, *variable, *variable_of_version, *otherwise;
	const char *beside; /* the path for modules in the directory "!" */
} kinds[] = {
	[SL_SEARCH_LUA] = { "path", "LUA_PATH", "LUA_PATH" OF_VERSION, LUA_PATH_DEFAULT,
	                    "!/?.lua;!/?/init.lua;" },
	[SL_SEARCH_C] = { "cpath", "LUA_CPATH", "LUA_CPATH" OF_VERSION, LUA_CPATH_DEFAULT,
	                  "!/?.so;" },
};

/* The current directory comes last in the default. */
void sl_search_push_system(lua_State *L, enum sl_search what)
{
	const char *path = kinds[what].otherwise;
	const char *here = strstr(path, LUA_PATH_SEP "./");
	lua_pushlstring(L, path, here != NULL ? (size_t)(here - path) : strlen(path));
}

/* Push `path` with the default in place of the ;; at `gap`. */
static void push_with_default(lua_State *L, enum sl_search what, const char *path, const char *gap)
{
	const char *rest = gap + 2;
	lua_pushlstring(L, path, (size_t)(gap - path));
	lua_pushstring(L, gap > path ? LUA_PATH_SEP : "");
	sl_search_push_system(L, what);
	lua_pushstring(L, *rest != '\0' ? LUA_PATH_SEP : "");
	lua_pushstring(L, rest);
	lua_concat(L, 5);
}

void sl_search_push_user(lua_State *L, enum sl_search what)
{
	const char *path = getenv(kinds[what].variable_of_version);
	if (path == NULL)
		path = getenv(kinds[what].variable);
	const char *gap = path != NULL ? strstr(path, LUA_PATH_SEP LUA_PATH_SEP) : NULL;
	if (path == NULL)
		sl_search_push_system(L, what);
	else if (gap == NULL)
		lua_pushstring(L, path);
	else
		push_with_default(L, what, path, gap);
}

static void set_path(lua_State *L, int package, enum sl_search what, const char *dir)
{
	luaL_gsub(L, kinds[what].beside, "!", dir);
	sl_search_push_user(L, what);
	lua_concat(L, 2);
	lua_setfield(L, package, kinds[what].field);
}

void sl_search_beside(lua_State *L, const char *file)
{
	const char *slash = strrchr(file, '/');
	int package = lua_gettop(L) + 1;
	lua_getglobal(L, "package");
	if (slash != NULL)
		lua_pushlstring(L, file, slash == file ? 1 : (size_t)(slash - file));
	else
		lua_pushliteral(L, ".");
	const char *dir = lua_tostring(L, -1);
	set_path(L, package, SL_SEARCH_LUA, dir);
	set_path(L, package, SL_SEARCH_C, dir);
	lua_settop(L, package - 1);
}
