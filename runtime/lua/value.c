/* value.c - see value.h. Tables are read and written raw: no metamethod of the user
 * runs in here. A finalizer may, whenever Lua allocates. */
#include "lua/value.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "json/pointer.h"
#include "lua/codec.h"
#include "lua/decimal.h"
#include "lua/error.h"
#include "lua/members.h"
#include "lua/memo.h"

#define CODEC lua_upvalueindex(1)
#define ARRAY "sluice.array"

#define MIXED_KEYS "a table with string keys and others is neither an array nor an object"

/* ---- JSON to Lua ---- */

/* Recurring strings, that is field names and short values: a userdata in the registry.
 * Each memo has a table that holds its strings. */
struct sl_value_strings {
	int names_ref, values_ref; /* in the registry */
	struct sl_memo *names, *values;
};

struct decoder {
	lua_State *L;
	struct sl_value_strings *strings;
	int names, values; /* stack indices of their tables */
	int metatable;     /* stack index of that of arrays, nil at first */
};

static void push_value(struct decoder *d, struct sl_json_value v);

static int size_hint(size_t count)
{
	return count > INT_MAX ? INT_MAX : (int)count;
}

static void mark_array(struct decoder *d)
{
	if (lua_isnil(d->L, d->metatable)) {
		sl_value_push_array_metatable(d->L);
		lua_replace(d->L, d->metatable);
	}
	lua_pushvalue(d->L, d->metatable);
	lua_setmetatable(d->L, -2);
}

static void push_array(struct decoder *d, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value element;
	lua_createtable(d->L, size_hint(sl_json_count(v)), 0);
	for (lua_Integer i = 1; sl_json_next(&it, NULL, NULL, &element); i++) {
		push_value(d, element); /* [array, element] */
		lua_rawseti(d->L, -2, i);
	}
	mark_array(d);
}

static void push_object(struct decoder *d, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value field;
	const char *key;
	size_t len;
	lua_createtable(d->L, 0, size_hint(sl_json_count(v)));
	while (sl_json_next(&it, &key, &len, &field)) {
		sl_memo_push(d->L, d->names, d->strings->names, key, len);
		push_value(d, field); /* [object, key, field] */
		lua_rawset(d->L, -3);
	}
}

static void push_scalar(struct decoder *d, struct sl_json_value v, enum sl_json_type type)
{
	lua_State *L = d->L;
	const char *s;
	size_t len;
	switch (type) {
	case SL_JSON_BOOLEAN:
		lua_pushboolean(L, sl_json_boolean(v));
		break;
	case SL_JSON_INTEGER:
		lua_pushinteger(L, (lua_Integer)sl_json_integer(v));
		break;
	case SL_JSON_FLOAT:
		lua_pushnumber(L, sl_json_float(v));
		break;
	case SL_JSON_DECIMAL:
		sl_decimal_push_value(L, v);
		break;
	case SL_JSON_STRING:
		s = sl_json_string(v, &len);
		sl_memo_push(L, d->values, d->strings->values, s, len);
		break;
	default:
		lua_pushlightuserdata(L, NULL);
	}
}

static void push_value(struct decoder *d, struct sl_json_value v)
{
	enum sl_json_type type = sl_json_type(v);
	if (type != SL_JSON_ARRAY && type != SL_JSON_OBJECT) {
		push_scalar(d, v, type);
		return;
	}
	luaL_checkstack(d->L, 6, "JSON nested too deeply");
	if (type == SL_JSON_ARRAY)
		push_array(d, v);
	else
		push_object(d, v);
}

void sl_value_push_with(lua_State *L, struct sl_value_strings *s, struct sl_json_value v)
{
	luaL_checkstack(L, 8, "a JSON value");
	lua_pushnil(L);
	lua_rawgeti(L, LUA_REGISTRYINDEX, s->names_ref);
	lua_rawgeti(L, LUA_REGISTRYINDEX, s->values_ref);
	int top = lua_gettop(L);
	struct decoder d = { L, s, top - 1, top, top - 2 };
	push_value(&d, v); /* [metatable or nil, names, values, value] */
	lua_replace(L, top - 2);
	lua_settop(L, top - 2);
}

void sl_value_push_string(lua_State *L, struct sl_value_strings *s, int values, struct sl_json_value v)
{
	size_t len;
	const char *text = sl_json_string(v, &len);
	sl_memo_push(L, values, s->values, text, len);
}

