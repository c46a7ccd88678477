/* shape_push.c - see shape.h: the result, as Lua tables */
#include <lauxlib.h>

#include "schema/formats.h"
#include "schema/shape_place.h"

/* An object with at least this many names may be a map: then its values together are of interest. */
#define MAY_BE_MAP 5

/* A possible map is pushed twice, as fields and as all their values together, and so is, in both,
 * any possible map within it. At most this many places are copied; the rest are pushed as records. */
#define COPIED_PLACES (2 * SL_SHAPE_PLACES)

struct pushing {
	lua_State *L;
	const struct sl_shape *s;
	size_t *copies_left;
	bool is_copy; /* s holds the merged fields of an object */
};

static void set_count(lua_State *L, const char *name, uint64_t n)
{
	lua_pushinteger(L, (lua_Integer)n);
	lua_setfield(L, -2, name);
}

static void push_row(lua_State *L, const struct sl_shape_row *row)
{
	lua_createtable(L, 0, 5);
	set_count(L, "row", row->serial);
	if (row->line != 0)
		set_count(L, "line", row->line);
	if (row->file != NULL) {
		lua_pushstring(L, row->file);
		lua_setfield(L, -2, "file");
	}
}

static void push_sights(lua_State *L, const struct sl_shape_place *p)
{
	set_count(L, "total", sl_shape_total(p));
	lua_newtable(L);
	lua_newtable(L); /* [place, counts, firsts] */
	for (enum sl_json_type t = 0; t < SL_SHAPE_TYPES; t++) {
		const struct sl_shape_sight *sight = &p->sights[t];
		if (sight->count == 0)
			continue;
		lua_pushinteger(L, (lua_Integer)sight->count);
		lua_setfield(L, -3, sl_json_type_name(t));
		push_row(L, &sight->first);
		lua_pushlstring(L, sight->sample, sight->sample_len);
		if (sight->is_cut) {
			lua_pushliteral(L, "…");
			lua_concat(L, 2);
		}
		lua_setfield(L, -2, "text");
		lua_setfield(L, -2, sl_json_type_name(t));
	}
	lua_setfield(L, -3, "firsts");
	lua_setfield(L, -2, "counts");
}

static void set_range(lua_State *L, const char *low_name, size_t low, const char *high_name, size_t high)
{
	set_count(L, low_name, low);
	set_count(L, high_name, high);
}

static void push_numbers(lua_State *L, const struct sl_shape_place *p)
{
	bool has_floats = p->sights[SL_JSON_FLOAT].count > 0;
	if (p->sights[SL_JSON_INTEGER].count > 0) {
		lua_pushinteger(L, p->min);
		lua_setfield(L, -2, "min");
		lua_pushinteger(L, p->max);
		lua_setfield(L, -2, "max");
	}
	if (has_floats) {
		lua_pushnumber(L, p->low);
		lua_setfield(L, -2, "low");
		lua_pushnumber(L, p->high);
		lua_setfield(L, -2, "high");
	}
	if (has_floats || p->sights[SL_JSON_DECIMAL].count > 0) {
		set_count(L, "digits", (uint64_t)p->digits);
		set_count(L, "scale", (uint64_t)p->scale);
	}
	if (p->inexact.serial != 0) {
		push_row(L, &p->inexact);
		lua_setfield(L, -2, "inexact");
	}
}

static void push_formats(lua_State *L, unsigned formats)
{
	lua_Integer count = 0;
	lua_newtable(L);
	for (; formats != 0; formats &= formats - 1) {
		lua_pushstring(L, sl_format_name((size_t)__builtin_ctz(formats)));
		lua_rawseti(L, -2, ++count);
	}
	lua_setfield(L, -2, "formats");
}

static void push_values(lua_State *L, const struct sl_shape_values *v)
{
	lua_createtable(L, (int)v->count, 0);
	for (size_t i = 0; i < v->count; i++) {
		lua_createtable(L, 2, 0);
		if (v->list[i].text != NULL)
			lua_pushlstring(L, v->list[i].text, v->list[i].len);
		else
			lua_pushinteger(L, v->list[i].integer);
		lua_rawseti(L, -2, 1);
		lua_pushinteger(L, (lua_Integer)v->list[i].times);
		lua_rawseti(L, -2, 2);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "values");
}

static void push_scalars(lua_State *L, const struct sl_shape_place *p)
{
	if (p->sights[SL_JSON_BOOLEAN].count > 0)
		set_count(L, "trues", p->trues);
	push_numbers(L, p);
	if (p->sights[SL_JSON_STRING].count > 0)
		set_range(L, "min_length", p->min_length, "max_length", p->max_length);
	if (p->sights[SL_JSON_STRING].count > 0 && p->formats != 0)
		push_formats(L, p->formats);
	if (p->surrogates) {
		lua_pushboolean(L, true);
		lua_setfield(L, -2, "surrogates");
	}
	if (p->values != NULL)
		push_values(L, p->values);
}

static void push_place(const struct pushing *to, const struct sl_shape_place *p);

