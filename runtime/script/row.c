/* row.c - see row.h */
#include "script/row.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/error.h"
#include "lua/members.h"
#include "script/at_hand.h"
#include "script/row_object.h"
#include "sink/taker.h"

/* A metatable would be looked up by name, and this is called several times per row. */
struct sl_row_object *sl_row_test(lua_State *L, int index)
{
	struct sl_row_object *row = lua_touserdata(L, index);
	bool ours = row != NULL && lua_rawlen(L, index) >= sizeof *row && row->mark == &sl_row_mark;
	return ours ? row : NULL;
}

const char *sl_row_text(lua_State *L, const struct sl_row_object *row, size_t *len)
{
	if (row->text == NULL)
		luaL_error(L, "this row has lost its text: there was no memory to keep it after its handlers");
	*len = row->len;
	return row->text;
}

uint64_t sl_row_serial(const struct sl_row_object *row)
{
	return row->serial;
}

/* A kept row parses its own bytes; the serial tells whose document it is, because
 * an address may belong to another row by now. */
static const struct sl_json *parse(lua_State *L, struct sl_script *s, uint64_t serial,
                                   const char *text, size_t len)
{
	SL_ERROR(err);
	struct sl_codec *c = sl_script_codec(L, s);
	if (c->holds == serial)
		return c->json;
	c->holds = 0;
	if (sl_json_parse(c->json, text, len, &err) != 0)
		sl_lua_error_raise(L, &err);
	c->holds = serial;
	return c->json;
}

const struct sl_json *sl_row_document_at_hand(lua_State *L, struct sl_script *s)
{
	const struct sl_at_hand *h = s->at_hand;
	if (h->json != NULL)
		return h->json;
	return parse(L, s, h->serial, h->text, h->len);
}

const struct sl_json *sl_row_document(lua_State *L, const struct sl_row_object *row)
{
	size_t len;
	const struct sl_at_hand *h = row->script->at_hand;
	if (h != NULL && h->serial == row->serial)
		return sl_row_document_at_hand(L, row->script);
	const char *text = sl_row_text(L, row, &len);
	return parse(L, row->script, row->serial, text, len);
}

#define FEW 4 /* this many look-ups in pieces cost less than parsing the whole document */

/* The large row at hand, if this is it (row NULL: any), while there have been few
 * look-ups and it has not been parsed. */
static const struct sl_at_hand *large_at_hand(const struct sl_script *s,
                                               const struct sl_row_object *row)
{
	const struct sl_at_hand *h = s->at_hand;
	if (h == NULL || (row != NULL && h->serial != row->serial))
		return NULL;
	struct sl_outline *o = sl_at_hand_outline(h);
	if (o == NULL || o->asked++ >= FEW || (s->codec != NULL && s->codec->holds == h->serial))
		return NULL;
	return h;
}

static int find_in_pieces(lua_State *L, struct sl_script *s, const struct sl_at_hand *h,
                          const char *path, size_t len, bool field, struct sl_json_value *out)
{
	SL_ERROR(err);
	struct sl_codec *c = sl_script_codec(L, s);
	struct sl_outline *o = sl_at_hand_outline(h);
	c->holds = 0;
	int found = field ? sl_outline_field(o, c->json, h->text, path, len, out, &err)
	                  : sl_outline_pointer(o, c->json, h->text, path, len, out, &err);
	if (found == -2)
		sl_lua_error_raise(L, &err);
	return found;
}

bool sl_row_find(lua_State *L, struct sl_script *s, const struct sl_row_object *row,
                 const char *name, size_t len, struct sl_json_value *out)
{
	const struct sl_at_hand *h = large_at_hand(s, row);
	if (h != NULL)
		return find_in_pieces(L, s, h, name, len, true, out) > 0;
	if (row == NULL && s->at_hand == NULL)
		return false;
	const struct sl_json *json = row != NULL ? sl_row_document(L, row) : sl_row_document_at_hand(L, s);
	return sl_json_field(sl_json_root(json), name, len, out);
}

static int find_pointer(lua_State *L, const struct sl_row_object *row, const char *path, size_t len,
                        struct sl_json_value *out)
{
	const struct sl_at_hand *h = large_at_hand(row->script, row);
	if (h != NULL)
		return find_in_pieces(L, row->script, h, path, len, false, out);
	return sl_json_pointer(sl_json_root(sl_row_document(L, row)), path, len, out);
}

/* ---- methods ---- */

static struct sl_row_object *check_row(lua_State *L)
{
	struct sl_row_object *row = sl_row_test(L, 1);
	if (row == NULL)
		luaL_typeerror(L, 1, SL_ROW);
	return row;
}

bool sl_row_look_up(lua_State *L, const struct sl_row_object *row, int index, struct sl_json_value *out)
{
	size_t len;
	const char *path = luaL_checklstring(L, index, &len);
	if (len == 0 || path[0] != '/')
		return sl_row_find(L, row->script, row, path, len, out);
	int found = find_pointer(L, row, path, len, out);
	if (found < 0)
		luaL_argerror(L, index, "not a JSON Pointer: ~ must be followed by 0 or 1");
	return found > 0;
}

static int row_get(lua_State *L) /* [row, path, ...] */
{
	const struct sl_row_object *row = check_row(L);
	int top = lua_gettop(L);
	luaL_checkany(L, 2);
	luaL_checkstack(L, top, "too many paths");
	for (int i = 2; i <= top; i++) {
		/* Looked up each time, because pushing a table may run a finalizer that parses. */
		struct sl_json_value v;
		if (sl_row_look_up(L, row, i, &v))
			sl_script_push_value(L, row->script, v);
		else
			lua_pushnil(L);
	}
	return top - 1;
}

