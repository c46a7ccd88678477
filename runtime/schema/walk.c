/* walk.c - see walk.h. Every read_ function pushes exactly one
 * value; where the type is violated, a placeholder that nobody will see. */
#include "schema/walk.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "json/equal.h"
#include "lua/memo.h"
#include "lua/value.h"
#include "schema/report.h"
#include "schema/scalar.h"
#include "schema/schema.h"

/* Records with more fields keep their places in a userdata. */
#define FEW_FIELDS 32

/* Slots of Lua's stack: a record has at most a room for its fields, itself, a
 * name; a report of a violation, or sl_value_push, some more. */
#define SLOTS_PER_LEVEL 4
#define SLOTS_AROUND 16

enum mode {
	REPORT, /* list every violation */
	COUNT,  /* only count them, and those below `base` */
	FIRST   /* only find out whether there is one */
};

struct walk {
	lua_State *L;
	const struct sl_schema *schema;
	const struct sl_level *level;
	int anchors, list; /* where on the stack; the list is nil before it is needed */
	size_t count;
	enum mode mode;
	const struct sl_level *base;
	size_t deep;
};

static void read_value(struct walk *w, const struct sl_node *n, struct sl_json_value v);

/* ---- violations ---- */

/* The phrase is an anchor. */
static void complain(struct walk *w, int phrase, const struct sl_complaint_at *c)
{
	w->deep += c->level != w->base;
	if (++w->count > SL_VIOLATIONS_LISTED || w->mode != REPORT)
		return;
	if (lua_isnil(w->L, w->list)) {
		lua_newtable(w->L);
		lua_replace(w->L, w->list);
	}
	lua_rawgeti(w->L, w->anchors, phrase);
	sl_report_push(w->L, c);
	lua_rawseti(w->L, w->list, (lua_Integer)w->count);
}

static void violated(struct walk *w, int phrase, struct sl_json_value v)
{
	complain(w, phrase, &(struct sl_complaint_at){ .level = w->level, .value = &v });
}

static void push_placeholder(struct walk *w)
{
	lua_pushboolean(w->L, false);
}

static void refuse(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	violated(w, n->expected, v);
	push_placeholder(w);
}

/* Take back what was said of a value that does not count after all. */
static void forget(struct walk *w, size_t count)
{
	for (; w->count > count; w->count--) {
		if (w->mode != REPORT || w->count > SL_VIOLATIONS_LISTED)
			continue;
		lua_pushnil(w->L);
		lua_rawseti(w->L, w->list, (lua_Integer)w->count);
	}
}

/* Nothing more needs to be known. */
static bool decided(const struct walk *w)
{
	return w->mode == FIRST && w->count > 0;
}

/* ---- scalars ---- */

static void read_boolean(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	if (sl_json_type(v) == SL_JSON_BOOLEAN)
		lua_pushboolean(w->L, sl_json_boolean(v));
	else
		refuse(w, n, v);
}

static void read_integer(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	int64_t value;
	if (sl_scalar_whole(v, &value) && (n->plain || sl_scalar_integer(&n->as.number, value)))
		lua_pushinteger(w->L, (lua_Integer)value);
	else
		refuse(w, n, v);
}

static void read_number(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	enum sl_json_type type = sl_json_type(v);
	if (type == SL_JSON_INTEGER && sl_scalar_integer(&n->as.number, sl_json_integer(v)))
		lua_pushinteger(w->L, (lua_Integer)sl_json_integer(v));
	else if (type == SL_JSON_FLOAT && isfinite(sl_json_float(v)) &&
	         sl_scalar_float(&n->as.number, sl_json_float(v)))
		lua_pushnumber(w->L, sl_json_float(v));
	else
		refuse(w, n, v);
}

/* Does the string on top match? */
static bool matches(struct walk *w, const struct sl_string *s)
{
	lua_State *L = w->L;
	lua_rawgeti(L, w->anchors, SL_ANCHOR_FIND);
	lua_pushvalue(L, -2);
	lua_rawgeti(L, w->anchors, s->pattern);
	lua_call(L, 2, 1);
	bool found = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return found;
}

static void read_string(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_string *s = &n->as.string;
	size_t len;
	if (sl_json_type(v) != SL_JSON_STRING) {
		refuse(w, n, v);
		return;
	}
	const char *text = sl_json_string(v, &len);
	lua_pushlstring(w->L, text, len);
	if (n->plain)
		return;
	if (!sl_scalar_string(s, text, len) || (s->pattern != 0 && !matches(w, s)))
		violated(w, n->expected, v);
}

