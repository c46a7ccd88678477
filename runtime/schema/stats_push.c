/* stats_push.c - see stats.h: the result, as Lua tables */
#include <math.h>

#include <lauxlib.h>

#include "base/utf8.h"
#include "json/pointer.h"
#include "schema/stats_place.h"

static void set_count(lua_State *L, const char *name, uint64_t n)
{
	lua_pushinteger(L, (lua_Integer)n);
	lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text, size_t len)
{
	lua_pushlstring(L, text, len);
	lua_setfield(L, -2, name);
}

static void set_true(lua_State *L, const char *name, bool is_so)
{
	if (!is_so)
		return;
	lua_pushboolean(L, true);
	lua_setfield(L, -2, name);
}

/* How many bytes of a text's kept beginning can be shown without splitting a character. */
static size_t whole(const char *text, size_t len, bool is_cut)
{
	size_t last = len;
	if (!is_cut)
		return len;
	while (last > 0 && len - last < 3 && ((unsigned char)text[last - 1] & 0xC0) == 0x80)
		last--;
	size_t begins = last > 0 ? last - 1 : 0;
	return sl_utf8_length(text + begins, len - begins) > 0 ? len : begins;
}

/* ---- types ---- */

static void set_type(lua_State *L, const char *name, uint64_t n)
{
	if (n > 0)
		set_count(L, name, n);
}

static void push_types(lua_State *L, const struct sl_stats_place *p)
{
	const uint64_t *counts = p->counts;
	lua_createtable(L, 0, 3);
	set_type(L, "null", counts[SL_JSON_NULL]);
	set_type(L, "boolean", counts[SL_JSON_BOOLEAN]);
	set_type(L, "integer", counts[SL_JSON_INTEGER] + p->large);
	set_type(L, "number", counts[SL_JSON_FLOAT] + counts[SL_JSON_DECIMAL] - p->large);
	set_type(L, "string", counts[SL_JSON_STRING]);
	set_type(L, "array", counts[SL_JSON_ARRAY]);
	set_type(L, "object", counts[SL_JSON_OBJECT]);
	lua_setfield(L, -2, "types");
}

static uint64_t total(const struct sl_stats_place *p)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < SL_STATS_TYPES; i++)
		sum += p->counts[i];
	return sum;
}

/* ---- extremes ---- */

static void set_number(lua_State *L, const char *name, const char *cut_name, const struct sl_number *n)
{
	if (n->is_integer) {
		lua_pushfstring(L, "%I", (LUAI_UACINT)n->integer);
		lua_setfield(L, -2, name);
		return;
	}
	set_text(L, name, n->text.bytes, n->text.len);
	set_true(L, cut_name, n->is_cut);
}

static void push_numbers(lua_State *L, const struct sl_numbers *n)
{
	double mean = sl_numbers_mean(n);
	lua_createtable(L, 0, 3);
	set_number(L, "min", "min_cut", &n->min);
	set_number(L, "max", "max_cut", &n->max);
	if (isfinite(mean)) {
		lua_pushnumber(L, mean);
		lua_setfield(L, -2, "mean");
	}
	lua_setfield(L, -2, "numbers");
}

static void set_start(lua_State *L, const char *name, const char *cut_name, const struct sl_string_start *s)
{
	size_t len = whole(s->bytes, s->len, s->is_cut);
	set_text(L, name, s->bytes, len);
	set_true(L, cut_name, s->is_cut);
}

static void push_strings(lua_State *L, const struct sl_strings *s)
{
	lua_createtable(L, 0, 4);
	set_start(L, "min", "min_cut", &s->min);
	set_start(L, "max", "max_cut", &s->max);
	set_count(L, "min_length", s->min_length);
	set_count(L, "max_length", s->max_length);
	lua_setfield(L, -2, "strings");
}

static void push_arrays(lua_State *L, const struct sl_stats_place *p)
{
	lua_createtable(L, 0, 2);
	set_count(L, "min_items", p->min_items);
	set_count(L, "max_items", p->max_items);
	lua_setfield(L, -2, "arrays");
}

/* ---- values ---- */

static void push_bytes(lua_State *L, const struct sl_frequent_value *v)
{
	bool is_cut = v->len > sizeof v->bytes;
	size_t len = whole(v->bytes, is_cut ? sizeof v->bytes : v->len, is_cut);
	set_text(L, "text", v->bytes, len);
	set_true(L, "cut", is_cut);
}

static void push_float(lua_State *L, const struct sl_frequent_value *v)
{
	char text[SL_JSON_FLOAT_ROOM];
	double d;
	memcpy(&d, v->bytes, sizeof d);
	set_text(L, "text", text, sl_json_print_float(d, text));
}

