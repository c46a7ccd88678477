/* schema.c - see schema.h: the userdata, and the list of kinds */
#include "schema/schema.h"

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/codec.h"
#include "lua/error.h"
#include "schema/kind.h"

/* ---- reading ---- */

size_t sl_schema_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root,
                      struct sl_violations *out)
{
	int result = lua_gettop(L) + 1;
	luaL_checkstack(L, 4, "a value");
	lua_rawgetp(L, LUA_REGISTRYINDEX, s); /* [anchors] */
	out->count = sl_walk_push(L, s, root);
	lua_copy(L, -1, result);
	lua_settop(L, result);
	return out->count;
}

const struct sl_schema *sl_schema_test(lua_State *L, int index)
{
	const struct sl_schema *s = luaL_testudata(L, index, SL_SCHEMA);
	return s != NULL && s->root != NULL ? s : NULL;
}

/* ---- the userdata ---- */

static const char mark; /* its address tells a schema from other userdata */

static int schema_gc(lua_State *L)
{
	struct sl_schema *s = lua_touserdata(L, 1);
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, s);
	sl_program_clear(s);
	s->mark = &mark; /* so that a later use raises the right message */
	return 0;
}

/* luaL_checkudata would look the metatable up by name, and this is called per row. */
static const struct sl_schema *check_schema(lua_State *L)
{
	const struct sl_schema *s = lua_touserdata(L, 1);
	bool ours = lua_rawlen(L, 1) == sizeof *s && s != NULL && s->mark == &mark;
	luaL_argexpected(L, ours, 1, SL_SCHEMA);
	luaL_argcheck(L, s->root != NULL, 1, "the schema has already been finalized");
	return s;
}

#define CODEC lua_upvalueindex(1) /* of decode */

static int schema_decode(lua_State *L) /* [schema, text] */
{
	SL_ERROR(err);
	struct sl_violations violations;
	size_t len;
	const struct sl_schema *s = check_schema(L);
	luaL_argexpected(L, lua_type(L, 2) == LUA_TSTRING, 2, "string");
	const char *text = lua_tolstring(L, 2, &len);
	struct sl_codec *c = sl_codec_take(L, CODEC); /* [schema, text, ..., codec] */
	int rc = sl_json_parse_copy(c->json, text, len, &err);
	if (rc == 0) {
		lua_getiuservalue(L, 1, SL_SCHEMA_ANCHORS);
		violations.count = sl_walk_push(L, s, sl_json_root(c->json));
	}
	sl_codec_put_back(c, len);
	if (rc != 0)
		return sl_lua_error_return(L, &err);
	if (violations.count == 0)
		return 1;
	sl_schema_push_failure(L, &violations, NULL);
	luaL_pushfail(L);
	lua_insert(L, -2);
	return 2;
}

static void push_metatable(lua_State *L)
{
	sl_class_push(L, SL_SCHEMA, NULL, schema_gc, NULL);
	lua_getfield(L, -1, "__index");
	lua_pushnil(L);
	lua_pushcclosure(L, schema_decode, 1); /* [metatable, methods, decode] */
	lua_setfield(L, -2, "decode");
	lua_pop(L, 1);
}

#define ADDRESS(name) &sl_kind_##name,
static const struct sl_node_kind *const kinds[] = { SL_NODE_KINDS(ADDRESS) NULL };

int sl_schema_new(lua_State *L) /* [description] */
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	struct sl_schema *s = lua_newuserdatauv(L, sizeof *s, 1);
	*s = (struct sl_schema){ .mark = &mark };
	push_metatable(L);
	lua_setmetatable(L, -2);
	sl_program_compile(L, s, kinds); /* [description, schema] */
	return 1;
}