/* ---- constants ---- */

/* A table is made anew each time: who gets it may change it. */
static void push_constant(struct walk *w, const struct sl_constant *c)
{
	if (lua_rawgeti(w->L, w->anchors, c->anchor) != LUA_TTABLE)
		return;
	lua_pop(w->L, 1);
	sl_value_push(w->L, w->schema->values[c->place]);
}

static void read_enum(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_enum *e = &n->as.choice;
	for (size_t i = 0; i < e->count; i++)
		if (sl_json_equal(v, w->schema->values[e->values[i].place])) {
			push_constant(w, &e->values[i]);
			return;
		}
	refuse(w, n, v);
}

/* ---- arrays ---- */

static void check_size(struct walk *w, const struct sl_node *n, struct sl_json_value v, size_t count,
                       size_t min, size_t max)
{
	if (count < min || count > max)
		violated(w, n->expected, v);
}

/* Elements by their hashes: 1 + index, 0 empty. */
struct seen {
	struct sl_json_value *values;
	uint32_t *slots;
	size_t mask;
};

static bool is_new(struct seen *s, size_t index)
{
	size_t i = sl_json_hash(s->values[index]) & s->mask;
	for (; s->slots[i] != 0; i = (i + 1) & s->mask)
		if (sl_json_equal(s->values[s->slots[i] - 1], s->values[index]))
			return false;
	s->slots[i] = (uint32_t)index + 1;
	return true;
}

/* Push the room for so many elements. */
static void push_seen(lua_State *L, struct seen *s, size_t count)
{
	size_t slots = 4;
	while (slots < 2 * count)
		slots *= 2;
	size_t size = count * sizeof *s->values + slots * sizeof *s->slots;
	s->values = lua_newuserdatauv(L, size, 0);
	s->slots = (uint32_t *)(s->values + count);
	memset(s->slots, 0, slots * sizeof *s->slots);
	s->mask = slots - 1;
}

static void check_unique(struct walk *w, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_level level = { .up = w->level };
	struct seen seen;
	push_seen(w->L, &seen, sl_json_count(v));
	w->level = &level;
	while (!decided(w) && sl_json_next(&it, NULL, NULL, &seen.values[level.index])) {
		if (!is_new(&seen, level.index))
			violated(w, SL_ANCHOR_UNIQUE, seen.values[level.index]);
		level.index++;
	}
	w->level = level.up;
	lua_pop(w->L, 1);
}

static int hint(size_t count)
{
	return count > INT_MAX ? INT_MAX : (int)count;
}

static void read_elements(struct walk *w, const struct sl_array *a, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value element;
	struct sl_level level = { .up = w->level };
	w->level = &level;
	while (!decided(w) && sl_json_next(&it, NULL, NULL, &element)) {
		read_value(w, a->items, element);
		lua_rawseti(w->L, -2, (lua_Integer)++level.index);
	}
	w->level = level.up;
}

static void read_array(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_array *a = &n->as.array;
	if (sl_json_type(v) != SL_JSON_ARRAY) {
		refuse(w, n, v);
		return;
	}
	size_t count = sl_json_count(v);
	check_size(w, n, v, count, a->min, a->max);
	lua_createtable(w->L, hint(count), 0);
	read_elements(w, a, v);
	if (a->unique && !decided(w))
		check_unique(w, v);
	lua_rawgeti(w->L, w->anchors, SL_ANCHOR_ARRAY);
	lua_setmetatable(w->L, -2);
}

/* ---- maps ---- */

/* Of duplicate keys the last one counts: what an earlier one does wrong does
 * not matter. */
static bool is_overridden(struct sl_json_value object, const char *key, size_t len,
                          struct sl_json_value v)
{
	struct sl_json_value last = v;
	sl_json_field(object, key, len, &last);
	return last.at != v.at;
}

/* Read a member of an object as n says, into the table on top. */
static void read_member(struct walk *w, const struct sl_node *n, struct sl_json_value object,
                        const char *key, size_t len, struct sl_json_value v)
{
	struct sl_level level = { .up = w->level, .key = key, .len = len };
	size_t before = w->count, deep = w->deep;
	w->level = &level;
	lua_pushlstring(w->L, key, len);
	read_value(w, n, v);
	lua_rawset(w->L, -3);
	w->level = level.up;
	if (w->count > before && is_overridden(object, key, len, v)) {
		forget(w, before);
		w->deep = deep;
	}
}

