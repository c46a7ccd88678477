/* row_fields.c - see row.h: some fields of a row */
#include <lauxlib.h>

#include "script/row_object.h"

/* Upvalues of the function. */
enum { SCRIPT = 1, PATHS, KEYS, METATABLE };

/* Push a list with "name":, including the colon, for each path. */
static void push_keys(lua_State *L, struct sl_script *s, int paths) /* [...] */
{
	lua_Integer n = luaL_len(L, paths);
	lua_createtable(L, (int)n, 0);
	for (lua_Integer i = 1; i <= n; i++) {
		SL_ERROR(err);
		size_t len;
		lua_geti(L, paths, i);
		const char *name = luaL_checklstring(L, -1, &len);
		sl_buffer_consume(&s->text, sl_buffer_len(&s->text));
		sl_json_writer_begin(s->encoder, &s->text);
		if (sl_json_write_string(s->encoder, name, len, &err) != 0)
			luaL_error(L, "fields: %s", err.message);
		lua_pushlstring(L, sl_buffer_data(&s->text), sl_buffer_len(&s->text));
		lua_pushliteral(L, ":");
		lua_concat(L, 2);
		lua_seti(L, -3, i);
		lua_pop(L, 1);
	}
}

static void add_field(lua_State *L, luaL_Buffer *b, const struct sl_row_object *row, lua_Integer i)
{
	struct sl_json_value v;
	size_t len;
	lua_rawgeti(L, lua_upvalueindex(PATHS), i);
	bool found = sl_row_look_up(L, row, lua_absindex(L, -1), &v);
	lua_pop(L, 1);
	if (!found)
		return;
	if (luaL_bufflen(b) > 1)
		luaL_addchar(b, ',');
	lua_rawgeti(L, lua_upvalueindex(KEYS), i);
	luaL_addvalue(b);
	const char *text = sl_json_own_text(v, &len);
	luaL_addlstring(b, text, len);
}

static int make_row(lua_State *L) /* [row, ...] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(SCRIPT));
	const struct sl_row_object *row = sl_row_test(L, 1);
	luaL_Buffer b;
	luaL_argexpected(L, row != NULL, 1, SL_ROW);
	lua_settop(L, 1);
	lua_Integer n = (lua_Integer)lua_rawlen(L, lua_upvalueindex(PATHS));
	luaL_buffinit(L, &b);
	luaL_addchar(&b, '{');
	for (lua_Integer i = 1; i <= n; i++)
		add_field(L, &b, row, i);
	luaL_addchar(&b, '}');
	luaL_pushresult(&b); /* [row, text] */
	struct sl_row_source from = { .stream = row->bytes, .stream_len = row->stream_len, .sequence = row->sequence,
		                      .serial = ++s->serial };
	from.text = lua_tolstring(L, 2, &from.len);
	sl_row_push(L, s, &from, lua_upvalueindex(METATABLE));
	return 1;
}

int sl_row_fields(lua_State *L) /* [paths] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_pushlightuserdata(L, s);
	lua_pushvalue(L, 1);
	push_keys(L, s, 1);
	sl_row_push_metatable(L);
	lua_pushcclosure(L, make_row, METATABLE);
	return 1;
}
