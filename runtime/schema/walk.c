/* walk.c - from a document to the declared value: see program.h, and kind.h for
 * what kinds call */
#include <limits.h>

#include <lauxlib.h>

#include "lua/value.h"
#include "schema/kind.h"
#include "schema/schema.h"

/* Lua stack slots: a record needs at most the userdata for its fields, itself
 * and a name; the report of a violation, or sl_value_push, needs some more. */
#define SLOTS_PER_LEVEL 4
#define SLOTS_AROUND 16

/* ---- violations ---- */

void sl_walk_complain(struct sl_walk *w, int phrase, const struct sl_complaint_at *c)
{
	w->deep += c->level != w->base;
	if (++w->count > SL_VIOLATIONS_LISTED || w->mode != SL_WALK_REPORT)
		return;
	if (lua_isnil(w->L, w->list)) {
		lua_newtable(w->L);
		lua_replace(w->L, w->list);
	}
	lua_rawgeti(w->L, w->anchors, phrase);
	sl_report_push(w->L, c);
	lua_rawseti(w->L, w->list, (lua_Integer)w->count);
}

void sl_walk_violated(struct sl_walk *w, int phrase, struct sl_json_value v)
{
	sl_walk_complain(w, phrase, &(struct sl_complaint_at){ .level = w->level, .value = &v });
}

void sl_walk_refuse(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	sl_walk_violated(w, n->expected, v);
	lua_pushboolean(w->L, false);
}

/* ---- values ---- */

/* A table is made anew each time, because the receiver may change it. */
void sl_walk_constant(struct sl_walk *w, const struct sl_constant *c)
{
	if (lua_rawgeti(w->L, w->anchors, c->anchor) != LUA_TTABLE)
		return;
	lua_pop(w->L, 1);
	sl_value_push(w->L, w->schema->values[c->place]);
}

static int hint(size_t count)
{
	return count > INT_MAX ? INT_MAX : (int)count;
}

void sl_walk_table(struct sl_walk *w, size_t elements, size_t fields)
{
	lua_createtable(w->L, hint(elements), hint(fields));
}

size_t sl_walk_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root)
{
	struct sl_walk w = { .L = L, .schema = s, .mode = SL_WALK_REPORT };
	if (!lua_checkstack(L, SLOTS_AROUND + s->root->height * SLOTS_PER_LEVEL))
		luaL_error(L, "no room on the Lua stack for a value");
	w.anchors = lua_gettop(L);
	w.list = w.anchors + 1;
	lua_pushnil(L);
	sl_walk_value(&w, s->root, root); /* [anchors, list, value] */
	if (w.count > 0)
		lua_pushvalue(L, w.list);
	return w.count;
}
