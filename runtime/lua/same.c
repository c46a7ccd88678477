/* same.c - see same.h */
#include "lua/same.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/decimal.h"

static bool is_string(lua_State *L, int index, struct sl_json_value v)
{
	size_t len, lua_len;
	const char *s = sl_json_string(v, &len), *t = lua_tolstring(L, index, &lua_len);
	return len == lua_len && memcmp(s, t, len) == 0;
}

static bool is_decimal(lua_State *L, int index, struct sl_json_value v)
{
	size_t len;
	const char *text = sl_json_own_text(v, &len);
	struct sl_text t = sl_decimal_test(L, index);
	return t.bytes != NULL && sl_text_equal(t, (struct sl_text){ text, len });
}

static size_t count_fields(lua_State *L, int table)
{
	size_t n = 0;
	for (lua_pushnil(L); lua_next(L, table) != 0; n++)
		lua_pop(L, 1);
	return n;
}

static bool is_top(lua_State *L, struct sl_json_value v) /* popped */
{
	bool is = sl_value_is(L, -1, v);
	lua_pop(L, 1);
	return is;
}

static bool is_array(lua_State *L, int table, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value child;
	lua_Integer i = 0;
	while (sl_json_next(&it, NULL, NULL, &child)) {
		lua_rawgeti(L, table, ++i);
		if (!is_top(L, child))
			return false;
	}
	return count_fields(L, table) == (size_t)i;
}

static bool is_object(lua_State *L, int table, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value child;
	const char *key;
	size_t len, n = 0;
	for (; sl_json_next(&it, &key, &len, &child); n++) {
		lua_pushlstring(L, key, len);
		lua_rawget(L, table);
		if (!is_top(L, child))
			return false;
	}
	return count_fields(L, table) == n;
}

static bool is_table(lua_State *L, int index, struct sl_json_value v)
{
	luaL_checkstack(L, 6, "JSON nested too deeply");
	int table = lua_absindex(L, index);
	return sl_json_type(v) == SL_JSON_ARRAY ? is_array(L, table, v) : is_object(L, table, v);
}

bool sl_value_is(lua_State *L, int index, struct sl_json_value v)
{
	enum sl_json_type type = sl_json_type(v);
	switch (lua_type(L, index)) {
	case LUA_TLIGHTUSERDATA:
		return type == SL_JSON_NULL;
	case LUA_TBOOLEAN:
		return type == SL_JSON_BOOLEAN && sl_json_boolean(v) == lua_toboolean(L, index);
	case LUA_TNUMBER:
		return lua_isinteger(L, index)
		               ? type == SL_JSON_INTEGER && sl_json_integer(v) == lua_tointeger(L, index)
		               : type == SL_JSON_FLOAT && sl_json_float(v) == lua_tonumber(L, index);
	case LUA_TSTRING:
		return type == SL_JSON_STRING && is_string(L, index, v);
	case LUA_TUSERDATA:
		return sl_json_is_number(type) && is_decimal(L, index, v);
	case LUA_TTABLE:
		return (type == SL_JSON_ARRAY || type == SL_JSON_OBJECT) && is_table(L, index, v);
	default:
		return false;
	}
}