/* The key as a value of its own: strings are all that there can be. */
static void check_key(struct walk *w, const struct sl_node *keys, const char *key, size_t len)
{
	struct sl_level level = { .up = w->level, .key = key, .len = len };
	bool fits = keys->kind == SL_NODE_STRING && sl_scalar_string(&keys->as.string, key, len);
	if (fits && keys->as.string.pattern != 0) {
		lua_pushlstring(w->L, key, len);
		fits = matches(w, &keys->as.string);
		lua_pop(w->L, 1);
	}
	if (!fits)
		complain(w, keys->expected,
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

static void read_map(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_map *m = &n->as.map;
	struct sl_json_value value;
	const char *key;
	size_t len;
	if (sl_json_type(v) != SL_JSON_OBJECT) {
		refuse(w, n, v);
		return;
	}
	struct sl_json_iter it = sl_json_children(v);
	lua_createtable(w->L, 0, hint(sl_json_count(v)));
	while (!decided(w) && sl_json_next(&it, &key, &len, &value)) {
		if (m->keys != NULL && !is_overridden(v, key, len, value))
			check_key(w, m->keys, key, len);
		read_member(w, m->values, v, key, len, value);
	}
	if (!decided(w) && (m->min > 0 || m->max < SIZE_MAX))
		check_size(w, n, v, count_fields(w->L), m->min, m->max);
}

/* ---- records ---- */

static void read_unknown(struct walk *w, const struct sl_record *r, struct sl_json_value object,
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
		complain(w, SL_ANCHOR_UNKNOWN, &(struct sl_complaint_at){ .level = &level, .value = &v });
	}
}

/* Find the declared fields; what is not declared is seen to at once. */
static void find_fields(struct walk *w, const struct sl_record *r, struct sl_json_value v,
                        struct sl_json_value *found)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value other;
	const char *key;
	size_t len;
	bool drop = r->unknown == SL_UNKNOWN_DROP;
	while (sl_names_find(&r->names, &it, found, drop ? NULL : &key, &len, &other) && !decided(w))
		read_unknown(w, r, v, key, len, other);
}

static void read_absent(struct walk *w, const struct sl_field *f) /* [..., record] */
{
	if (f->has_fallback) {
		lua_rawgeti(w->L, w->anchors, f->anchor);
		push_constant(w, &f->fallback);
		lua_rawset(w->L, -3);
	} else if (!f->optional) {
		complain(w, f->node->expected, &(struct sl_complaint_at){ .level = w->level });
	}
}

/* What most fields are takes no further look. */
static inline void read_field(struct walk *w, const struct sl_field *f, struct sl_json_value v)
{
	size_t len;
	enum sl_json_type type = sl_json_type(v);
	if (f->memo != NULL && type == SL_JSON_STRING) {
		const char *text = sl_json_string(v, &len);
		sl_memo_push(w->L, w->anchors, f->memo, text, len);
	} else if (f->node->plain && f->node->kind == SL_NODE_INTEGER && type == SL_JSON_INTEGER) {
		lua_pushinteger(w->L, (lua_Integer)sl_json_integer(v));
	} else {
		read_value(w, f->node, v);
	}
}

