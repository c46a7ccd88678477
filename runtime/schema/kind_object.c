/* kind_object.c - maps and records: see kind.h, and flat.h for records */
#include <string.h>

#include <lauxlib.h>

#include "lua/memo.h"
#include "lua/value.h"
#include "schema/flat.h"
#include "schema/schema.h"

/* Records with more fields than this collect their values in a userdata. */
#define FEW_FIELDS 32

#define MEMO_STRINGS 16 /* remembered per field */

struct map {
	struct sl_node node;
	const struct sl_node *values, *keys; /* keys NULL: any */
	size_t min, max;
};

/* ---- members ---- */

/* Withdraw the violations of a value that does not count after all. */
static void forget(struct sl_walk *w, size_t count)
{
	for (; w->count > count; w->count--) {
		if (w->mode != SL_WALK_REPORT || w->count > SL_VIOLATIONS_LISTED)
			continue;
		lua_pushnil(w->L);
		lua_rawseti(w->L, w->list, (lua_Integer)w->count);
	}
}

/* The last of duplicate keys wins: violations of an earlier one do not
 * matter. */
static bool is_overridden(struct sl_json_value object, const char *key, size_t len,
                          struct sl_json_value v)
{
	struct sl_json_value last = v;
	sl_json_field(object, key, len, &last);
	return last.at != v.at;
}

/* Read a member of an object as n into the table on top. */
static void read_member(struct sl_walk *w, const struct sl_node *n, struct sl_json_value object,
                        const char *key, size_t len, struct sl_json_value v)
{
	struct sl_level level = { .up = w->level, .key = key, .len = len };
	size_t before = w->count, deep = w->deep;
	w->level = &level;
	lua_pushlstring(w->L, key, len);
	sl_walk_value(w, n, v);
	lua_rawset(w->L, -3);
	w->level = level.up;
	if (w->count > before && is_overridden(object, key, len, v)) {
		forget(w, before);
		w->deep = deep;
	}
}

/* ---- maps ---- */

static void compile_map(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct map *m = (struct map *)n;
	m->values = sl_compile_part(c, from, "values", true);
	m->keys = sl_compile_part(c, from, "keys", false);
	m->min = sl_compile_size(c, from, "min", 0);
	m->max = sl_compile_size(c, from, "max", SIZE_MAX);
}

/* Check the key as a value, which can only be a string. */
static void check_key(struct sl_walk *w, const struct sl_node *keys, const char *key, size_t len)
{
	struct sl_level level = { .up = w->level, .key = key, .len = len };
	bool fits = keys->kind == &sl_kind_string && sl_string_takes(keys, key, len);
	if (fits && sl_string_has_pattern(keys)) {
		lua_pushlstring(w->L, key, len);
		fits = sl_string_matches(w, keys);
		lua_pop(w->L, 1);
	}
	if (!fits)
		sl_walk_complain(w, keys->expected,
		                 &(struct sl_complaint_at){ .level = &level, .name = key, .name_len = len });
}

static size_t count_fields(lua_State *L) /* [..., table] */
{
	size_t count = 0;
	lua_pushnil(L);
	for (; lua_next(L, -2); count++)
		lua_pop(L, 1);
	return count;
}

static void read_map(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct map *m = (const struct map *)n;
	struct sl_json_value value;
	const char *key;
	size_t len;
	struct sl_json_iter it = sl_json_children(v);
	sl_walk_table(w, 0, sl_json_count(v));
	while (!sl_walk_decided(w) && sl_json_next(&it, &key, &len, &value)) {
		if (m->keys != NULL && !is_overridden(v, key, len, value))
			check_key(w, m->keys, key, len);
		read_member(w, m->values, v, key, len, value);
	}
	if (sl_walk_decided(w) || (m->min == 0 && m->max == SIZE_MAX))
		return;
	size_t count = count_fields(w->L);
	if (count < m->min || count > m->max)
		sl_walk_violated(w, n->expected, v);
}

/* ---- records ---- */

static void compile_fallback(struct sl_compiler *c, struct sl_field *f, int schema)
{
	if (sl_compile_get(c, schema, "default") == LUA_TNIL) {
		lua_pop(c->L, 1);
		return;
	}
	f->has_fallback = true;
	f->fallback = sl_compile_constant(c);
}

