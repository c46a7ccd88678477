/* kind_array.c - arrays: see kind.h */
#include <string.h>

#include "json/equal.h"
#include "schema/kind.h"

struct array {
	struct sl_node node;
	const struct sl_node *items;
	size_t min, max;
	bool unique;
};

static void compile_array(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct array *a = (struct array *)n;
	a->items = sl_compile_part(c, from, "items", true);
	a->min = sl_compile_size(c, from, "min", 0);
	a->max = sl_compile_size(c, from, "max", SIZE_MAX);
	a->unique = sl_compile_flag(c, from, "unique");
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

/* Push a userdata with room for `count` elements. */
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

static void check_unique(struct sl_walk *w, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_level level = { .up = w->level };
	struct seen seen;
	push_seen(w->L, &seen, sl_json_count(v));
	w->level = &level;
	while (!sl_walk_decided(w) && sl_json_next(&it, NULL, NULL, &seen.values[level.index])) {
		if (!is_new(&seen, level.index))
			sl_walk_violated(w, SL_ANCHOR_UNIQUE, seen.values[level.index]);
		level.index++;
	}
	w->level = level.up;
	lua_pop(w->L, 1);
}

static void read_elements(struct sl_walk *w, const struct array *a, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value element;
	struct sl_level level = { .up = w->level };
	w->level = &level;
	while (!sl_walk_decided(w) && sl_json_next(&it, NULL, NULL, &element)) {
		sl_walk_value(w, a->items, element);
		lua_rawseti(w->L, -2, (lua_Integer)++level.index);
	}
	w->level = level.up;
}

static void read_array(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct array *a = (const struct array *)n;
	size_t count = sl_json_count(v);
	if (count < a->min || count > a->max)
		sl_walk_violated(w, n->expected, v);
	sl_walk_table(w, count, 0);
	read_elements(w, a, v);
	if (a->unique && !sl_walk_decided(w))
		check_unique(w, v);
	lua_rawgeti(w->L, w->anchors, SL_ANCHOR_ARRAY);
	lua_setmetatable(w->L, -2);
}

const struct sl_node_kind sl_kind_array = {
	"array", SL_MAY_BE(SL_JSON_ARRAY), sizeof(struct array), compile_array, read_array
};
