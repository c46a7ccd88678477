/* kind_choice.c - enums and unions: see kind.h, and flat.h for enums */
#include "json/equal.h"
#include "schema/flat.h"

struct either {
	struct sl_node node;
	const struct sl_node **alternatives;
	size_t count;
};

/* ---- enums ---- */

static void compile_enum(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct sl_enum *e = (struct sl_enum *)n;
	e->count = sl_compile_list(c, from, "values");
	e->values = sl_compile_room(c, e->count * sizeof *e->values);
	for (size_t i = 0; i < e->count; i++) {
		lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
		e->values[i] = sl_compile_constant(c);
	}
	lua_pop(c->L, 1);
}

static void read_enum(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct sl_enum *e = (const struct sl_enum *)n;
	for (size_t i = 0; i < e->count; i++)
		if (sl_json_equal(v, w->schema->values[e->values[i].place])) {
			sl_walk_constant(w, &e->values[i]);
			return;
		}
	sl_walk_refuse(w, n, v);
}

/* ---- unions ---- */

static void compile_union(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct either *u = (struct either *)n;
	u->count = sl_compile_list(c, from, "alternatives");
	u->alternatives = sl_compile_room(c, u->count * sizeof *u->alternatives);
	n->types = 0;
	for (size_t i = 0; i < u->count; i++) {
		lua_rawgeti(c->L, -1, (lua_Integer)i + 1);
		u->alternatives[i] = sl_compile_node(c);
		n->types |= u->alternatives[i]->types;
	}
	lua_pop(c->L, 1);
}

/* Read v as n in the given mode: pushes the value; the violations are counted
 * in *found. */
static void try(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v, enum sl_walk_mode mode,
                struct sl_walk *found)
{
	*found = *w;
	found->mode = mode;
	found->count = found->deep = 0;
	found->base = w->level;
	sl_walk_value(found, n, v);
}

/* The alternative that was probably meant: all its violations lie within the
 * value, not at its own place, and they are the fewest. NULL: none. */
static const struct sl_node *meant(struct sl_walk *w, const struct either *u, struct sl_json_value v)
{
	const struct sl_node *best = NULL;
	size_t least = SIZE_MAX;
	struct sl_walk found;
	for (size_t i = 0; i < u->count; i++) {
		if (!sl_node_may_be(u->alternatives[i], v))
			continue;
		try(w, u->alternatives[i], v, SL_WALK_COUNT, &found);
		lua_pop(w->L, 1);
		if (found.deep == found.count && found.count < least) {
			least = found.count;
			best = u->alternatives[i];
		}
	}
	return best;
}

static void read_union(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	const struct either *u = (const struct either *)n;
	struct sl_walk found;
	for (size_t i = 0; i < u->count; i++) {
		if (!sl_node_may_be(u->alternatives[i], v))
			continue;
		try(w, u->alternatives[i], v, SL_WALK_FIRST, &found);
		if (found.count == 0)
			return;
		lua_pop(w->L, 1);
	}
	const struct sl_node *best = w->mode == SL_WALK_REPORT ? meant(w, u, v) : NULL;
	if (best != NULL)
		sl_walk_value(w, best, v);
	else
		sl_walk_refuse(w, n, v);
}

const struct sl_node_kind sl_kind_enum = {
	"enum", SL_MAY_BE_ANY, sizeof(struct sl_enum), compile_enum, read_enum
};
const struct sl_node_kind sl_kind_union = { "union", 0, sizeof(struct either), compile_union, read_union };