static void push_value(lua_State *L, const struct sl_frequent_value *v)
{
	switch (v->type) {
	case SL_JSON_BOOLEAN:
		lua_pushstring(L, v->bytes[0] ? "true" : "false");
		lua_setfield(L, -2, "text");
		break;
	case SL_JSON_INTEGER:
		lua_pushfstring(L, "%I", (LUAI_UACINT)sl_stats_integer(v->bytes));
		lua_setfield(L, -2, "text");
		break;
	case SL_JSON_FLOAT:
		push_float(L, v);
		break;
	default:
		push_bytes(L, v);
	}
}

static const char *type_of(unsigned char type)
{
	bool is_number = sl_json_is_number((enum sl_json_type)type);
	return is_number ? "number" : sl_json_type_name((enum sl_json_type)type);
}

static void push_frequent(lua_State *L, const struct sl_stats_place *p, size_t most)
{
	const struct sl_frequent *f = &p->frequent;
	uint16_t top[SL_FREQUENT_VALUES];
	uint64_t above = p->distinct != NULL ? total(p) / SL_FREQUENT_VALUES : f->count > most;
	size_t n = sl_frequent_top(f, above, most < SL_FREQUENT_VALUES ? most : SL_FREQUENT_VALUES, top);
	lua_createtable(L, (int)n, 0);
	for (size_t i = 0; i < n; i++) {
		const struct sl_frequent_value *v = &f->values[top[i]];
		lua_createtable(L, 0, 5);
		lua_pushstring(L, type_of(v->type));
		lua_setfield(L, -2, "type");
		push_value(L, v);
		set_count(L, "count", sl_frequent_times(f, top[i]));
		set_count(L, "over", v->over);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "frequent");
}

/* ---- places ---- */

struct pushing {
	lua_State *L;
	size_t most;
	int fields;        /* the index of the list */
	lua_Integer count; /* elements in it */
};

static void push_about(lua_State *L, const struct sl_stats_place *p, size_t most)
{
	set_count(L, "rows", p->rows);
	set_count(L, "values", total(p));
	set_count(L, "distinct", p->distinct != NULL ? sl_distinct_count(p->distinct) : p->frequent.count);
	set_true(L, "exact", p->distinct == NULL || !p->distinct->is_estimate);
	push_types(L, p);
	push_frequent(L, p, most);
	if (p->numbers.count > 0)
		push_numbers(L, &p->numbers);
	if (p->strings.count > 0)
		push_strings(L, &p->strings);
	if (p->counts[SL_JSON_ARRAY] > 0)
		push_arrays(L, p);
}

/* Replaces the pointer on top by that of p, which is within its place. */
static void push_step(lua_State *L, const struct sl_stats_place *p)
{
	char token[2 * SL_STATS_NAME_BYTES];
	lua_pushliteral(L, "/");
	if (p->name == NULL)
		lua_pushliteral(L, "*");
	else
		lua_pushlstring(L, token, sl_pointer_put(token, sizeof token, p->name, p->len));
	lua_concat(L, 3);
}

static void push_place(struct pushing *to, const struct sl_stats_place *p);

static void push_within(struct pushing *to, const struct sl_stats_place *p)
{
	lua_pushvalue(to->L, -1);
	push_step(to->L, p);
	push_place(to, p);
}

/* Adds the place whose pointer is on top, and those within it; pops the pointer. */
static void push_place(struct pushing *to, const struct sl_stats_place *p)
{
	lua_State *L = to->L;
	luaL_checkstack(L, 12, "a place");
	lua_createtable(L, 0, 10);
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, "pointer");
	push_about(L, p, to->most);
	lua_rawseti(L, to->fields, ++to->count);
	for (const struct sl_stats_place *field = p->first; field != NULL; field = field->next)
		push_within(to, field);
	if (p->items != NULL)
		push_within(to, p->items);
	lua_pop(L, 1);
}

void sl_stats_push(lua_State *L, const struct sl_stats *s, size_t most)
{
	lua_createtable(L, 0, 4);
	set_count(L, "rows", s->rows);
	set_count(L, "bytes", s->bytes);
	if (s->omitted != NULL) {
		set_count(L, "omitted", sl_distinct_count(s->omitted));
		set_true(L, "omitted_exact", !s->omitted->is_estimate);
	}
	lua_newtable(L);
	struct pushing to = { .L = L, .most = most, .fields = lua_gettop(L) };
	lua_pushliteral(L, "");
	push_place(&to, s->root);
	lua_setfield(L, -2, "fields");
}
