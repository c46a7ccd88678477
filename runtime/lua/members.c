/* members.c - see members.h */
#include "lua/members.h"

#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/text.h"

void sl_members_offer(lua_State *L, int index, struct sl_nearest *n)
{
	index = lua_absindex(L, index);
	for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1))
		if (lua_type(L, -2) == LUA_TSTRING)
			sl_nearest_offer(n, sl_lua_text(L, -2));
}

static void nearest_of(struct sl_text word, const char *const *names, struct sl_nearest *n)
{
	sl_nearest_begin(n, word);
	for (; *names != NULL; names++)
		sl_nearest_offer(n, sl_text_of(*names));
}

static bool is_known(lua_State *L, int absent)
{
	if (!lua_istable(L, absent))
		return false;
	lua_pushvalue(L, 2);
	bool known = lua_rawget(L, absent) != LUA_TNIL;
	lua_pop(L, 1);
	return known;
}

static bool is_metafield(lua_State *L) /* [object, key] */
{
	return lua_type(L, 2) != LUA_TSTRING || strncmp(lua_tostring(L, 2), "__", 2) == 0;
}

static int unknown(lua_State *L, const char *owner, const struct sl_nearest *n, const char *otherwise)
{
	char hint[SL_NEAREST_HINT];
	sl_nearest_hint(n, hint);
	return luaL_error(L, "%s has no '%s'%s", owner, lua_tostring(L, 2), *hint != '\0' ? hint : otherwise);
}

int sl_members_unknown(lua_State *L, const char *owner, const char *const *names, const char *otherwise)
{
	struct sl_nearest n;
	if (is_metafield(L)) {
		lua_pushnil(L);
		return 1;
	}
	nearest_of(sl_lua_text(L, 2), names, &n);
	return unknown(L, owner, &n, otherwise);
}

enum { OWNER = 1, ABSENT, UPVALUES = ABSENT };

static int look_up(lua_State *L) /* [members, key] */
{
	struct sl_nearest n;
	int absent = lua_upvalueindex(ABSENT);
	if (is_metafield(L) || is_known(L, absent))
		return 0;
	sl_nearest_begin(&n, sl_lua_text(L, 2));
	sl_members_offer(L, 1, &n);
	if (lua_istable(L, absent))
		sl_members_offer(L, absent, &n);
	return unknown(L, lua_tostring(L, lua_upvalueindex(OWNER)), &n, "");
}

static void push_metatable(lua_State *L, const char *owner) /* [..., absent] -> [..., metatable] */
{
	lua_createtable(L, 0, 1);
	lua_insert(L, -2);
	lua_pushstring(L, owner);
	lua_insert(L, -2);
	lua_pushcclosure(L, look_up, UPVALUES); /* [..., metatable, function] */
	lua_setfield(L, -2, "__index");
}

void sl_members_close(lua_State *L, const char *owner, int absent) /* [..., members] */
{
	luaL_checkstack(L, 6, "members");
	if (absent != 0)
		lua_pushvalue(L, absent);
	else
		lua_pushnil(L);
	push_metatable(L, owner);
	lua_setmetatable(L, -2);
}

void sl_members_mark(lua_State *L, const char *owner, const char *const *names) /* [..., record] */
{
	luaL_checkstack(L, 6, "members");
	if (luaL_getmetatable(L, owner) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_newtable(L);
		for (; *names != NULL; names++) {
			lua_pushboolean(L, true);
			lua_setfield(L, -2, *names);
		}
		push_metatable(L, owner);
		lua_pushvalue(L, -1);
		lua_setfield(L, LUA_REGISTRYINDEX, owner); /* only when complete, in case memory runs out */
	}
	lua_setmetatable(L, -2);
}

static bool is_among(struct sl_text name, const char *const *names)
{
	while (*names != NULL && !sl_text_equal(name, sl_text_of(*names)))
		names++;
	return *names != NULL;
}

void sl_members_check(lua_State *L, int index, const char *const *names)
{
	struct sl_nearest n;
	char hint[SL_NEAREST_HINT];
	struct sl_text first = { NULL, 0 };
	luaL_checkstack(L, 6, "names");
	index = lua_absindex(L, index);
	for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "%s: unknown key", luaL_tolstring(L, -2, NULL));
		struct sl_text name = sl_lua_text(L, -2);
		if (!is_among(name, names) && (first.bytes == NULL || sl_text_compare(name, first) < 0))
			first = name;
	}
	if (first.bytes == NULL)
		return;
	nearest_of(first, names, &n);
	luaL_error(L, "%s: unknown key%s", first.bytes, sl_nearest_hint(&n, hint));
}

int sl_members_new(lua_State *L) /* [table, owner, absent?] */
{
	luaL_checktype(L, 1, LUA_TTABLE);
	const char *owner = luaL_checkstring(L, 2);
	lua_settop(L, 3);
	lua_pushvalue(L, 1);
	sl_members_close(L, owner, 3);
	return 1;
}

int sl_members_nearest(lua_State *L) /* [word, candidates] */
{
	struct sl_nearest n;
	luaL_checkstring(L, 1);
	luaL_checktype(L, 2, LUA_TTABLE);
	sl_nearest_begin(&n, sl_lua_text(L, 1));
	for (lua_Integer i = 1; lua_rawgeti(L, 2, i) == LUA_TSTRING; i++, lua_pop(L, 1))
		sl_nearest_offer(&n, sl_lua_text(L, -1));
	if (n.best.bytes == NULL)
		return 0;
	lua_pushlstring(L, n.best.bytes, n.best.len);
	return 1;
}
