/* executable.c - see executable.h */
#include "script/executable.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

static const char here; /* an address in the module's file */

/* From the directory of sluice/core.so: in the build tree, and installed under a prefix. */
static const char *const relative[] = { "../../sluice", "../../../../bin/sluice" };

/* Push the absolute path of dir/name and return true; or push nothing. */
static bool push_if_executable(lua_State *L, const char *dir, size_t len, const char *name)
{
	lua_pushlstring(L, dir, len);
	lua_pushfstring(L, "%s/%s", lua_tostring(L, -1), name);
	char *path = realpath(lua_tostring(L, -1), NULL);
	lua_pop(L, 2);
	bool found = path != NULL && access(path, X_OK) == 0;
	if (found)
		lua_pushstring(L, path);
	free(path);
	return found;
}

static bool push_beside_module(lua_State *L)
{
	Dl_info info;
	if (dladdr(&here, &info) == 0 || info.dli_fname == NULL)
		return false;
	const char *slash = strrchr(info.dli_fname, '/');
	const char *dir = slash != NULL ? info.dli_fname : ".";
	size_t len = slash != NULL ? (size_t)(slash - dir) : 1;
	for (size_t i = 0; i < sizeof relative / sizeof *relative; i++)
		if (push_if_executable(L, dir, len, relative[i]))
			return true;
	return false;
}

void sl_executable_push(lua_State *L, const char *known)
{
	const char *said = getenv("SLUICE_EXE");
	if (said != NULL && *said != '\0')
		lua_pushstring(L, said);
	else if (known != NULL)
		lua_pushstring(L, known);
	else if (!push_beside_module(L))
		lua_pushliteral(L, "sluice");
}
