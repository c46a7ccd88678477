/* program.c - see program.h, and kind.h for what kinds call. lualib has checked the user's
 * input; errors raised here name the place in the description. */
#include "schema/program.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/codec.h"
#include "lua/value.h"
#include "schema/kind.h"
#include "schema/regex.h"

#define DEEPEST 200

/* ---- memory ---- */

void *sl_compile_room(struct sl_compiler *c, size_t size)
{
	struct sl_block *b = calloc(1, sizeof *b + size);
	if (b == NULL)
		luaL_error(c->L, "not enough memory for a schema");
	b->next = c->schema->blocks;
	c->schema->blocks = b;
	return b->room;
}

void sl_program_clear(struct sl_schema *s)
{
	while (s->blocks != NULL) {
		struct sl_block *next = s->blocks->next;
		free(s->blocks);
		s->blocks = next;
	}
	for (size_t i = 0; i < s->regex_count; i++)
		sl_regex_free(s->regexes[i]);
	free(s->regexes);
	sl_json_free(s->constants);
	*s = (struct sl_schema){ .root = NULL };
}

int sl_compile_anchor(struct sl_compiler *c)
{
	lua_rawseti(c->L, c->anchors, ++c->anchor_count);
	return (int)c->anchor_count;
}

struct sl_constant sl_compile_constant(struct sl_compiler *c)
{
	lua_pushvalue(c->L, -1);
	lua_rawseti(c->L, c->constants, ++c->constant_count);
	return (struct sl_constant){ sl_compile_anchor(c), (size_t)c->constant_count - 1 };
}

/* ---- reading descriptions: the table at `from` ---- */

int sl_compile_get(struct sl_compiler *c, int from, const char *name)
{
	lua_pushstring(c->L, name);
	return lua_rawget(c->L, from);
}

bool sl_compile_flag(struct sl_compiler *c, int from, const char *name)
{
	sl_compile_get(c, from, name);
	bool set = lua_toboolean(c->L, -1);
	lua_pop(c->L, 1);
	return set;
}

size_t sl_compile_size(struct sl_compiler *c, int from, const char *name, size_t missing)
{
	size_t result = missing;
	if (sl_compile_get(c, from, name) != LUA_TNIL) {
		if (!lua_isinteger(c->L, -1) || lua_tointeger(c->L, -1) < 0)
			luaL_error(c->L, "%s: expected a non-negative integer", name);
		result = (size_t)lua_tointeger(c->L, -1);
	}
	lua_pop(c->L, 1);
	return result;
}

const struct sl_node *sl_compile_part(struct sl_compiler *c, int from, const char *name, bool needed)
{
	if (sl_compile_get(c, from, name) != LUA_TNIL)
		return sl_compile_node(c);
	if (needed)
		luaL_error(c->L, "%s: expected a schema", name);
	lua_pop(c->L, 1);
	return NULL;
}

size_t sl_compile_list(struct sl_compiler *c, int from, const char *name)
{
	if (sl_compile_get(c, from, name) != LUA_TTABLE)
		luaL_error(c->L, "%s: expected a list", name);
	return lua_rawlen(c->L, -1);
}

/* ---- nodes ---- */

static const struct sl_node_kind *kind_of(struct sl_compiler *c, int from)
{
	const char *name = sl_compile_get(c, from, "kind") == LUA_TSTRING ? lua_tostring(c->L, -1) : "";
	const struct sl_node_kind *const *k = c->kinds;
	while (*k != NULL && strcmp((*k)->name, name) != 0)
		k++;
	if (*k == NULL)
		luaL_error(c->L, "kind: unknown kind \"%s\"", name);
	lua_pop(c->L, 1);
	return *k;
}

static struct sl_node *new_node(struct sl_compiler *c, int from)
{
	const struct sl_node_kind *kind = kind_of(c, from);
	struct sl_node *n = sl_compile_room(c, kind->size);
	n->kind = kind;
	n->types = kind->types;
	n->nullable = sl_compile_flag(c, from, "nullable");
	if (sl_compile_get(c, from, "expected") != LUA_TSTRING)
		luaL_error(c->L, "expected: a phrase is missing");
	n->expected = sl_compile_anchor(c);
	return n;
}

