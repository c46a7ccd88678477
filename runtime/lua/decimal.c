/* decimal.c - see decimal.h */
#include "lua/decimal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "json/decimal.h"
#include "json/equal.h"

#define DECIMAL "sluice.Decimal"

struct decimal { /* a userdata */
	size_t len;
	char text[];
};

static void push_metatable(lua_State *L);

void sl_decimal_push(lua_State *L, const char *text, size_t len)
{
	luaL_checkstack(L, 4, "a decimal");
	struct decimal *d = lua_newuserdatauv(L, sizeof *d + len, 0);
	d->len = len;
	memcpy(d->text, text, len);
	push_metatable(L);
	lua_setmetatable(L, -2);
}

void sl_decimal_push_value(lua_State *L, struct sl_json_value v)
{
	char room[SL_JSON_DECIMAL_ROOM];
	size_t len;
	const char *text = sl_json_type(v) == SL_JSON_DECIMAL ? sl_json_decimal(v, room, &len) : sl_json_own_text(v, &len);
	sl_decimal_push(L, text, len);
}

struct sl_text sl_decimal_test(lua_State *L, int index)
{
	const struct decimal *d = luaL_testudata(L, index, DECIMAL);
	return d != NULL ? (struct sl_text){ d->text, d->len } : (struct sl_text){ NULL, 0 };
}

/* ---- order ---- */

/* Compares a decimal and a Lua number, which must not be NaN. */
static int compare(lua_State *L, struct sl_text d, int number)
{
	return lua_isinteger(L, number) ? sl_decimal_compare_integer(d, lua_tointeger(L, number))
	                                : sl_decimal_compare_double(d, lua_tonumber(L, number));
}

static int compare_numbers(lua_State *L, int a, int b)
{
	return lua_compare(L, a, b, LUA_OPLT) ? -1 : lua_compare(L, b, a, LUA_OPLT);
}

static bool is_number(lua_State *L, int index)
{
	return lua_type(L, index) == LUA_TNUMBER && lua_tonumber(L, index) == lua_tonumber(L, index);
}

bool sl_decimal_order(lua_State *L, int a, int b, int *order)
{
	struct sl_text x = sl_decimal_test(L, a), y = sl_decimal_test(L, b);
	if ((x.bytes == NULL && !is_number(L, a)) || (y.bytes == NULL && !is_number(L, b)))
		return false;
	if (x.bytes != NULL && y.bytes != NULL)
		*order = sl_decimal_compare(x, y);
	else if (x.bytes != NULL)
		*order = compare(L, x, b);
	else if (y.bytes != NULL)
		*order = -compare(L, y, a);
	else
		*order = compare_numbers(L, a, b);
	return true;
}

/* Is it a decimal or a number, NaN included? */
static bool is_comparable(lua_State *L, int index)
{
	return lua_type(L, index) == LUA_TNUMBER || sl_decimal_test(L, index).bytes != NULL;
}

static const char *name_of(lua_State *L, int index)
{
	return sl_decimal_test(L, index).bytes != NULL ? "decimal" : luaL_typename(L, index);
}

static bool order(lua_State *L, int *out)
{
	if (!is_comparable(L, 1) || !is_comparable(L, 2))
		luaL_error(L, "attempt to compare %s with %s", name_of(L, 1), name_of(L, 2));
	return sl_decimal_order(L, 1, 2, out);
}

static int decimal_lt(lua_State *L)
{
	int o;
	lua_pushboolean(L, order(L, &o) && o < 0);
	return 1;
}

static int decimal_le(lua_State *L)
{
	int o;
	lua_pushboolean(L, order(L, &o) && o <= 0);
	return 1;
}

/* Accepts anything: a value that is not a number is not equal. */
static int decimal_eq(lua_State *L)
{
	int o;
	luaL_checkany(L, 2);
	lua_pushboolean(L, sl_decimal_order(L, 1, 2, &o) && o == 0);
	return 1;
}

/* ---- arithmetic ---- */

/* Replaces a decimal by the nearest Lua number. */
static void make_number(lua_State *L, int index)
{
	struct sl_text t = sl_decimal_test(L, index);
	if (t.bytes == NULL)
		return;
	struct sl_digits d = sl_digits_of(t);
	int64_t integer;
	bool is_integer = sl_digits_integer(&d, &integer);
	lua_pushnumber(L, sl_decimal_nearest(t));
	lua_replace(L, index);
	if (!is_integer)
		return;
	lua_pushinteger(L, integer);
	lua_replace(L, index);
}

#define ARITHMETIC(X)                                                                              \
	X(add, LUA_OPADD) X(sub, LUA_OPSUB) X(mul, LUA_OPMUL) X(div, LUA_OPDIV) X(idiv, LUA_OPIDIV) \
	X(mod, LUA_OPMOD) X(pow, LUA_OPPOW) X(unm, LUA_OPUNM)

