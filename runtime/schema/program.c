/* program.c - see program.h. lualib has checked what users
 * write; what is refused here says where in the description. */
#include "schema/program.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/codec.h"
#include "lua/memo.h"
#include "lua/value.h"

#define DEEPEST 200
#define BIT(type) (1u << (type))
#define ALL_TYPES (BIT(SL_JSON_OBJECT + 1) - 1)

#define MEMO_STRINGS 16 /* that are remembered of a field */

struct compiler {
	lua_State *L;
	struct sl_schema *schema;
	int anchors, memo, constants; /* where on the stack */
	lua_Integer anchor_count, constant_count;
	int depth, height; /* of the nodes around; of those just compiled below */
};

static const char *const kind_names[] = {
#define KIND_NAME(id, name) [SL_NODE_##id] = name,
	SL_NODE_KINDS(KIND_NAME)
#undef KIND_NAME
};

/* ---- memory ---- */

static void *room(struct compiler *c, size_t size)
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

/* Pop the value on top into the anchors. */
static int anchor(struct compiler *c)
{
	lua_rawseti(c->L, c->anchors, ++c->anchor_count);
	return (int)c->anchor_count;
}

/* The value on top, popped: a constant. */
static struct sl_constant constant(struct compiler *c)
{
	lua_pushvalue(c->L, -1);
	lua_rawseti(c->L, c->constants, ++c->constant_count);
	return (struct sl_constant){ anchor(c), (size_t)c->constant_count - 1 };
}

/* ---- reading descriptions: the table at `from` ---- */

static int get(struct compiler *c, int from, const char *name)
{
	lua_pushstring(c->L, name);
	return lua_rawget(c->L, from);
}

static bool flag(struct compiler *c, int from, const char *name)
{
	get(c, from, name);
	bool set = lua_toboolean(c->L, -1);
	lua_pop(c->L, 1);
	return set;
}

static size_t size(struct compiler *c, int from, const char *name, size_t missing)
{
	size_t result = missing;
	if (get(c, from, name) != LUA_TNIL) {
		if (!lua_isinteger(c->L, -1) || lua_tointeger(c->L, -1) < 0)
			luaL_error(c->L, "%s: a whole number is expected", name);
		result = (size_t)lua_tointeger(c->L, -1);
	}
	lua_pop(c->L, 1);
	return result;
}

static struct sl_bound bound(struct compiler *c, int from, const char *name, bool exclusive)
{
	struct sl_bound b = { .exclusive = exclusive };
	int type = get(c, from, name);
	if (type != LUA_TNIL) {
		if (type != LUA_TNUMBER || !isfinite(lua_tonumber(c->L, -1)))
			luaL_error(c->L, "%s: a number is expected", name);
		b.set = true;
		b.number = lua_tonumber(c->L, -1);
		b.exact = lua_isinteger(c->L, -1);
		b.integer = b.exact ? lua_tointeger(c->L, -1) : 0;
	}
	lua_pop(c->L, 1);
	return b;
}

static const struct sl_node *compile_node(struct compiler *c); /* [..., description], popped */

static const struct sl_node *part(struct compiler *c, int from, const char *name)
{
	if (get(c, from, name) == LUA_TNIL) {
		lua_pop(c->L, 1);
		return NULL;
	}
	return compile_node(c);
}

static const struct sl_node *needed_part(struct compiler *c, int from, const char *name)
{
	const struct sl_node *n = part(c, from, name);
	if (n == NULL)
		luaL_error(c->L, "%s: a schema is expected", name);
	return n;
}

/* Push a list: its length. */
static size_t list(struct compiler *c, int from, const char *name)
{
	if (get(c, from, name) != LUA_TTABLE)
		luaL_error(c->L, "%s: a list is expected", name);
	return lua_rawlen(c->L, -1);
}

/* ---- kinds ---- */