void sl_value_push_values(lua_State *L, struct sl_value_strings *s)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, s->values_ref);
}

void sl_value_push(lua_State *L, struct sl_json_value v)
{
	sl_value_push_with(L, sl_value_strings(L), v);
}

/* ---- recurring strings ---- */

#define NAMES 128 /* a power of 2 */
#define VALUES 256

static const char strings_key; /* its address is a key in the registry */

/* Makes a memo in user value i of the userdata on top. *ref: its table in the registry. */
static struct sl_memo *make_memo(lua_State *L, int i, int count, int *ref) /* [..., strings] */
{
	struct sl_memo *memo = lua_newuserdatauv(L, SL_MEMO_SIZE((size_t)count), 0);
	memset(memo, 0, SL_MEMO_SIZE((size_t)count));
	memo->anchor = 1;
	memo->mask = (size_t)count - 1;
	lua_setiuservalue(L, -2, i);
	lua_createtable(L, count, 0);
	for (int place = 1; place <= count; place++) {
		lua_pushboolean(L, false);
		lua_rawseti(L, -2, place);
	}
	*ref = luaL_ref(L, LUA_REGISTRYINDEX);
	return memo;
}

struct sl_value_strings *sl_value_strings(lua_State *L)
{
	luaL_checkstack(L, 6, "strings");
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &strings_key) == LUA_TNIL) {
		lua_pop(L, 1);
		struct sl_value_strings *s = lua_newuserdatauv(L, sizeof *s, 2);
		s->names = make_memo(L, 1, NAMES, &s->names_ref);
		s->values = make_memo(L, 2, VALUES, &s->values_ref);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &strings_key);
	}
	struct sl_value_strings *s = lua_touserdata(L, -1);
	lua_pop(L, 1); /* the registry keeps it */
	return s;
}

/* ---- the path to a value that cannot be written ---- */

/* A table being written, innermost first; they live on the C stack. */
struct level {
	const struct level *up;
	const void *table;
	int key;              /* stack index of the current key, or 0 */
	lua_Integer position; /* of the current element, in an array */
};

struct encoder {
	lua_State *L;
	struct sl_json_writer *writer;
	const struct level *level;
	int metatable; /* stack index of the array metatable */
	struct sl_error err;
};

struct path {
	char text[256];
	size_t len;
};

static void add_levels(lua_State *L, struct path *p, const struct level *l)
{
	char digits[24];
	if (l == NULL)
		return;
	add_levels(L, p, l->up);
	if (l->key == 0 && l->position == 0)
		return; /* the table itself is at fault */
	if (p->len + 2 < sizeof p->text)
		p->text[p->len++] = '/';
	size_t len;
	const char *token = digits;
	if (l->key != 0)
		token = lua_tolstring(L, l->key, &len); /* a string: not converted */
	else
		len = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)l->position - 1);
	p->len += sl_pointer_put(p->text + p->len, sizeof p->text - p->len - 1, token, len);
}

/* Adds the path to the message. Returns -1. */
static int located(struct encoder *e)
{
	struct path path = { .len = 0 };
	char quoted[sizeof path.text];
	add_levels(e->L, &path, e->level);
	size_t used = strlen(e->err.message);
	if (path.len > 0)
		snprintf(e->err.message + used, sizeof e->err.message - used, ", at %s",
		         sl_quote(quoted, sizeof quoted, path.text, path.len));
	return -1;
}

static int refuse(struct encoder *e, const char *what)
{
	sl_fail(&e->err, SL_ROW_MALFORMED, 0, "%s", what);
	return located(e);
}

static int written(struct encoder *e, int rc)
{
	return rc == 0 ? 0 : located(e);
}

/* ---- Lua to JSON ---- */

static int encode_value(struct encoder *e, int index);

/* Says why a table whose keys are not 1..n is not an array: the most serious reason,
 * not the first that next() finds. */
static int refuse_array(struct encoder *e, int index)
{
	bool strings = false, others = false;
	lua_pop(e->L, 1); /* the key that was reached */
	lua_pushnil(e->L);
	while (lua_next(e->L, index)) {
		lua_pop(e->L, 1); /* [key] */
		strings = strings || lua_type(e->L, -1) == LUA_TSTRING;
		others = others || !lua_isinteger(e->L, -1) || lua_tointeger(e->L, -1) < 1;
	}
	if (strings)
		return refuse(e, MIXED_KEYS);
	return refuse(e, others ? "an array has only the keys 1, 2, 3, …"
	                        : "an array must not have holes");
}

