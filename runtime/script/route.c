/* route.c - see route.h */
#include "script/route.h"

#include <lauxlib.h>

#include "lua/error.h"
#include "schema/schema.h"
#include "script/expression.h"

static const char *const step_names[SL_STEP_COUNT] = { "where", "map", "on_row" };
static const char *const on_invalid_names[] = { "fail", "reject", "drop", NULL };

const char *sl_step_name(enum sl_step step)
{
	return step_names[step];
}

/* ---- checking a request ---- */

static void check_step(lua_State *L, const char *owner, const char *name)
{
	if (lua_getfield(L, -1, name) != LUA_TFUNCTION && !lua_isnil(L, -1))
		luaL_error(L, "%s.%s: expected a function, got a %s", owner, name, luaL_typename(L, -1));
	lua_pop(L, 1);
}

static void check_taker(lua_State *L, const char *owner)
{
	lua_getfield(L, -1, "taker");
	if (!lua_isnil(L, -1) && sl_taker_at(L, -1).type == NULL)
		luaL_error(L, "%s.taker: expected a taker of rows, got a %s", owner, luaL_typename(L, -1));
	lua_pop(L, 1);
}

static void check_schema(lua_State *L, const char *owner)
{
	lua_getfield(L, -1, "schema");
	if (!lua_isnil(L, -1) && sl_schema_test(L, -1) == NULL)
		luaL_error(L, "%s.schema: expected a schema of core.schema, got a %s", owner,
		           luaL_typename(L, -1));
	lua_pop(L, 1);
}

/* Its methods are looked up when its first row comes. */
static void check_sink(lua_State *L, const char *owner)
{
	int type = lua_getfield(L, -1, "sink");
	if (type != LUA_TNIL && type != LUA_TTABLE && type != LUA_TUSERDATA)
		luaL_error(L, "%s.sink: expected a sink, got a %s", owner, luaL_typename(L, -1));
	lua_pop(L, 1);
}

static void check_handlers(lua_State *L, const char *owner) /* [..., handlers] */
{
	if (!lua_istable(L, -1))
		luaL_error(L, "%s: expected a table of handlers, got a %s", owner, luaL_typename(L, -1));
	for (int i = 0; i < SL_STEP_COUNT; i++)
		check_step(L, owner, step_names[i]);
	check_schema(L, owner);
	check_sink(L, owner);
	check_taker(L, owner);
}

static void check_streams(lua_State *L) /* [..., streams] */
{
	if (!lua_istable(L, -1))
		luaL_error(L, "streams: expected a table, got a %s", luaL_typename(L, -1));
	lua_pushnil(L);
	while (lua_next(L, -2)) { /* [..., streams, name, handlers] */
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "streams: expected strings as names of streams, got a %s", luaL_typename(L, -2));
		const char *owner = lua_pushfstring(L, "streams.%s", lua_tostring(L, -2));
		lua_insert(L, -2); /* [..., streams, name, owner, handlers] */
		check_handlers(L, owner);
		lua_pop(L, 2);
	}
}

void sl_route_check(lua_State *L, int request)
{
	if (lua_getfield(L, request, "streams") != LUA_TNIL)
		check_streams(L);
	if (lua_getfield(L, request, "default") != LUA_TNIL)
		check_handlers(L, "default");
	lua_pop(L, 2);
}

/* ---- reading handlers ---- */

static void set_slot(lua_State *L, const struct sl_route *r, int slot) /* [..., value] */
{
	lua_rawseti(L, SL_BODY_SLOTS, r->slot + slot);
}

/* An expression is called without a userdata, which works only for the row as
 * received: on_row may get another one. */
static bool open_up(lua_State *L, struct sl_route *r, enum sl_step step) /* [..., function] */
{
	if (step == SL_STEP_ON_ROW)
		return false;
	r->expression[step] = sl_expression_open_up(L, -1); /* [function, state, chunk] */
	if (r->expression[step] == NULL)
		return false;
	set_slot(L, r, SL_SLOT_STEPS + step);
	set_slot(L, r, SL_SLOT_ANCHORS + step);
	lua_pop(L, 1);
	return true;
}

static void read_step(lua_State *L, struct sl_route *r, enum sl_step step) /* [..., handlers] */
{
	r->has[step] = lua_getfield(L, -1, step_names[step]) == LUA_TFUNCTION;
	if (!r->has[step])
		lua_pop(L, 1);
	else if (!open_up(L, r, step))
		set_slot(L, r, SL_SLOT_STEPS + step);
}

static void read_schema(lua_State *L, struct sl_route *r) /* [..., handlers] */
{
	lua_getfield(L, -1, "on_invalid");
	r->on_invalid = (enum sl_on_invalid)luaL_checkoption(L, -1, "fail", on_invalid_names);
	lua_pop(L, 1);
	lua_getfield(L, -1, "schema");
	r->schema = sl_schema_test(L, -1);
	set_slot(L, r, SL_SLOT_SCHEMA);
}

