/* error.c - see error.h */
#include "lua/error.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/describe.h"

#define METATABLE "sluice.error"

/* The details that say where, in the order used in a line for people. */
static const enum sl_detail place[] = {
	SL_D_EXPORT, SL_D_STREAM, SL_D_SEQUENCE, SL_D_LINE, SL_D_OFFSET, SL_D_HANDLER,
};

/* ---- to Lua ---- */

static void push_detail(lua_State *L, const struct sl_error *err, enum sl_detail detail)
{
	int64_t number;
	if (sl_detail_is_text(detail))
		lua_pushstring(L, sl_error_get_text(err, detail)); /* NULL: nil */
	else if (sl_error_get_number(err, detail, &number))
		lua_pushinteger(L, (lua_Integer)number);
	else
		lua_pushnil(L);
}

void sl_lua_error_push(lua_State *L, const struct sl_error *err)
{
	luaL_checkstack(L, 4, "an error object");
	lua_createtable(L, 0, 6); /* [object] */
	lua_pushstring(L, sl_kind_name(err->kind));
	lua_setfield(L, -2, "kind");
	lua_pushstring(L, err->message);
	lua_setfield(L, -2, "message");
	if (err->os != 0) {
		lua_pushstring(L, strerror(err->os));
		lua_setfield(L, -2, "os");
		lua_pushstring(L, strerrorname_np(err->os));
		lua_setfield(L, -2, "errno");
	}
	for (int d = 0; d < SL_DETAIL_COUNT; d++) {
		push_detail(L, err, (enum sl_detail)d);
		lua_setfield(L, -2, sl_detail_name((enum sl_detail)d));
	}
	sl_lua_error_push_metatable(L); /* [object, metatable] */
	lua_setmetatable(L, -2);
}

_Noreturn void sl_lua_error_raise(lua_State *L, const struct sl_error *err)
{
	sl_lua_error_push(L, err);
	lua_error(L);
	__builtin_unreachable();
}

int sl_lua_error_return(lua_State *L, const struct sl_error *err)
{
	luaL_pushfail(L);
	sl_lua_error_push(L, err);
	return 2;
}

int sl_lua_error_answer(lua_State *L, int rc, const struct sl_error *err)
{
	if (rc != 0)
		return sl_lua_error_return(L, err);
	lua_pushboolean(L, true);
	return 1;
}

/* ---- from Lua ---- */

/* Pushes a field without calling metamethods, which the user may have set. Returns its type. */
static int raw_field(lua_State *L, int index, const char *name)
{
	index = lua_absindex(L, index);
	lua_pushstring(L, name);
	return lua_rawget(L, index);
}

static enum sl_kind kind_of(lua_State *L, int index)
{
	enum sl_kind kind = SL_NONE;
	size_t len;
	if (lua_type(L, index) != LUA_TTABLE)
		return SL_NONE;
	if (raw_field(L, index, "kind") == LUA_TSTRING) {
		const char *name = lua_tolstring(L, -1, &len);
		kind = sl_kind_from_name(name, len);
	}
	lua_pop(L, 1);
	return kind;
}

static void take_detail(lua_State *L, int index, enum sl_detail detail, struct sl_error *err)
{
	raw_field(L, index, sl_detail_name(detail));
	if (sl_detail_is_text(detail) && lua_type(L, -1) == LUA_TSTRING) {
		size_t len;
		const char *text = lua_tolstring(L, -1, &len);
		sl_error_text(err, detail, text, len);
	} else if (!sl_detail_is_text(detail) && lua_isinteger(L, -1)) {
		sl_error_number(err, detail, (int64_t)lua_tointeger(L, -1));
	}
	lua_pop(L, 1);
}

/* Uses the text as the message: one line, printable, cut to fit. */
static void set_message(struct sl_error *err, enum sl_kind kind, int os,
                        const char *text, size_t len)
{
	char line[sizeof err->message], quoted[sizeof err->message];
	size_t n = len < sizeof line ? len : sizeof line;
	for (size_t i = 0; i < n; i++)
		line[i] = text[i] == '\n' || text[i] == '\t' || text[i] == '\r' ? ' ' : text[i];
	sl_fail(err, kind, os, "%s", sl_quote(quoted, sizeof quoted, line, n));
}

/* The number for an errno's name. A linear search is enough: scripts rarely need it. */
static int errno_number(const char *name)
{
	for (int e = 1; e < 134; e++) {
		const char *known = strerrorname_np(e);
		if (known != NULL && strcmp(known, name) == 0)
			return e;
	}
	return 0;
}

/* The errno whose name or number is on top, or 0. */
static int errno_of(lua_State *L)
{
	if (lua_type(L, -1) == LUA_TSTRING)
		return errno_number(lua_tostring(L, -1));
	return lua_isinteger(L, -1) ? (int)lua_tointeger(L, -1) : 0;
}