static void push_fields(const struct pushing *to, const struct sl_shape_place *p)
{
	lua_State *L = to->L;
	lua_createtable(L, (int)p->count, 0);
	for (size_t i = 0; i < p->count; i++) {
		const struct sl_shape_field *f = &p->fields[i];
		lua_createtable(L, 0, 3);
		lua_pushlstring(L, f->name, f->len);
		lua_setfield(L, -2, "name");
		push_place(to, f->place);
		lua_setfield(L, -2, "place");
		if (f->absent.serial != 0) {
			push_row(L, &f->absent);
			lua_setfield(L, -2, "absent");
		}
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "fields");
}

/* The families of types, as bits: all numbers are one family; null is none. */
static unsigned families(const struct sl_shape_place *p)
{
	static const unsigned of[SL_SHAPE_TYPES] = {
		[SL_JSON_BOOLEAN] = 1, [SL_JSON_INTEGER] = 2, [SL_JSON_FLOAT] = 2, [SL_JSON_DECIMAL] = 2,
		[SL_JSON_STRING] = 4,  [SL_JSON_ARRAY] = 8,   [SL_JSON_OBJECT] = 16,
	};
	unsigned all = 0;
	for (size_t i = 0; i < SL_SHAPE_TYPES; i++)
		all |= p->sights[i].count > 0 ? of[i] : 0;
	return all;
}

/* Names come and go, or there was only one object; and all values are of one family. */
static bool may_be_map(const struct pushing *to, const struct sl_shape_place *p)
{
	unsigned all = 0;
	uint64_t present = 0, objects = p->sights[SL_JSON_OBJECT].count;
	if (p->count < MAY_BE_MAP || *to->copies_left == 0)
		return false;
	for (size_t i = 0; i < p->count; i++) {
		all |= families(p->fields[i].place);
		present += sl_shape_total(p->fields[i].place);
	}
	bool is_ragged = (double)present < 0.9 * (double)p->count * (double)objects;
	return all != 0 && (all & (all - 1)) == 0 && (is_ragged || objects == 1);
}

/* All fields of an object are merged in a shape of their own, which a finalizer frees after an error. */
static int free_shape(lua_State *L)
{
	sl_shape_free(*(struct sl_shape **)lua_touserdata(L, 1));
	return 0;
}

static void push_together(const struct pushing *to, const struct sl_shape_place *p)
{
	lua_State *L = to->L;
	struct sl_shape **box = lua_newuserdatauv(L, sizeof *box, 0);
	*box = NULL;
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, free_shape);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	struct sl_shape *together = *box = sl_shape_new();
	bool ok = together != NULL;
	if (ok)
		together->deepest = to->s->deepest - p->depth - 1;
	for (size_t i = 0; ok && i < p->count; i++)
		ok = sl_shape_place_merge(together, together->root, p->fields[i].place) == 0;
	if (!ok) {
		luaL_error(L, "not enough memory for the shape of a map");
		return;
	}
	push_place(&(struct pushing){ L, together, to->copies_left, true }, together->root);
	lua_setfield(L, -3, "rest");
	sl_shape_free(together);
	*box = NULL;
	lua_pop(L, 1);
}

static void push_containers(const struct pushing *to, const struct sl_shape_place *p)
{
	lua_State *L = to->L;
	bool has_objects = p->sights[SL_JSON_OBJECT].count > 0;
	if (p->sights[SL_JSON_ARRAY].count > 0)
		set_range(L, "min_items", p->min_items, "max_items", p->max_items);
	if (p->depth >= to->s->deepest && (has_objects || p->sights[SL_JSON_ARRAY].count > 0)) {
		lua_pushboolean(L, true);
		lua_setfield(L, -2, "too_deep");
		return;
	}
	if (p->items != NULL) {
		push_place(to, p->items);
		lua_setfield(L, -2, "items");
	}
	if (p->rest != NULL) {
		push_place(to, p->rest);
		lua_setfield(L, -2, "rest");
	} else if (has_objects) {
		push_fields(to, p);
		if (may_be_map(to, p))
			push_together(to, p);
	}
}

static void push_place(const struct pushing *to, const struct sl_shape_place *p)
{
	lua_State *L = to->L;
	luaL_checkstack(L, 12, "a shape");
	*to->copies_left -= to->is_copy && *to->copies_left > 0;
	lua_newtable(L);
	push_sights(L, p);
	push_scalars(L, p);
	push_containers(to, p);
}

void sl_shape_push(lua_State *L, const struct sl_shape *s)
{
	size_t copies = COPIED_PLACES;
	size_t explained = 0, varying = 0, index = sl_shape_split(s, &explained, &varying);
	lua_createtable(L, 0, 4);
	set_count(L, "rows", s->rows);
	set_count(L, "files", s->file_count);
	push_place(&(struct pushing){ L, s, &copies, false }, s->root);
	lua_setfield(L, -2, "root");
	if (index == SIZE_MAX)
		return;
	const struct sl_shape_field *f = &s->root->fields[index];
	lua_createtable(L, 0, 4);
	lua_pushlstring(L, f->name, f->len);
	lua_setfield(L, -2, "name");
	set_count(L, "values", f->place->values->count);
	set_count(L, "explained", explained);
	set_count(L, "varying", varying);
	lua_setfield(L, -2, "split");
}
