/* options.c - see options.h */
#include "lua/options.h"

#include <string.h>

#include <lauxlib.h>

static int refuse(lua_State *L, const char *name, const char *expected)
{
	return luaL_error(L, "%s: expected %s, got %s", name, expected, luaL_tolstring(L, -1, NULL));
}

int64_t sl_option_integer(lua_State *L, int table, const char *name, int64_t missing, int64_t max)
{
	int is_integer = 1;
	int64_t value = missing;
	if (lua_getfield(L, table, name) != LUA_TNIL)
		value = lua_tointegerx(L, -1, &is_integer);
	if (!is_integer || lua_type(L, -1) == LUA_TSTRING || value < 0 || value > max)
		refuse(L, name, "an integer in range");
	lua_pop(L, 1);
	return value;
}

bool sl_option_boolean(lua_State *L, int table, const char *name)
{
	lua_getfield(L, table, name);
	bool value = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return value;
}

struct sl_text sl_option_text(lua_State *L, int table, const char *name)
{
	struct sl_text text = { NULL, 0 };
	int type = lua_getfield(L, table, name);
	if (type == LUA_TSTRING)
		text.bytes = lua_tolstring(L, -1, &text.len);
	else if (type != LUA_TNIL)
		refuse(L, name, "a string");
	lua_pop(L, 1);
	return text;
}

/* The string on top, which must not contain NUL. */
static const char *check_string(lua_State *L, const char *name)
{
	size_t len;
	if (lua_type(L, -1) != LUA_TSTRING)
		refuse(L, name, "a string");
	const char *s = lua_tolstring(L, -1, &len);
	if (strlen(s) != len)
		luaL_error(L, "%s: expected a string without NUL bytes", name);
	return s;
}

const char *sl_option_string(lua_State *L, int table, const char *name)
{
	const char *s = NULL;
	if (lua_getfield(L, table, name) != LUA_TNIL)
		s = check_string(L, name);
	lua_pop(L, 1);
	return s;
}

int sl_option_choice(lua_State *L, int table, const char *name, const char *const *names)
{
	const char *given = sl_option_string(L, table, name);
	if (given == NULL)
		return 0;
	for (int i = 0; names[i] != NULL; i++)
		if (strcmp(given, names[i]) == 0)
			return i;
	return luaL_error(L, "%s: unknown value '%s'", name, given);
}

bool sl_option_function(lua_State *L, int table, const char *name)
{
	int type = lua_getfield(L, table, name);
	if (type != LUA_TFUNCTION && type != LUA_TNIL)
		refuse(L, name, "a function");
	lua_pop(L, 1);
	return type == LUA_TFUNCTION;
}

const char *const *sl_option_list(lua_State *L, int table, const char *name)
{
	if (lua_getfield(L, table, name) == LUA_TNIL)
		return NULL;
	if (lua_type(L, -1) != LUA_TTABLE)
		refuse(L, name, "a list of strings");
	lua_Integer n = luaL_len(L, -1);
	const char **list = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *list, 0); /* [table, list] */
	for (lua_Integer i = 0; i < n; i++) {
		lua_rawgeti(L, -2, i + 1);
		list[i] = check_string(L, name); /* the table holds it */
		lua_pop(L, 1);
	}
	list[n] = NULL;
	lua_replace(L, -2);
	return list;
}

/* The number of variables: [..., variables]. */
static lua_Integer count(lua_State *L)
{
	lua_Integer n = 0;
	for (lua_pushnil(L); lua_next(L, -2); n++)
		lua_pop(L, 1);
	return n;
}

/* [..., key, value] -> [..., key, value, "key=value"] */
static const char *push_variable(lua_State *L, const char *option)
{
	const char *value = check_string(L, option);
	lua_pushvalue(L, -2);
	const char *name = check_string(L, option);
	if (*name == '\0' || strchr(name, '=') != NULL)
		luaL_error(L, "%s: '%s' is not a valid variable name", option, name);
	const char *text = lua_pushfstring(L, "%s=%s", name, value); /* [key, value, key, text] */
	lua_replace(L, -2);
	return text;
}

const char *const *sl_option_environment(lua_State *L, int table, const char *name)
{
	if (lua_getfield(L, table, name) == LUA_TNIL)
		return NULL;
	if (lua_type(L, -1) != LUA_TTABLE)
		refuse(L, name, "a table of variables");
	lua_Integer n = count(L), i = 0;
	lua_createtable(L, (int)n + 1, 0); /* [variables, held] */
	const char **list = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *list, 0);
	lua_rawseti(L, -2, n + 1);
	lua_pushnil(L);
	while (lua_next(L, -3)) { /* [variables, held, key, value] */
		list[i++] = push_variable(L, name);
		lua_rawseti(L, -4, i);
		lua_pop(L, 1);
	}
	list[i] = NULL;
	lua_replace(L, -2); /* [held] */
	return list;
}