static struct sl_memo *new_memo(struct sl_compiler *c)
{
	struct sl_memo *m = sl_compile_room(c, SL_MEMO_SIZE(MEMO_STRINGS));
	m->mask = MEMO_STRINGS - 1;
	for (int i = 0; i < MEMO_STRINGS; i++) {
		lua_pushboolean(c->L, false);
		int at = sl_compile_anchor(c);
		m->anchor = i == 0 ? at : m->anchor;
	}
	return m;
}

/* [..., { name =, schema =, optional = }] */
static void compile_field(struct sl_compiler *c, struct sl_record *r, struct sl_field *f)
{
	int from = lua_gettop(c->L);
	size_t len;
	f->optional = sl_compile_flag(c, from, "optional");
	if (sl_compile_get(c, from, "name") != LUA_TSTRING)
		luaL_error(c->L, "fields: expected a name");
	const char *name = lua_tolstring(c->L, -1, &len); /* the anchor keeps it */
	if (!sl_names_add(&r->names, name, len))
		luaL_error(c->L, "fields: %s is declared twice", name);
	f->anchor = sl_compile_anchor(c);
	if (sl_compile_get(c, from, "schema") != LUA_TTABLE)
		luaL_error(c->L, "fields: expected a schema");
	if (f->optional)
		compile_fallback(c, f, from + 1);
	f->node = sl_compile_node(c);
	if (f->node->kind == &sl_kind_string && f->node->plain)
		f->memo = new_memo(c);
}

static void compile_unknown(struct sl_compiler *c, struct sl_record *r, int from)
{
	static const char *const names[] = { "drop", "keep", "refuse", NULL };
	if (sl_compile_get(c, from, "unknown") == LUA_TTABLE) {
		r->unknown = SL_UNKNOWN_KEEP;
		r->rest = sl_compile_node(c);
		return;
	}
	r->unknown = (enum sl_unknown)luaL_checkoption(c->L, -1, "drop", names);
	lua_pop(c->L, 1);
}

static bool is_sorted(const struct sl_names *names)
{
	for (size_t i = 1; i < names->count; i++)
		if (strcmp(names->names[i - 1].text, names->names[i].text) > 0)
			return false;
	return true;
}

/* Tables are written in the order of their names anyway, which is that of most schemas. */
static void compile_order(struct sl_compiler *c, struct sl_record *r)
{
	if (is_sorted(&r->names) && r->unknown != SL_UNKNOWN_KEEP)
		return;
	lua_newtable(c->L);
	for (size_t i = 0; i < r->names.count; i++) {
		lua_rawgeti(c->L, c->anchors, r->fields[i].anchor);
		lua_pushinteger(c->L, (lua_Integer)i);
		lua_rawset(c->L, -3);
	}
	sl_value_push_order(c->L);
	r->order = sl_compile_anchor(c);
}

static void compile_record(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct sl_record *r = (struct sl_record *)n;
	size_t count = sl_compile_list(c, from, "fields"), slots = sl_names_slots(count);
	r->fields = sl_compile_room(c, count * sizeof *r->fields);
	struct sl_name *names = sl_compile_room(c, count * sizeof *names);
	sl_names_init(&r->names, names, sl_compile_room(c, slots * sizeof *r->names.slots), slots);
	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
		luaL_checktype(c->L, -1, LUA_TTABLE);
		compile_field(c, r, &r->fields[i]);
		lua_pop(c->L, 1);
	}
	lua_pop(c->L, 1);
	compile_unknown(c, r, from);
	compile_order(c, r);
}

static void read_unknown(struct sl_walk *w, const struct sl_record *r, struct sl_json_value object,
                         const char *key, size_t len, struct sl_json_value v)
{
	struct sl_level level = { .up = w->level, .key = key, .len = len };
	if (r->rest != NULL) {
		read_member(w, r->rest, object, key, len, v);
	} else if (r->unknown == SL_UNKNOWN_KEEP) {
		lua_pushlstring(w->L, key, len);
		sl_value_push(w->L, v);
		lua_rawset(w->L, -3);
	} else if (!is_overridden(object, key, len, v)) {
		sl_walk_complain(w, SL_ANCHOR_UNKNOWN, &(struct sl_complaint_at){ .level = &level, .value = &v });
	}
}