/* Are the keys exactly 1..n? They are if there are n of them, all within 1..n. */
static int check_array(struct encoder *e, int index, lua_Integer n)
{
	lua_Integer count = 0;
	lua_pushnil(e->L);
	for (; lua_next(e->L, index); count++) {
		lua_pop(e->L, 1); /* [key] */
		lua_Integer i = lua_isinteger(e->L, -1) ? lua_tointeger(e->L, -1) : 0;
		if (i < 1 || i > n)
			return refuse_array(e, index);
	}
	return count == n ? 0 : refuse(e, "an array must not have holes");
}

static int encode_array(struct encoder *e, int index, struct level *l)
{
	lua_Integer n = (lua_Integer)lua_rawlen(e->L, index);
	if (check_array(e, index, n) != 0 ||
	    written(e, sl_json_open_array(e->writer, &e->err)) != 0)
		return -1;
	for (l->position = 1; l->position <= n; l->position++) {
		lua_rawgeti(e->L, index, l->position); /* [element] */
		if (encode_value(e, lua_gettop(e->L)) != 0)
			return -1;
		lua_pop(e->L, 1);
	}
	return written(e, sl_json_close_array(e->writer, &e->err));
}

/* A field of a table: its key is on the stack at `at`, followed by its value. */
struct field {
	const char *key;
	size_t len;
	lua_Integer rank; /* in the table's own order; LUA_MAXINTEGER: none */
	int at;
};

static bool comes_before(const struct field *a, const struct field *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->key[0] != b->key[0]) /* terminated, like all Lua strings */
		return (unsigned char)a->key[0] < (unsigned char)b->key[0];
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	return order != 0 ? order < 0 : a->len < b->len;
}

static int compare_fields(const void *a, const void *b)
{
	return comes_before(a, b) ? -1 : 1; /* no two are the same */
}

/* Insertion sort: there are few fields, and those of a row are often in order. */
static void insert(struct field *fields, size_t count, struct field f)
{
	for (; count > 0 && comes_before(&f, &fields[count - 1]); count--)
		fields[count] = fields[count - 1];
	fields[count] = f;
}

static const char order_key; /* its address is the key of { name = rank } in a metatable */

void sl_value_push_order(lua_State *L) /* [ranks] -> [metatable] */
{
	lua_createtable(L, 0, 1);
	lua_insert(L, -2);
	lua_rawsetp(L, -2, &order_key);
}

/* Push the ranks of the fields of a table, or nil. */
static bool push_ranks(lua_State *L, int index)
{
	if (!lua_getmetatable(L, index)) {
		lua_pushnil(L);
		return false;
	}
	bool has = lua_rawgetp(L, -1, &order_key) == LUA_TTABLE;
	lua_replace(L, -2);
	return has;
}

static lua_Integer rank_of(lua_State *L, int ranks, int key)
{
	lua_pushvalue(L, key);
	lua_rawget(L, ranks);
	lua_Integer rank = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : LUA_MAXINTEGER;
	lua_pop(L, 1);
	return rank;
}

/* Reads the field whose key and value are on top, from f->at. Returns false if the key is not a string. */
static bool read_field(lua_State *L, int ranks, struct field *f)
{
	if (lua_type(L, f->at) != LUA_TSTRING)
		return false;
	f->key = lua_tolstring(L, f->at, &f->len);
	f->rank = ranks != 0 ? rank_of(L, ranks, f->at) : LUA_MAXINTEGER;
	return true;
}

#define FEW 24 /* fields that are sorted by insertion */

/* Pushes the keys and values of all fields; few has room for FEW. Returns the fields in
 * order, or NULL if a key is not a string. */