/* Does a row of this schema go through nothing but the sink? */
static bool is_direct(const struct sl_route *r)
{
	bool steps = r->has[SL_STEP_WHERE] || r->has[SL_STEP_MAP] || r->has[SL_STEP_ON_ROW];
	return r->schema != NULL && !steps;
}

/* What takes rows that are as declared is asked before the taker. */
static void bind_taker(lua_State *L, struct sl_route *r, const struct sl_run *run)
{
	const struct sl_taker *t = &r->taker;
	if (t->type == NULL || t->type->bind == NULL || run->pull || !is_direct(r))
		return;
	r->bound = t->type->bind(L, t->self, r->schema); /* [bound or nil] */
	set_slot(L, r, SL_SLOT_BOUND);
}

/* If a sink has no taker, its method is called. */
static void read_sink(lua_State *L, struct sl_route *r, const struct sl_run *run) /* [..., handlers] */
{
	if (lua_getfield(L, -1, "sink") == LUA_TNIL) {
		lua_pop(L, 1);
		return;
	}
	lua_getfield(L, -1, "taker"); /* [..., handlers, sink, taker] */
	r->taker = sl_taker_at(L, -1);
	r->sink = r->taker.type == NULL;
	r->sinks_taker = !r->sink;
	bind_taker(L, r, run);
	set_slot(L, r, SL_SLOT_TAKER);
	lua_getfield(L, -1, "write");
	set_slot(L, r, SL_SLOT_SINK_WRITE);
	set_slot(L, r, SL_SLOT_SINK);
}

static void read_taker(lua_State *L, struct sl_route *r) /* [..., handlers] */
{
	lua_getfield(L, -1, "taker");
	struct sl_taker t = sl_taker_at(L, -1);
	if (t.type != NULL && r->taker.type != NULL)
		luaL_error(L, "%s: expected one taker, got another beside that of the sink", r->name);
	if (t.type == NULL) {
		lua_pop(L, 1);
		return;
	}
	r->taker = t;
	set_slot(L, r, SL_SLOT_TAKER);
}

/* Can its rows be settled without entering Lua? */
static void find_plain(struct sl_route *r, const struct sl_run *run)
{
	const struct sl_expression *where = r->expression[SL_STEP_WHERE];
	if (r->schema != NULL || r->sink || run->pull || r->has[SL_STEP_MAP] || r->has[SL_STEP_ON_ROW])
		return;
	if (where != NULL)
		r->predicate = sl_expression_predicate(where);
	r->plain = !r->has[SL_STEP_WHERE] || r->predicate != NULL;
	r->reads_document = r->predicate != NULL || (r->taker.type != NULL && r->taker.type->reads_document);
}

static void read_handlers(lua_State *L, struct sl_route *r, const struct sl_run *run) /* [..., handlers] */
{
	for (int i = 0; i < SL_SLOT_COUNT; i++) {
		lua_pushboolean(L, false); /* no holes: the table stays an array */
		set_slot(L, r, i);
	}
	read_schema(L, r);
	for (int i = 0; i < SL_STEP_COUNT; i++)
		read_step(L, r, i);
	read_sink(L, r, run);
	read_taker(L, r);
}

/* ---- finding them ---- */

static bool push_entry(lua_State *L, const char *name) /* [..., request] */
{
	bool found = false;
	if (lua_getfield(L, -1, "streams") == LUA_TTABLE) {
		lua_pushstring(L, name);
		found = lua_rawget(L, -2) == LUA_TTABLE;
		lua_replace(L, -2); /* [..., request, entry] */
	}
	if (!found)
		lua_pop(L, 1);
	return found;
}

static void refuse_stream(lua_State *L, const struct sl_route *r)
{
	SL_ERROR(err);
	sl_fail(&err, SL_UNHANDLED_STREAM, 0, "no handler for rows of the stream '%s'", r->name);
	sl_lua_error_raise(L, &err);
}

struct sl_route *sl_route_open(lua_State *L, struct sl_run *run, const struct sl_stream *stream)
{
	int top = lua_gettop(L);
	struct sl_route *r = sl_run_add_route(L, run, stream);
	luaL_checkstack(L, 10, "a stream");
	r->slot = (stream->seal.stream - 1) * SL_SLOT_COUNT + 1;
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	r->entry = push_entry(L, r->name);
	if (!r->entry && lua_getfield(L, -1, "default") != LUA_TTABLE) {
		if (!run->pull)
			refuse_stream(L, r);
		lua_newtable(L);
	}
	check_handlers(L, r->name); /* again, because the script may have changed its table */
	read_handlers(L, r, run);
	find_plain(r, run);
	lua_settop(L, top);
	return r;
}