static void compile_number(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_number *number = &n->as.number;
	number->min = bound(c, from, "exclusive_min", true);
	if (!number->min.set)
		number->min = bound(c, from, "min", false);
	number->max = bound(c, from, "exclusive_max", true);
	if (!number->max.set)
		number->max = bound(c, from, "max", false);
	number->step = bound(c, from, "multiple_of", false);
	if (number->step.set && !(number->step.number > 0))
		luaL_error(c->L, "multiple_of: a number above 0 is expected");
	n->plain = !number->min.set && !number->max.set && !number->step.set;
}

static void keep_regex(struct compiler *c, struct sl_string *s)
{
	struct sl_schema *schema = c->schema;
	struct sl_regex **more = realloc(schema->regexes, (schema->regex_count + 1) * sizeof *more);
	if (more == NULL) {
		sl_regex_free(s->regex);
		luaL_error(c->L, "not enough memory for a schema");
	}
	schema->regexes = more;
	schema->regexes[schema->regex_count++] = s->regex;
}

static void compile_regex(struct compiler *c, struct sl_string *s, int from)
{
	struct sl_regex_error err;
	size_t len;
	if (get(c, from, "regex") == LUA_TSTRING) {
		const char *text = lua_tolstring(c->L, -1, &len);
		s->regex = sl_regex_new(text, len, &err);
		if (s->regex == NULL && err.what[0] == '\0')
			luaL_error(c->L, "not enough memory for a schema");
		if (s->regex == NULL)
			luaL_error(c->L, "regex: %s, at character %d of: %s", err.what, (int)err.at, text);
		keep_regex(c, s);
	}
	lua_pop(c->L, 1);
}

static void refuse_format(lua_State *L, const char *name)
{
	luaL_Buffer b;
	const char *known;
	luaL_buffinit(L, &b);
	for (size_t i = 0; (known = sl_format_name(i)) != NULL; i++) {
		luaL_addstring(&b, i > 0 ? ", " : "");
		luaL_addstring(&b, known);
	}
	luaL_pushresult(&b);
	luaL_error(L, "format: there is no \"%s\"; known are %s", name, lua_tostring(L, -1));
}

static void compile_string(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_string *s = &n->as.string;
	s->min = size(c, from, "min_length", 0);
	s->max = size(c, from, "max_length", SIZE_MAX);
	if (get(c, from, "format") == LUA_TSTRING) {
		s->format = sl_format_find(lua_tostring(c->L, -1));
		if (s->format == NULL)
			refuse_format(c->L, lua_tostring(c->L, -1));
	}
	lua_pop(c->L, 1);
	if (get(c, from, "pattern") == LUA_TSTRING)
		s->pattern = anchor(c);
	else
		lua_pop(c->L, 1);
	compile_regex(c, s, from);
	n->plain = s->min == 0 && s->max == SIZE_MAX && s->format == NULL && s->pattern == 0 &&
	           s->regex == NULL;
}

static void compile_array(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_array *a = &n->as.array;
	a->items = needed_part(c, from, "items");
	a->min = size(c, from, "min", 0);
	a->max = size(c, from, "max", SIZE_MAX);
	a->unique = flag(c, from, "unique");
}

static void compile_map(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_map *m = &n->as.map;
	m->values = needed_part(c, from, "values");
	m->keys = part(c, from, "keys");
	m->min = size(c, from, "min", 0);
	m->max = size(c, from, "max", SIZE_MAX);
}

static void compile_enum(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_enum *e = &n->as.choice;
	e->count = list(c, from, "values");
	e->values = room(c, e->count * sizeof *e->values);
	for (size_t i = 0; i < e->count; i++) {
		lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
		e->values[i] = constant(c);
	}
	lua_pop(c->L, 1);
}

static void compile_union(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_union *u = &n->as.either;
	u->count = list(c, from, "alternatives");
	u->alternatives = room(c, u->count * sizeof *u->alternatives);
	n->types = 0;
	for (size_t i = 0; i < u->count; i++) {
		lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
		u->alternatives[i] = compile_node(c);
		n->types |= u->alternatives[i]->types;
	}
	lua_pop(c->L, 1);
}