static struct field *push_fields(struct encoder *e, int index, struct field *few, size_t *count)
{
	lua_State *L = e->L;
	struct field *fields = few, f;
	int ranks = push_ranks(L, index) ? lua_gettop(L) : 0;
	size_t n = 0, capacity = FEW;
	lua_pushnil(L); /* room for a larger list, at ranks + 1 */
	int room = lua_gettop(L);
	luaL_checkstack(L, 2 * FEW + 6, "a table with many fields");
	lua_pushnil(L);
	while (lua_next(L, index)) { /* [..., key, value] */
		f.at = room + 1 + 2 * (int)n;
		if (!read_field(L, ranks, &f))
			return NULL;
		if (n == capacity) {
			struct field *more = lua_newuserdatauv(L, 2 * capacity * sizeof *more, 0);
			memcpy(more, fields, n * sizeof *more);
			lua_replace(L, room);
			fields = more;
			capacity *= 2;
		}
		if (n < FEW)
			insert(fields, n, f);
		else
			fields[n] = f;
		if (++n >= FEW)
			luaL_checkstack(L, 6, "a table with many fields");
		lua_pushvalue(L, f.at);
	}
	if (n > FEW)
		qsort(fields, n, sizeof *fields, compare_fields);
	*count = n;
	return fields;
}

static int encode_field(struct encoder *e, const struct field *f, struct level *l)
{
	l->key = f->at;
	if (written(e, sl_json_write_key(e->writer, f->key, f->len, &e->err)) != 0 ||
	    encode_value(e, f->at + 1) != 0)
		return -1;
	l->key = 0;
	return 0;
}

/* Fields are written in a fixed order, independent of that of next(). */
static int encode_object(struct encoder *e, int index, struct level *l)
{
	struct field few[FEW];
	size_t count;
	int top = lua_gettop(e->L);
	if (written(e, sl_json_open_object(e->writer, &e->err)) != 0)
		return -1;
	const struct field *fields = push_fields(e, index, few, &count);
	if (fields == NULL)
		return refuse(e, MIXED_KEYS);
	for (size_t i = 0; i < count; i++)
		if (encode_field(e, &fields[i], l) != 0)
			return -1;
	lua_settop(e->L, top);
	return written(e, sl_json_close_object(e->writer, &e->err));
}

/* Is it marked, or is its first key not a string? */
static bool looks_like_array(struct encoder *e, int index)
{
	if (lua_getmetatable(e->L, index)) {
		bool marked = lua_rawequal(e->L, -1, e->metatable);
		lua_pop(e->L, 1);
		if (marked)
			return true;
	}
	lua_pushnil(e->L);
	if (!lua_next(e->L, index))
		return false;
	bool is_string = lua_type(e->L, -2) == LUA_TSTRING;
	lua_pop(e->L, 2);
	return !is_string;
}

static bool is_open(const struct encoder *e, const void *table)
{
	for (const struct level *l = e->level; l != NULL; l = l->up)
		if (l->table == table)
			return true;
	return false;
}

static int encode_table(struct encoder *e, int index)
{
	struct level l = { e->level, lua_topointer(e->L, index), 0, 0 };
	if (is_open(e, l.table))
		return refuse(e, "a table that contains itself cannot be written as JSON");
	luaL_checkstack(e->L, 6, "table nested too deeply");
	e->level = &l;
	int rc = looks_like_array(e, index) ? encode_array(e, index, &l)
	                                    : encode_object(e, index, &l);
	e->level = l.up;
	return rc;
}

static int encode_number(struct encoder *e, int index)
{
	if (lua_isinteger(e->L, index))
		return sl_json_write_integer(e->writer, lua_tointeger(e->L, index), &e->err);
	return sl_json_write_float(e->writer, lua_tonumber(e->L, index), &e->err);
}

static int encode_string(struct encoder *e, int index)
{
	size_t len;
	const char *s = lua_tolstring(e->L, index, &len);
	return sl_json_write_string(e->writer, s, len, &e->err);
}

static int refuse_type(struct encoder *e, int index)
{
	sl_fail(&e->err, SL_ROW_MALFORMED, 0, "a %s cannot be written as JSON",
	        luaL_typename(e->L, index));
	return located(e);
}

static int encode_decimal(struct encoder *e, int index)
{
	struct sl_text t = sl_decimal_test(e->L, index);
	return t.bytes != NULL ? written(e, sl_json_write_number(e->writer, t.bytes, t.len, &e->err)) : refuse_type(e, index);
}

static int encode_value(struct encoder *e, int index)
{
	switch (lua_type(e->L, index)) {
	case LUA_TBOOLEAN:
		return written(e, sl_json_write_boolean(e->writer, lua_toboolean(e->L, index), &e->err));
	case LUA_TNUMBER:
		return written(e, encode_number(e, index));
	case LUA_TSTRING:
		return written(e, encode_string(e, index));
	case LUA_TTABLE:
		return encode_table(e, index);
	case LUA_TUSERDATA:
		return encode_decimal(e, index);
	case LUA_TLIGHTUSERDATA:
		if (lua_touserdata(e->L, index) == NULL)
			return written(e, sl_json_write_null(e->writer, &e->err));
		return refuse_type(e, index);
	default:
		return refuse_type(e, index);
	}
}

