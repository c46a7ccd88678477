/* failure.c - see failure.h */
#include "script/failure.h"

#include <errno.h>
#include <string.h>

#include "host/lua_error.h"

void sl_failure_push(lua_State *L, const struct sl_error *err)
{
	luaL_checkstack(L, 4, "an error object");
	sl_lua_push_error(L, err);
	if (err->os != 0) {
		lua_pushstring(L, strerrorname_np(err->os));
		lua_setfield(L, -2, "errno");
	}
}

_Noreturn void sl_failure_raise(lua_State *L, const struct sl_error *err)
{
	sl_failure_push(L, err);
	lua_error(L);
	__builtin_unreachable();
}

int sl_failure_return(lua_State *L, const struct sl_error *err)
{
	luaL_pushfail(L);
	sl_failure_push(L, err);
	return 2;
}

bool sl_failure_is(lua_State *L, int index)
{
	if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
		return false;
	sl_lua_push_error_metatable(L); /* [its, ours] */
	bool same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

/* The number of an errno's name; scripts write few of them. */
static int errno_number(const char *name)
{
	for (int e = 1; e < 134; e++) {
		const char *known = strerrorname_np(e);
		if (known != NULL && strcmp(known, name) == 0)
			return e;
	}
	return 0;
}

void sl_failure_read(lua_State *L, int index, enum sl_kind kind, struct sl_error *err)
{
	sl_lua_to_error(L, index, kind, err);
	if (lua_type(L, index) != LUA_TTABLE)
		return;
	luaL_checkstack(L, 4, "an error object");
	index = lua_absindex(L, index);
	lua_pushliteral(L, "errno");
	if (lua_rawget(L, index) == LUA_TSTRING)
		err->os = errno_number(lua_tostring(L, -1));
	lua_pop(L, 1);
}

/* Copy the fields of the table at index into the object on top. */
static void copy_fields(lua_State *L, int index)
{
	lua_pushnil(L);
	while (lua_next(L, index)) { /* [object, key, value] */
		lua_pushvalue(L, -2);
		lua_insert(L, -2);
		lua_rawset(L, -4);
	}
}

void sl_failure_copy(lua_State *L, int index)
{
	luaL_checkstack(L, 5, "an error object");
	index = lua_absindex(L, index);
	lua_createtable(L, 0, 8);
	copy_fields(L, index);
	sl_lua_push_error_metatable(L);
	lua_setmetatable(L, -2);
}

int sl_failure_error(lua_State *L) /* [kind, message, fields?] */
{
	size_t len;
	const char *kind = luaL_checklstring(L, 1, &len);
	if (sl_kind_from_name(kind, len) == SL_NONE)
		return luaL_argerror(L, 1, "no such kind of error");
	lua_settop(L, 3);
	if (sl_failure_is(L, 2)) {
		lua_settop(L, 2);
		return 1;
	}
	luaL_checkstring(L, 2);
	if (!lua_isnil(L, 3))
		luaL_checktype(L, 3, LUA_TTABLE);
	lua_createtable(L, 0, 6); /* [kind, message, fields, object] */
	if (!lua_isnil(L, 3))
		copy_fields(L, 3);
	lua_pushvalue(L, 1);
	lua_setfield(L, -2, "kind");
	lua_pushvalue(L, 2);
	lua_setfield(L, -2, "message");
	sl_lua_push_error_metatable(L);
	lua_setmetatable(L, -2);
	return 1;
}

int sl_failure_exit_code(lua_State *L) /* [error object] */
{
	struct sl_error err;
	luaL_checktype(L, 1, LUA_TTABLE);
	sl_failure_read(L, 1, SL_SINK, &err);
	lua_pushinteger(L, sl_error_exit_code(&err));
	return 1;
}

void sl_failure_push_kinds(lua_State *L)
{
	struct sl_error err;
	lua_createtable(L, 0, SL_KIND_COUNT);
	for (int k = SL_NONE + 1; k < SL_KIND_COUNT; k++) {
		sl_error_clear(&err);
		err.kind = (enum sl_kind)k;
		lua_pushinteger(L, sl_error_exit_code(&err));
		lua_setfield(L, -2, sl_kind_name(err.kind));
	}
}