/* ---- records ---- */

static void compile_fallback(struct compiler *c, struct sl_field *f, int schema)
{
	if (get(c, schema, "default") == LUA_TNIL) {
		lua_pop(c->L, 1);
		return;
	}
	f->has_fallback = true;
	f->fallback = constant(c);
}

static struct sl_memo *new_memo(struct compiler *c)
{
	struct sl_memo *m = room(c, SL_MEMO_SIZE(MEMO_STRINGS));
	m->mask = MEMO_STRINGS - 1;
	for (int i = 0; i < MEMO_STRINGS; i++) {
		lua_pushboolean(c->L, false);
		int at = anchor(c);
		m->anchor = i == 0 ? at : m->anchor;
	}
	return m;
}

/* [..., { name =, schema =, optional = }] */
static void compile_field(struct compiler *c, struct sl_record *r, struct sl_field *f)
{
	int from = lua_gettop(c->L);
	size_t len;
	f->optional = flag(c, from, "optional");
	if (get(c, from, "name") != LUA_TSTRING)
		luaL_error(c->L, "fields: a name is expected");
	const char *name = lua_tolstring(c->L, -1, &len); /* the anchor keeps it */
	if (!sl_names_add(&r->names, name, len))
		luaL_error(c->L, "fields: %s is declared twice", name);
	f->anchor = anchor(c);
	if (get(c, from, "schema") != LUA_TTABLE)
		luaL_error(c->L, "fields: a schema is expected");
	if (f->optional)
		compile_fallback(c, f, from + 1);
	f->node = compile_node(c);
	if (f->node->kind == SL_NODE_STRING && f->node->plain)
		f->memo = new_memo(c);
}

static void compile_unknown(struct compiler *c, struct sl_record *r, int from)
{
	static const char *const names[] = { "drop", "keep", "refuse", NULL };
	if (get(c, from, "unknown") == LUA_TTABLE) {
		r->unknown = SL_UNKNOWN_KEEP;
		r->rest = compile_node(c);
		return;
	}
	r->unknown = (enum sl_unknown)luaL_checkoption(c->L, -1, "drop", names);
	lua_pop(c->L, 1);
}

static void compile_record(struct compiler *c, struct sl_node *n, int from)
{
	struct sl_record *r = &n->as.record;
	size_t count = list(c, from, "fields"), slots = sl_names_slots(count);
	r->fields = room(c, count * sizeof *r->fields);
	struct sl_name *names = room(c, count * sizeof *names);
	sl_names_init(&r->names, names, room(c, slots * sizeof *r->names.slots), slots);
	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
		luaL_checktype(c->L, -1, LUA_TTABLE);
		compile_field(c, r, &r->fields[i]);
		lua_pop(c->L, 1);
	}
	lua_pop(c->L, 1);
	compile_unknown(c, r, from);
}

/* ---- nodes ---- */

static const struct {
	void (*compile)(struct compiler *c, struct sl_node *n, int from);
	unsigned types;
} kinds[SL_NODE_KIND_COUNT] = {
	[SL_NODE_ANY] = { NULL, ALL_TYPES },
	[SL_NODE_NULL] = { NULL, BIT(SL_JSON_NULL) },
	[SL_NODE_BOOLEAN] = { NULL, BIT(SL_JSON_BOOLEAN) },
	[SL_NODE_INTEGER] = { compile_number, BIT(SL_JSON_INTEGER) | BIT(SL_JSON_FLOAT) },
	[SL_NODE_NUMBER] = { compile_number, BIT(SL_JSON_INTEGER) | BIT(SL_JSON_FLOAT) },
	[SL_NODE_STRING] = { compile_string, BIT(SL_JSON_STRING) },
	[SL_NODE_ARRAY] = { compile_array, BIT(SL_JSON_ARRAY) },
	[SL_NODE_MAP] = { compile_map, BIT(SL_JSON_OBJECT) },
	[SL_NODE_RECORD] = { compile_record, BIT(SL_JSON_OBJECT) },
	[SL_NODE_ENUM] = { compile_enum, ALL_TYPES },
	[SL_NODE_UNION] = { compile_union, 0 },
};

