/* lua.c - a Lua interpreter for sanitized builds: the sanitizers must be loaded
 * from the program's start, and Debian's lua5.4 is built without them. Runs a script
 * with its arguments, or -e CODE; nothing else. The programs that it starts get
 * STARTED_ASAN_OPTIONS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static int traceback(lua_State *L)
{
	luaL_traceback(L, L, lua_tostring(L, 1), 1);
	return 1;
}

static void set_arguments(lua_State *L, int argc, char **argv, int script)
{
	lua_createtable(L, argc, 1);
	for (int i = 0; i < argc; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i - script);
	}
	lua_setglobal(L, "arg");
}

static int load(lua_State *L, int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "-e") == 0)
		return luaL_loadstring(L, argv[2]);
	return luaL_loadfile(L, argc > 1 ? argv[1] : NULL);
}

static int run(lua_State *L, int argc, char **argv)
{
	if (!lua_checkstack(L, argc + 2))
		return -1;
	lua_pushcfunction(L, traceback);
	if (load(L, argc, argv) != LUA_OK)
		return -1;
	for (int i = 2; i < argc; i++)
		lua_pushstring(L, argv[i]);
	return lua_pcall(L, argc > 2 ? argc - 2 : 0, 0, 1) == LUA_OK ? 0 : -1;
}

int main(int argc, char **argv)
{
	const char *options = getenv("STARTED_ASAN_OPTIONS");
	lua_State *L = luaL_newstate();
	if (L == NULL || (options != NULL && setenv("ASAN_OPTIONS", options, 1) != 0))
		return 1;
	luaL_openlibs(L);
	set_arguments(L, argc, argv, argc > 1 ? 1 : 0);
	int rc = run(L, argc, argv);
	if (rc != 0)
		fprintf(stderr, "%s\n", lua_gettop(L) > 0 ? lua_tostring(L, -1) : "too many arguments");
	lua_close(L);
	return rc == 0 ? 0 : 1;
}