static int row_reject(lua_State *L) /* [row, reason] */
{
	size_t len;
	const struct sl_row_object *row = check_row(L);
	const char *reason = luaL_checklstring(L, 2, &len);
	struct sl_at_hand *h = row->script->at_hand;
	if (h == NULL || !h->deciding || (row->serial != h->serial && row->serial != h->first))
		return luaL_error(L, "reject: the handlers of this row have ended; where, map and on_row can reject it");
	if (!h->rejected && sl_buffer_set(&row->script->reason, reason, len) != 0)
		return luaL_error(L, "not enough memory for a reason");
	h->rejected = true;
	return 0;
}

void sl_row_push_at_hand(lua_State *L, struct sl_script *s, int metatable)
{
	const struct sl_at_hand *h = s->at_hand;
	struct sl_row_source source = {
		.stream = h->row->stream->name,
		.stream_len = h->row->stream->name_len,
		.sequence = h->row->sequence,
		.serial = h->serial,
		.text = h->text,
		.len = h->len,
		.lent = h->serial == h->first,
	};
	sl_row_push(L, s, &source, metatable);
}

void sl_row_set_payload(lua_State *L, int index)
{
	lua_setiuservalue(L, index, SL_ROW_PAYLOAD);
}

bool sl_row_push_payload(lua_State *L, int index)
{
	return lua_getiuservalue(L, index, SL_ROW_PAYLOAD) != LUA_TNIL;
}

void sl_row_from(const struct sl_row_object *row, struct sl_taken_from *out)
{
	const struct sl_at_hand *h = row->script->at_hand;
	*out = (struct sl_taken_from){ .stream = { row->bytes, row->stream_len }, .sequence = row->sequence };
	if (h != NULL && (h->serial == row->serial || h->first == row->serial)) {
		out->line = h->row->line;
		out->file = h->row->file;
	}
}

static int push_payload(lua_State *L, const struct sl_row_object *row)
{
	if (lua_getiuservalue(L, 1, SL_ROW_PAYLOAD) != LUA_TNIL)
		return 1;
	sl_script_push_value(L, row->script, sl_json_root(sl_row_document(L, row)));
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, 1, SL_ROW_PAYLOAD);
	return 1;
}

static int unknown_key(lua_State *L) /* [row, key] */
{
	static const char *const names[] = { "stream", "sequence", "raw", "payload", "get", "reject", NULL };
	return sl_members_unknown(L, "a row", names, ": it has stream, sequence, raw, payload, get() and reject(); "
	                          "fields of the payload are row.payload.NAME or row:get(\"NAME\")");
}

static void push_text(lua_State *L, const struct sl_row_object *row)
{
	size_t len;
	const char *text = sl_row_text(L, row, &len);
	lua_pushlstring(L, text, len);
}

/* strcmp would cost more than the rest of a look-up. */
#define IS(key, len, name) ((len) == sizeof(name) - 1 && memcmp(key, name, sizeof(name)) == 0)

static int row_index(lua_State *L) /* [row, key] */
{
	const struct sl_row_object *row = check_row(L);
	size_t len = 0;
	const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &len) : "";
	if (IS(key, len, "payload"))
		return push_payload(L, row);
	if (IS(key, len, "get"))
		lua_pushcfunction(L, row_get);
	else if (IS(key, len, "reject"))
		lua_pushcfunction(L, row_reject);
	else if (IS(key, len, "sequence"))
		lua_pushinteger(L, (lua_Integer)row->sequence);
	else if (IS(key, len, "stream"))
		lua_pushlstring(L, row->bytes, row->stream_len);
	else if (IS(key, len, "raw"))
		push_text(L, row);
	else
		return unknown_key(L);
	return 1;
}

static int row_newindex(lua_State *L) /* [row, key, value] */
{
	return luaL_error(L, "a row cannot be changed; map returns another payload");
}

static int row_tostring(lua_State *L) /* [row] */
{
	const struct sl_row_object *row = check_row(L);
	size_t len;
	const char *text = sl_row_text(L, row, &len);
	luaL_Buffer b;
	char *to = luaL_buffinitsize(L, &b, len);
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		to[i] = c == '\n' || c == '\r' ? ' ' : c; /* always white space, never inside a string */
	}
	luaL_pushresultsize(&b, len);
	return 1;
}

void sl_row_push_metatable(lua_State *L)
{
	luaL_checkstack(L, 4, "the metatable of rows");
	if (!luaL_newmetatable(L, SL_ROW)) /* sets __name */
		return;
	lua_pushcfunction(L, row_index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, row_newindex);
	lua_setfield(L, -2, "__newindex");
	lua_pushcfunction(L, row_tostring);
	lua_setfield(L, -2, "__tostring");
}

int sl_row_new(lua_State *L) /* [stream, sequence, text] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	struct sl_row_source from = { .serial = ++s->serial };
	from.stream = luaL_checklstring(L, 1, &from.stream_len);
	from.sequence = (uint64_t)luaL_checkinteger(L, 2);
	from.text = luaL_checklstring(L, 3, &from.len);
	lua_settop(L, 3);
	sl_script_parse(L, s, from.text, from.len); /* readers of the row rely on valid JSON */
	sl_row_push_metatable(L); /* [stream, sequence, text, metatable] */
	sl_row_push(L, s, &from, 4);
	return 1;
}