/* Takes the message, errno and details from an error object. */
static void set_from_object(lua_State *L, int index, enum sl_kind kind, struct sl_error *err)
{
	size_t len = 0;
	const char *message = "";
	raw_field(L, index, "errno"); /* [errno] */
	int os = errno_of(L);
	if (raw_field(L, index, "message") == LUA_TSTRING) /* [errno, message] */
		message = lua_tolstring(L, -1, &len);
	set_message(err, kind, os, message, len);
	lua_pop(L, 2);
	for (int d = 0; d < SL_DETAIL_COUNT; d++)
		take_detail(L, index, (enum sl_detail)d, err);
}

void sl_lua_error_read(lua_State *L, int index, enum sl_kind kind, struct sl_error *err)
{
	luaL_checkstack(L, 6, "an error");
	index = lua_absindex(L, index);
	sl_error_clear(err);
	enum sl_kind own = kind_of(L, index);
	if (own != SL_NONE) {
		set_from_object(L, index, own, err);
		return;
	}
	size_t len;
	sl_describe(L, index); /* [text] */
	const char *text = lua_tolstring(L, -1, &len);
	set_message(err, kind, 0, text, len);
	lua_pop(L, 1);
}

/* ---- as text ---- */

/* Pushes a field as text. Returns false and pushes nothing if there is none. */
static bool push_field_text(lua_State *L, int index, const char *name)
{
	int type = raw_field(L, index, name);
	if (type == LUA_TSTRING || type == LUA_TNUMBER) {
		lua_tostring(L, -1);
		return true;
	}
	lua_pop(L, 1);
	return false;
}

/* Adds ", stream rows" for each detail of the place that the message does not mention. */
static void add_place(lua_State *L, luaL_Buffer *b, const char *message)
{
	const char *before = " (";
	for (size_t i = 0; i < sizeof place / sizeof *place; i++) {
		const char *name = sl_detail_name(place[i]);
		if (!push_field_text(L, 1, name))
			continue;
		const char *value = lua_tostring(L, -1);
		lua_pushfstring(L, "%s%s %s", before, name, value); /* [value, phrase] */
		bool said = strstr(message, lua_tostring(L, -1) + strlen(before)) != NULL ||
		            (sl_detail_is_text(place[i]) && strstr(message, value) != NULL);
		lua_remove(L, -2);
		if (said) {
			lua_pop(L, 1);
			continue;
		}
		luaL_addvalue(b);
		before = ", ";
	}
	if (*before == ',')
		luaL_addchar(b, ')');
}

static int error_tostring(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (!push_field_text(L, 1, "kind"))
		lua_pushliteral(L, "error");
	if (!push_field_text(L, 1, "message"))
		lua_pushliteral(L, "");
	if (!push_field_text(L, 1, "os"))
		lua_pushliteral(L, ""); /* [self, kind, message, os] */
	const char *message = lua_tostring(L, 3), *os = lua_tostring(L, 4);
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	luaL_addstring(&b, lua_tostring(L, 2));
	luaL_addstring(&b, *message ? ": " : "");
	luaL_addstring(&b, message);
	if (*os && strstr(message, os) == NULL) {
		luaL_addstring(&b, ": ");
		luaL_addstring(&b, os);
	}
	add_place(L, &b, message);
	luaL_pushresult(&b);
	return 1;
}

void sl_lua_error_push_metatable(lua_State *L)
{
	if (luaL_getmetatable(L, METATABLE) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 2); /* [metatable]; registered only when complete */
	lua_pushliteral(L, METATABLE);
	lua_setfield(L, -2, "__name");
	lua_pushcfunction(L, error_tostring);
	lua_setfield(L, -2, "__tostring");
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, METATABLE);
}

/* ---- testing and copying objects ---- */

bool sl_lua_error_is(lua_State *L, int index)
{
	if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
		return false;
	sl_lua_error_push_metatable(L); /* [its, ours] */
	bool same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
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

void sl_lua_error_copy(lua_State *L, int index)
{
	luaL_checkstack(L, 5, "an error object");
	index = lua_absindex(L, index);
	lua_createtable(L, 0, 8);
	copy_fields(L, index);
	sl_lua_error_push_metatable(L);
	lua_setmetatable(L, -2);
}

/* ---- in Lua ---- */

int sl_lua_error_new(lua_State *L) /* [kind, message, fields?] */
{
	size_t len;
	const char *kind = luaL_checklstring(L, 1, &len);
	if (sl_kind_from_name(kind, len) == SL_NONE)
		return luaL_argerror(L, 1, "unknown kind of error");
	lua_settop(L, 3);
	if (sl_lua_error_is(L, 2)) {
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
	sl_lua_error_push_metatable(L);
	lua_setmetatable(L, -2);
	return 1;
}

int sl_lua_error_exit_code(lua_State *L) /* [error object] */
{
	struct sl_error err;
	luaL_checktype(L, 1, LUA_TTABLE);
	sl_lua_error_read(L, 1, SL_SINK, &err);
	lua_pushinteger(L, sl_error_exit_code(&err));
	return 1;
}

void sl_lua_error_push_kinds(lua_State *L)
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
