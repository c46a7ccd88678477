/* schema.c - see schema.h: the userdata, and who may parse meanwhile */
#include "schema/schema.h"

#include <lauxlib.h>

#include "lua/error.h"
#include "schema/walk.h"

/* What a parser may keep after a single large text, and what is none. */
#define KEPT_BYTES (4 * 1024 * 1024)
#define SMALL_TEXT (KEPT_BYTES / 64)

/* ---- reading ---- */

static void push_script_parser(lua_State *L)
{
	sl_script_open(L);
	lua_getiuservalue(L, -1, SL_SCRIPT_PARSER);
	lua_replace(L, -2);
}

/* The script's parser stays on the stack, and so alive, also when somebody who
 * needs one meanwhile makes another one the script's. */
size_t sl_schema_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root,
                      struct sl_violations *out)
{
	struct sl_parser *p = s->script->parser;
	bool shared = p != NULL && p->json == root.json;
	int result = lua_gettop(L) + 1;
	luaL_checkstack(L, 4, "a value");
	if (shared)
		push_script_parser(L);
	lua_rawgetp(L, LUA_REGISTRYINDEX, s); /* [parser or nothing, anchors] */
	if (shared)
		p->taken = true;
	out->count = sl_walk_push(L, s, root);
	if (shared)
		p->taken = false;
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
	s->mark = &mark; /* so that whoever still uses it is told what it is */
	return 0;
}

/* luaL_checkudata looks its metatable up by name; this is called per row. */
static const struct sl_schema *check_schema(lua_State *L)
{
	const struct sl_schema *s = lua_touserdata(L, 1);
	bool ours = lua_rawlen(L, 1) == sizeof *s && s != NULL && s->mark == &mark;
	luaL_argexpected(L, ours, 1, SL_SCHEMA);
	luaL_argcheck(L, s->root != NULL, 1, "a schema that is finalized already");
	return s;
}

#define PARSER 1 /* upvalue of decode: the script's decoder, nil at first */

/* Push a parser and take it. One that is taken belongs to a call that a finalizer
 * interrupted, or that raised: it keeps it. One that is closed has left us alone
 * with the finalizers of the user: nothing is kept any more. */
static struct sl_parser *push_other(lua_State *L, struct sl_script *s)
{
	bool closed = s->decoder != NULL && s->decoder->json == NULL;
	struct sl_parser *p = sl_script_push_parser(L);
	if (closed) {
		lua_toclose(L, -1);
		return p;
	}
	lua_copy(L, -1, lua_upvalueindex(PARSER));
	return s->decoder = p;
}

static struct sl_parser *take_parser(lua_State *L, struct sl_script *s)
{
	struct sl_parser *p = s->decoder;
	if (p == NULL || p->taken)
		p = push_other(L, s);
	else
		lua_pushvalue(L, lua_upvalueindex(PARSER));
	p->taken = true;
	return p;
}

static void put_back(struct sl_parser *p, size_t len)
{
	if (len > SMALL_TEXT)
		sl_json_trim(p->json, KEPT_BYTES);
	p->taken = false;
}

static int schema_decode(lua_State *L) /* [schema, text] */
{
	struct sl_error err;
	struct sl_violations violations;
	size_t len;
	const struct sl_schema *s = check_schema(L);
	luaL_argexpected(L, lua_type(L, 2) == LUA_TSTRING, 2, "string");
	const char *text = lua_tolstring(L, 2, &len);
	struct sl_parser *p = take_parser(L, s->script); /* [schema, text, ..., parser] */
	sl_error_clear(&err);
	int rc = sl_json_parse_copy(p->json, text, len, &err);
	if (rc == 0) {
		lua_getiuservalue(L, 1, SL_SCHEMA_ANCHORS);
		violations.count = sl_walk_push(L, s, sl_json_root(p->json));
	}
	put_back(p, len);
	if (rc != 0)
		return sl_lua_error_return(L, &err);
	if (violations.count == 0)
		return 1;
	sl_schema_push_failure(L, &violations, NULL);
	luaL_pushfail(L);
	lua_insert(L, -2);
	return 2;
}

/* Registered when it is complete: a want of memory half way must not leave one
 * that frees nothing. */
static void push_metatable(lua_State *L)
{
	if (luaL_getmetatable(L, SL_SCHEMA) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 3); /* [metatable] */
	lua_pushliteral(L, SL_SCHEMA);
	lua_setfield(L, -2, "__name");
	lua_pushcfunction(L, schema_gc);
	lua_setfield(L, -2, "__gc");
	lua_createtable(L, 0, 1);
	lua_pushnil(L);
	lua_pushcclosure(L, schema_decode, 1); /* [metatable, methods, decode] */
	lua_setfield(L, -2, "decode");
	lua_setfield(L, -2, "__index");
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, SL_SCHEMA);
}

int sl_schema_new(lua_State *L) /* [description] */
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	struct sl_schema *s = lua_newuserdatauv(L, sizeof *s, 1);
	*s = (struct sl_schema){ .mark = &mark, .script = lua_touserdata(L, lua_upvalueindex(1)) };
	push_metatable(L);
	lua_setmetatable(L, -2);
	sl_program_compile(L, s); /* [description, schema] */
	return 1;
}
