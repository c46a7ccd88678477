/* describe.c - see describe.h */
#include "lua/describe.h"

#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>

#include "base/error.h"
#include "lua/text.h"

#define MOST_FIELDS 16
#define MOST_TEXT 200 /* bytes of a field */
#define DEEPEST 3

/* ---- tables ---- */

/* Pushes the first name in the table, by order, after `last`. Returns false and pushes
 * nothing if there is none. */
static bool push_next_name(lua_State *L, int table, struct sl_text last)
{
	lua_pushnil(L); /* [best] */
	for (lua_pushnil(L); lua_next(L, table) != 0; lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			continue;
		struct sl_text name = sl_lua_text(L, -2);
		bool behind = last.bytes == NULL || sl_text_compare(name, last) > 0;
		bool first = lua_isnil(L, -3) || sl_text_compare(name, sl_lua_text(L, -3)) < 0;
		if (behind && first) {
			lua_pushvalue(L, -2);
			lua_replace(L, -4);
		}
	}
	if (!lua_isnil(L, -1))
		return true;
	lua_pop(L, 1);
	return false;
}

static void push_table(lua_State *L, int table, int depth);

static void push_text(lua_State *L, struct sl_text text)
{
	char quoted[MOST_TEXT];
	sl_quote(quoted, sizeof quoted, text.bytes, text.len);
	lua_pushfstring(L, "\"%s\"%s", quoted, text.len >= sizeof quoted ? "…" : "");
}

/* Pushes a value in a table. Metamethods are not called, because they might fail. */
static void push_value(lua_State *L, int index, int depth)
{
	int type = lua_type(L, index);
	if (type == LUA_TSTRING)
		push_text(L, sl_lua_text(L, index));
	else if (type == LUA_TTABLE && depth < DEEPEST)
		push_table(L, lua_absindex(L, index), depth + 1);
	else if (type == LUA_TNUMBER || type == LUA_TBOOLEAN)
		luaL_tolstring(L, index, NULL);
	else if (type == LUA_TLIGHTUSERDATA && lua_touserdata(L, index) == NULL)
		lua_pushliteral(L, "null");
	else
		lua_pushfstring(L, "a %s", lua_typename(L, type));
}

static bool is_name(struct sl_text text)
{
	bool starts = text.len > 0 && strchr("0123456789", text.bytes[0]) == NULL;
	return starts && strspn(text.bytes, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == text.len;
}

static void add(lua_State *L, luaL_Buffer *b, int *count) /* [..., (the buffer's), text]: text is popped */
{
	const char *before = *count == 0 ? " " : ", ";
	lua_pushstring(L, before);
	lua_insert(L, -2);
	lua_concat(L, 2);
	luaL_addvalue(b);
	(*count)++;
}

static void add_items(lua_State *L, luaL_Buffer *b, int table, int depth, int *count)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, table);
	for (lua_Integer i = 1; i <= n && *count < MOST_FIELDS; i++) {
		lua_rawgeti(L, table, i);
		push_value(L, -1, depth);
		lua_remove(L, -2);
		add(L, b, count);
	}
}

/* The last name is kept at the index `name`, so that its bytes stay alive. */
static void add_fields(lua_State *L, luaL_Buffer *b, int table, int name, int depth, int *count)
{
	struct sl_text last = { NULL, 0 };
	while (*count < MOST_FIELDS && push_next_name(L, table, last)) {
		lua_replace(L, name);
		last = sl_lua_text(L, name);
		lua_pushvalue(L, name);
		if (!is_name(last)) {
			push_text(L, last);
			lua_pushfstring(L, "[%s]", lua_tostring(L, -1));
			lua_replace(L, -3);
			lua_pop(L, 1);
		}
		lua_pushvalue(L, name);
		lua_rawget(L, table); /* [key, value] */
		push_value(L, -1, depth);
		lua_pushfstring(L, "%s = %s", lua_tostring(L, -3), lua_tostring(L, -1));
		lua_replace(L, -4);
		lua_pop(L, 2);
		add(L, b, count);
	}
}

static void push_table(lua_State *L, int table, int depth)
{
	luaL_Buffer b;
	int count = 0;
	luaL_checkstack(L, 20, "a table");
	lua_pushnil(L);
	int name = lua_gettop(L);
	luaL_buffinit(L, &b);
	luaL_addchar(&b, '{');
	add_items(L, &b, table, depth, &count);
	add_fields(L, &b, table, name, depth, &count);
	luaL_addstring(&b, count >= MOST_FIELDS ? ", … }" : count > 0 ? " }" : "}");
	luaL_pushresult(&b);
	lua_remove(L, name);
}

/* ---- Lua's words ---- */

/* A userdata without a name in a Lua message is null, because sluice's objects and files have
 * names. The messages are those of luaG_typeerror, luaG_ordererror, luaG_forerror and luaL_typeerror. */
static const struct {
	const char *start, *lua, *ours;
} words[] = {
	{ "attempt to ", " a userdata value", " a null value" },
	{ "attempt to ", "'userdata'", "'null'" }, /* arithmetic on strings */
	{ "attempt to compare ", "two userdata values", "two null values" },
	{ "attempt to compare ", "userdata with ", "null with " },
	{ "attempt to compare ", " with userdata", " with null" },
	{ "bad argument #", "got light userdata", "got null" },
	{ "bad 'for' ", "got userdata", "got null" },
};

static void push_words(lua_State *L, int index)
{
	lua_pushvalue(L, index);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *text = lua_tostring(L, -1), *start = strstr(text, words[i].start);
		if (start == NULL || strstr(start, words[i].lua) == NULL)
			continue;
		luaL_gsub(L, text, words[i].lua, words[i].ours);
		lua_remove(L, -2);
	}
}

/* ---- any value ---- */

static int describe(lua_State *L) /* [value] */
{
	if (lua_type(L, 1) == LUA_TSTRING)
		push_words(L, 1);
	else if (lua_type(L, 1) == LUA_TLIGHTUSERDATA && lua_touserdata(L, 1) == NULL)
		lua_pushliteral(L, "null");
	else if (lua_type(L, 1) != LUA_TTABLE)
		luaL_tolstring(L, 1, NULL);
	else if (luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
		luaL_tolstring(L, 1, NULL); /* calls it, and it may do anything */
	else
		push_table(L, 1, 1);
	return 1;
}

void sl_describe(lua_State *L, int index)
{
	lua_pushvalue(L, index);
	lua_pushcfunction(L, describe);
	lua_insert(L, -2); /* [describe, value] */
	if (lua_pcall(L, 1, 1, 0) == LUA_OK)
		return;
	lua_pop(L, 1);
	lua_pushfstring(L, "an error that cannot describe itself (a %s)", luaL_typename(L, index));
}