int sl_value_encode(lua_State *L, int index, struct sl_json_writer *w,
                    struct sl_buffer *out, struct sl_error *err)
{
	size_t before = sl_buffer_len(out);
	int top = lua_gettop(L);
	luaL_checkstack(L, 6, "a JSON value");
	index = lua_absindex(L, index);
	sl_value_push_array_metatable(L);
	struct encoder e; /* no initialiser: it would also zero the error's 3 KB */
	e.L = L;
	e.writer = w;
	e.level = NULL;
	e.metatable = top + 1;
	sl_error_clear(&e.err);
	sl_json_writer_begin(w, out);
	int rc = encode_value(&e, index);
	lua_settop(L, top);
	if (rc != 0)
		out->end = out->start + before;
	if (rc != 0 && err != NULL && err->kind == SL_NONE)
		*err = e.err;
	return rc;
}

/* ---- the module ---- */

/* Files from other systems may begin with one. */
static const char *after_byte_order_mark(const char *text, size_t *len)
{
	bool marked = *len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
	*len -= marked ? 3 : 0;
	return text + (marked ? 3 : 0);
}

static int json_decode(lua_State *L)
{
	SL_ERROR(err);
	size_t len;
	luaL_checktype(L, 1, LUA_TSTRING);
	const char *text = after_byte_order_mark(lua_tolstring(L, 1, &len), &len);
	struct sl_codec *c = sl_codec_take(L, CODEC);
	int rc = sl_json_parse_copy(c->json, text, len, &err);
	if (rc == 0)
		sl_value_push(L, sl_json_root(c->json));
	sl_codec_put_back(c, len);
	return rc == 0 ? 1 : sl_lua_error_return(L, &err);
}

static int json_encode(lua_State *L)
{
	SL_ERROR(err);
	luaL_checkany(L, 1);
	struct sl_codec *c = sl_codec_take(L, CODEC);
	sl_buffer_consume(&c->out, sl_buffer_len(&c->out));
	int rc = sl_value_encode(L, 1, c->writer, &c->out, &err);
	size_t len = sl_buffer_len(&c->out);
	if (rc == 0)
		lua_pushlstring(L, sl_buffer_data(&c->out), len);
	sl_buffer_consume(&c->out, len);
	sl_codec_put_back(c, len);
	return rc == 0 ? 1 : sl_lua_error_return(L, &err);
}

/* Is the value at index marked? Pushes nothing. */
static bool is_array(lua_State *L, int index)
{
	if (lua_type(L, index) != LUA_TTABLE || !lua_getmetatable(L, index))
		return false;
	sl_value_push_array_metatable(L); /* [its, ours] */
	bool same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

static int json_array(lua_State *L)
{
	if (lua_isnoneornil(L, 1)) {
		lua_settop(L, 0);
		lua_newtable(L);
	}
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (lua_getmetatable(L, 1)) {
		luaL_argcheck(L, is_array(L, 1), 1, "the table has another metatable");
		lua_settop(L, 1);
	}
	sl_value_push_array_metatable(L);
	lua_setmetatable(L, 1);
	return 1;
}

static int json_is_array(lua_State *L)
{
	luaL_checkany(L, 1);
	lua_pushboolean(L, is_array(L, 1));
	return 1;
}

void sl_value_push_array_metatable(lua_State *L)
{
	luaL_newmetatable(L, ARRAY); /* sets __name */
}

static void add_with_codec(lua_State *L, const char *name, lua_CFunction function)
{
	lua_pushnil(L); /* the codec, made on first use */
	lua_pushcclosure(L, function, 1);
	lua_setfield(L, -2, name);
}

int sl_value_open(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "array", json_array },
		{ "is_array", json_is_array },
		{ NULL, NULL },
	};
	luaL_newlib(L, functions);
	add_with_codec(L, "decode", json_decode);
	add_with_codec(L, "encode", json_encode);
	lua_pushlightuserdata(L, NULL);
	lua_setfield(L, -2, "null");
	sl_members_close(L, "sluice.json", 0);
	return 1;
}