static void read_fields(struct walk *w, const struct sl_record *r, const struct sl_json_value *found)
{
	struct sl_level level = { .up = w->level };
	/* cppcheck-suppress autoVariables ; taken back below */
	w->level = &level;
	for (size_t i = 0; i < r->names.count && !decided(w); i++) {
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

static void read_found(struct walk *w, const struct sl_record *r, struct sl_json_value v,
                       struct sl_json_value *found)
{
	for (size_t i = 0; i < r->names.count; i++)
		found[i].json = NULL;
	lua_createtable(w->L, 0, hint(r->names.count));
	find_fields(w, r, v, found);
	read_fields(w, r, found);
}

static void read_record(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_record *r = &n->as.record;
	struct sl_json_value few[FEW_FIELDS];
	if (sl_json_type(v) != SL_JSON_OBJECT) {
		refuse(w, n, v);
		return;
	}
	if (r->names.count <= FEW_FIELDS) {
		read_found(w, r, v, few);
		return;
	}
	read_found(w, r, v, lua_newuserdatauv(w->L, r->names.count * sizeof *few, 0));
	lua_remove(w->L, -2); /* [record] */
}

/* ---- unions ---- */

static bool may_be(const struct sl_node *n, struct sl_json_value v)
{
	return n->types >> sl_json_type(v) & 1;
}

/* Read v as n in a mode of its own: the value is pushed, what was found is in
 * *found. */
static void try(struct walk *w, const struct sl_node *n, struct sl_json_value v, enum mode mode,
                struct walk *found)
{
	*found = *w;
	found->mode = mode;
	found->count = found->deep = 0;
	found->base = w->level;
	read_value(found, n, v);
}

/* The alternative whose violations lie within the value, not at its own place,
 * and are fewest: it is the one that was meant. NULL: none. */
static const struct sl_node *meant(struct walk *w, const struct sl_union *u, struct sl_json_value v)
{
	const struct sl_node *best = NULL;
	size_t least = SIZE_MAX;
	struct walk found;
	for (size_t i = 0; i < u->count; i++) {
		if (!may_be(u->alternatives[i], v))
			continue;
		try(w, u->alternatives[i], v, COUNT, &found);
		lua_pop(w->L, 1);
		if (found.deep == found.count && found.count < least) {
			least = found.count;
			best = u->alternatives[i];
		}
	}
	return best;
}

static void read_union(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_union *u = &n->as.either;
	struct walk found;
	for (size_t i = 0; i < u->count; i++) {
		if (!may_be(u->alternatives[i], v))
			continue;
		try(w, u->alternatives[i], v, FIRST, &found);
		if (found.count == 0)
			return;
		lua_pop(w->L, 1);
	}
	const struct sl_node *best = w->mode == REPORT ? meant(w, u, v) : NULL;
	if (best != NULL)
		read_value(w, best, v);
	else
		refuse(w, n, v);
}

/* ---- values ---- */

static void read_any(struct walk *w, struct sl_json_value v)
{
	size_t len;
	const char *text;
	if (sl_json_type(v) == SL_JSON_STRING) {
		text = sl_json_string(v, &len);
		lua_pushlstring(w->L, text, len);
	} else if (sl_json_type(v) == SL_JSON_INTEGER) {
		lua_pushinteger(w->L, (lua_Integer)sl_json_integer(v));
	} else {
		sl_value_push(w->L, v);
	}
}

static void read_null(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	if (sl_json_type(v) == SL_JSON_NULL)
		lua_pushlightuserdata(w->L, NULL);
	else
		refuse(w, n, v);
}

static void read_value(struct walk *w, const struct sl_node *n, struct sl_json_value v)
{
	if (n->nullable && sl_json_type(v) == SL_JSON_NULL) {
		lua_pushlightuserdata(w->L, NULL);
		return;
	}
	switch (n->kind) {
	case SL_NODE_NULL:
		read_null(w, n, v);
		break;
	case SL_NODE_BOOLEAN:
		read_boolean(w, n, v);
		break;
	case SL_NODE_INTEGER:
		read_integer(w, n, v);
		break;
	case SL_NODE_NUMBER:
		read_number(w, n, v);
		break;
	case SL_NODE_STRING:
		read_string(w, n, v);
		break;
	case SL_NODE_ARRAY:
		read_array(w, n, v);
		break;
	case SL_NODE_MAP:
		read_map(w, n, v);
		break;
	case SL_NODE_RECORD:
		read_record(w, n, v);
		break;
	case SL_NODE_ENUM:
		read_enum(w, n, v);
		break;
	case SL_NODE_UNION:
		read_union(w, n, v);
		break;
	default:
		read_any(w, v);
	}
}

size_t sl_walk_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root)
{
	struct walk w = { .L = L, .schema = s, .mode = REPORT };
	if (!lua_checkstack(L, SLOTS_AROUND + s->root->height * SLOTS_PER_LEVEL))
		luaL_error(L, "no room on the Lua stack for a value");
	w.anchors = lua_gettop(L);
	w.list = w.anchors + 1;
	lua_pushnil(L);
	read_value(&w, s->root, root); /* [anchors, list, value] */
	if (w.count > 0)
		lua_pushvalue(L, w.list);
	return w.count;
}