static enum sl_node_kind kind_of(struct compiler *c, int from)
{
	const char *name = get(c, from, "kind") == LUA_TSTRING ? lua_tostring(c->L, -1) : "";
	int kind = 0;
	while (kind < SL_NODE_KIND_COUNT && strcmp(kind_names[kind], name) != 0)
		kind++;
	if (kind == SL_NODE_KIND_COUNT)
		luaL_error(c->L, "kind: there is no \"%s\"", name);
	lua_pop(c->L, 1);
	return (enum sl_node_kind)kind;
}

static struct sl_node *new_node(struct compiler *c, int from)
{
	struct sl_node *n = room(c, sizeof *n);
	n->kind = kind_of(c, from);
	n->nullable = flag(c, from, "nullable");
	n->types = kinds[n->kind].types;
	if (get(c, from, "expected") != LUA_TSTRING)
		luaL_error(c->L, "expected: a phrase is expected");
	n->expected = anchor(c);
	return n;
}

static const struct sl_node *known(struct compiler *c, int from)
{
	lua_pushvalue(c->L, from);
	lua_rawget(c->L, c->memo);
	const struct sl_node *n = lua_touserdata(c->L, -1);
	lua_pop(c->L, 1);
	return n;
}

static const struct sl_node *compile_new(struct compiler *c, int from)
{
	struct sl_node *n = new_node(c, from);
	int height = c->height;
	if (++c->depth > DEEPEST)
		luaL_error(c->L, "schemas nested too deep, or in a circle");
	c->height = 0;
	if (kinds[n->kind].compile != NULL)
		kinds[n->kind].compile(c, n, from);
	n->height = c->height + 1;
	c->height = height;
	c->depth--;
	if (n->nullable)
		n->types |= BIT(SL_JSON_NULL);
	lua_pushvalue(c->L, from);
	lua_pushlightuserdata(c->L, n);
	lua_rawset(c->L, c->memo);
	return n;
}

static const struct sl_node *compile_node(struct compiler *c) /* [..., description] */
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

/* string.find as it is now, whatever a script makes of the global one later. */
static void add_common_anchors(struct compiler *c)
{
	luaL_getsubtable(c->L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getfield(c->L, -1, LUA_STRLIBNAME);
	lua_getfield(c->L, -1, "find"); /* [loaded, string, find] */
	anchor(c);
	lua_pop(c->L, 2);
	lua_pushliteral(c->L, "no field of this name");
	anchor(c);
	lua_pushliteral(c->L, "an element unlike those before it");
	anchor(c);
	sl_value_push_array_metatable(c->L);
	anchor(c);
}

static void parse_constants(struct compiler *c)
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

static void resolve_constants(struct compiler *c)
{
	struct sl_schema *s = c->schema;
	struct sl_json_iter it = sl_json_children(sl_json_root(s->constants));
	struct sl_json_value v;
	s->values = room(c, (size_t)c->constant_count * sizeof *s->values);
	for (size_t i = 0; sl_json_next(&it, NULL, NULL, &v); i++)
		s->values[i] = v;
}

static int new_table(lua_State *L)
{
	lua_newtable(L);
	return lua_gettop(L);
}

void sl_program_compile(lua_State *L, struct sl_schema *s) /* [description, ..., schema] */
{
	int top = lua_gettop(L);
	luaL_checkstack(L, 10, "a schema");
	struct compiler c = { .L = L, .schema = s };
	c.anchors = new_table(L);
	c.memo = new_table(L);
	c.constants = new_table(L);
	sl_value_push_array_metatable(L);
	lua_setmetatable(L, c.constants);
	add_common_anchors(&c);
	lua_pushvalue(L, 1);
	const struct sl_node *root = compile_node(&c);
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