static const struct sl_node *known(struct sl_compiler *c, int from)
{
	lua_pushvalue(c->L, from);
	lua_rawget(c->L, c->memo);
	const struct sl_node *n = lua_touserdata(c->L, -1);
	lua_pop(c->L, 1);
	return n;
}

static const struct sl_node *compile_new(struct sl_compiler *c, int from)
{
	struct sl_node *n = new_node(c, from);
	int height = c->height;
	if (++c->depth > DEEPEST)
		luaL_error(c->L, "schemas nested too deeply, or in a cycle");
	c->height = 0;
	if (n->kind->compile != NULL)
		n->kind->compile(c, n, from);
	n->height = c->height + 1;
	c->height = height;
	c->depth--;
	if (n->nullable)
		n->types |= SL_MAY_BE(SL_JSON_NULL);
	lua_pushvalue(c->L, from);
	lua_pushlightuserdata(c->L, n);
	lua_rawset(c->L, c->memo);
	return n;
}

const struct sl_node *sl_compile_node(struct sl_compiler *c) /* [..., description] */
{
	int from = lua_gettop(c->L);
	luaL_checkstack(c->L, 10, "a schema");
	luaL_checktype(c->L, from, LUA_TTABLE);
	const struct sl_node *n = known(c, from);
	if (n == NULL)
		n = compile_new(c, from);
	c->height = n->height > c->height ? n->height : c->height;
	lua_settop(c->L, from - 1);
	return n;
}

/* ---- the whole ---- */

/* string.find as it is now, even if a script replaces the global one later. */
static void add_common_anchors(struct sl_compiler *c)
{
	luaL_getsubtable(c->L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getfield(c->L, -1, LUA_STRLIBNAME);
	lua_getfield(c->L, -1, "find"); /* [loaded, string, find] */
	sl_compile_anchor(c);
	lua_pop(c->L, 2);
	lua_pushliteral(c->L, "no field of this name");
	sl_compile_anchor(c);
	lua_pushliteral(c->L, "an element that differs from all before it");
	sl_compile_anchor(c);
	sl_value_push_array_metatable(c->L);
	sl_compile_anchor(c);
}

static void parse_constants(struct sl_compiler *c)
{
	struct sl_schema *s = c->schema;
	struct sl_codec *codec = sl_codec_push(c->L);
	struct sl_buffer *text = &codec->out;
	SL_ERROR(err);
	s->constants = sl_json_new();
	if (s->constants == NULL)
		luaL_error(c->L, "not enough memory for a schema");
	int rc = sl_value_encode(c->L, c->constants, codec->writer, text, &err);
	if (rc == 0)
		rc = sl_json_parse_copy(s->constants, sl_buffer_data(text), sl_buffer_len(text), &err);
	if (rc != 0)
		luaL_error(c->L, "a constant: %s", err.message);
}

static void resolve_constants(struct sl_compiler *c)
{
	struct sl_schema *s = c->schema;
	struct sl_json_iter it = sl_json_children(sl_json_root(s->constants));
	struct sl_json_value v;
	s->values = sl_compile_room(c, (size_t)c->constant_count * sizeof *s->values);
	for (size_t i = 0; sl_json_next(&it, NULL, NULL, &v); i++)
		s->values[i] = v;
}

static int new_table(lua_State *L)
{
	lua_newtable(L);
	return lua_gettop(L);
}

/* [description, ..., schema] */
void sl_program_compile(lua_State *L, struct sl_schema *s, const struct sl_node_kind *const *kinds)
{
	int top = lua_gettop(L);
	luaL_checkstack(L, 10, "a schema");
	struct sl_compiler c = { .L = L, .schema = s, .kinds = kinds };
	c.anchors = new_table(L);
	c.memo = new_table(L);
	c.constants = new_table(L);
	sl_value_push_array_metatable(L);
	lua_setmetatable(L, c.constants);
	add_common_anchors(&c);
	lua_pushvalue(L, 1);
	const struct sl_node *root = sl_compile_node(&c);
	if (c.constant_count > 0) {
		parse_constants(&c);
		resolve_constants(&c);
	}
	lua_pushvalue(L, c.anchors);
	lua_setiuservalue(L, top, SL_SCHEMA_ANCHORS);
	lua_pushvalue(L, c.anchors);
	lua_rawsetp(L, LUA_REGISTRYINDEX, s);
	s->root = root;
	lua_settop(L, top);
}