#define EVENT(name, op) [op] = "__" #name,
static const char *const events[] = { ARITHMETIC(EVENT) };

/* Raises the errors of lua_arith, which have no place when raised from C. */
static void check_operands(lua_State *L, int op)
{
	for (int i = 1; i <= 2; i++)
		if (!lua_isnumber(L, i) && (lua_type(L, i) == LUA_TSTRING || luaL_getmetafield(L, i, events[op]) == LUA_TNIL))
			luaL_error(L, "attempt to perform arithmetic on a %s value", luaL_typename(L, i));
	if (!lua_isinteger(L, 1) || !lua_isinteger(L, 2) || lua_tointeger(L, 2) != 0)
		return;
	if (op == LUA_OPIDIV)
		luaL_error(L, "attempt to divide by zero");
	if (op == LUA_OPMOD)
		luaL_error(L, "attempt to perform 'n%%0'");
}

static int calculate(lua_State *L, int op)
{
	lua_settop(L, 2);
	make_number(L, 1);
	make_number(L, 2);
	check_operands(L, op);
	if (op == LUA_OPUNM)
		lua_settop(L, 1);
	lua_arith(L, op);
	return 1;
}

#define FUNCTION(name, op)                         \
	static int decimal_##name(lua_State *L)    \
	{                                          \
		return calculate(L, op);           \
	}
ARITHMETIC(FUNCTION)

/* ---- texts ---- */

static int decimal_tostring(lua_State *L)
{
	const struct decimal *d = luaL_checkudata(L, 1, DECIMAL);
	lua_pushlstring(L, d->text, d->len);
	return 1;
}

static int decimal_concat(lua_State *L)
{
	for (int i = 1; i <= 2; i++) {
		struct sl_text t = sl_decimal_test(L, i);
		if (t.bytes == NULL && lua_type(L, i) != LUA_TSTRING && lua_type(L, i) != LUA_TNUMBER)
			return luaL_error(L, "attempt to concatenate a %s value", luaL_typename(L, i));
		if (t.bytes != NULL) {
			lua_pushlstring(L, t.bytes, t.len);
			lua_replace(L, i);
		}
	}
	lua_settop(L, 2);
	lua_concat(L, 2);
	return 1;
}

static int decimal_index(lua_State *L) /* [decimal, key] */
{
	if (lua_type(L, 2) == LUA_TSTRING && strcmp(lua_tostring(L, 2), "eq") == 0) {
		lua_pushcfunction(L, decimal_eq);
		return 1;
	}
	return luaL_error(L, "a decimal has no '%s': it has eq(other); tostring(d) is its text", luaL_tolstring(L, 2, NULL));
}

static int decimal_newindex(lua_State *L)
{
	return luaL_error(L, "a decimal cannot be changed");
}

static void push_metatable(lua_State *L)
{
#define METHOD(name, op) { "__" #name, decimal_##name },
	static const luaL_Reg methods[] = {
		ARITHMETIC(METHOD)
		{ "__lt", decimal_lt }, { "__le", decimal_le }, { "__eq", decimal_eq }, { "__concat", decimal_concat },
		{ "__tostring", decimal_tostring }, { "__index", decimal_index }, { "__newindex", decimal_newindex },
		{ NULL, NULL },
	};
	if (!luaL_newmetatable(L, DECIMAL))
		return;
	luaL_setfuncs(L, methods, 0);
	lua_pushstring(L, DECIMAL); /* so that no script can change the behaviour of all decimals */
	lua_setfield(L, -2, "__metatable");
}

/* ---- making one ---- */

static int refuse(lua_State *L)
{
	return luaL_error(L, "decimal: expected a number, or a string such as \"18446744073709551616\" or \"19.990\", got %s",
	                  luaL_tolstring(L, 1, NULL));
}

int sl_decimal_new(lua_State *L)
{
	char room[SL_JSON_FLOAT_ROOM];
	struct sl_text t = sl_decimal_test(L, 1);
	lua_settop(L, 1);
	if (t.bytes != NULL)
		return 1;
	if (lua_type(L, 1) == LUA_TNUMBER && !lua_isinteger(L, 1)) {
		if (!isfinite(lua_tonumber(L, 1)))
			return refuse(L);
		t = (struct sl_text){ room, sl_json_print_float(lua_tonumber(L, 1), room) };
	} else if (lua_isstring(L, 1)) {
		t.bytes = lua_tolstring(L, 1, &t.len);
	}
	if (t.bytes == NULL || !sl_decimal_is_number(t))
		return refuse(L);
	sl_decimal_push(L, t.bytes, t.len);
	return 1;
}

int sl_decimal_is(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_pushboolean(L, sl_decimal_test(L, 1).bytes != NULL);
	return 1;
}