/* Find the declared fields; handle undeclared ones at once. */
static void find_fields(struct sl_walk *w, const struct sl_record *r, struct sl_json_value v,
                        struct sl_json_value *found)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value other;
	const char *key = NULL;
	size_t len = 0;
	bool drop = r->unknown == SL_UNKNOWN_DROP;
	while (sl_names_find(&r->names, &it, found, drop ? NULL : &key, &len, &other) && !sl_walk_decided(w))
		read_unknown(w, r, v, key, len, other);
}

/* A table is read as if it had been in the row, so that records in it have their order. */
static void push_fallback(struct sl_walk *w, const struct sl_field *f)
{
	struct sl_json_value v = w->schema->values[f->fallback.place];
	if (sl_json_type(v) == SL_JSON_OBJECT || sl_json_type(v) == SL_JSON_ARRAY)
		sl_walk_value(w, f->node, v);
	else
		sl_walk_constant(w, &f->fallback);
}

static void read_absent(struct sl_walk *w, const struct sl_field *f) /* [..., record] */
{
	if (f->has_fallback) {
		lua_rawgeti(w->L, w->anchors, f->anchor);
		push_fallback(w, f);
		lua_rawset(w->L, -3);
	} else if (!f->optional) {
		sl_walk_complain(w, f->node->expected, &(struct sl_complaint_at){ .level = w->level });
	}
}

/* The fast paths for what most fields are. */
static inline void read_field(struct sl_walk *w, const struct sl_field *f, struct sl_json_value v)
{
	size_t len;
	enum sl_json_type type = sl_json_type(v);
	if (f->memo != NULL && type == SL_JSON_STRING) {
		const char *text = sl_json_string(v, &len);
		sl_memo_push(w->L, w->anchors, f->memo, text, len);
	} else if (f->node->plain && f->node->kind == &sl_kind_integer && type == SL_JSON_INTEGER) {
		lua_pushinteger(w->L, (lua_Integer)sl_json_integer(v));
	} else {
		sl_walk_value(w, f->node, v);
	}
}

static void read_fields(struct sl_walk *w, const struct sl_record *r, const struct sl_json_value *found)
{
	struct sl_level level = { .up = w->level };
	/* cppcheck-suppress autoVariables ; taken back below */
	w->level = &level;
	for (size_t i = 0; i < r->names.count && !sl_walk_decided(w); i++) {
		const struct sl_field *f = &r->fields[i];
		level.key = r->names.names[i].text;
		level.len = r->names.names[i].len;
		if (found[i].json == NULL) {
			read_absent(w, f);
			continue;
		}
		lua_rawgeti(w->L, w->anchors, f->anchor);
		read_field(w, f, found[i]); /* [..., record, name, value] */
		lua_rawset(w->L, -3);
	}
	w->level = level.up;
}

static void read_found(struct sl_walk *w, const struct sl_record *r, struct sl_json_value v,
                       struct sl_json_value *found)
{
	for (size_t i = 0; i < r->names.count; i++)
		found[i].json = NULL;
	sl_walk_table(w, 0, r->names.count);
	if (r->order != 0) {
		lua_rawgeti(w->L, w->anchors, r->order);
		lua_setmetatable(w->L, -2);
	}
	find_fields(w, r, v, found);
	read_fields(w, r, found);
}

static void read_record(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_record *r = (const struct sl_record *)n;
	struct sl_json_value few[FEW_FIELDS];
	if (r->names.count <= FEW_FIELDS) {
		read_found(w, r, v, few);
		return;
	}
	read_found(w, r, v, lua_newuserdatauv(w->L, r->names.count * sizeof *few, 0));
	lua_remove(w->L, -2); /* [record] */
}

const struct sl_node_kind sl_kind_map = {
	"map", SL_MAY_BE(SL_JSON_OBJECT), sizeof(struct map), compile_map, read_map
};
const struct sl_node_kind sl_kind_record = {
	"record", SL_MAY_BE(SL_JSON_OBJECT), sizeof(struct sl_record), compile_record, read_record
};
