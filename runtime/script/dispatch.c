/* dispatch.c - see dispatch.h */
#include "script/dispatch.h"

#include <time.h>

#include <lauxlib.h>

#include "host/value.h"
#include "script/expression.h"
#include "script/failure.h"
#include "script/interrupt.h"
#include "script/outcome.h"
#include "script/protect.h"
#include "script/row.h"
#include "script/writer.h"

/* Upvalues of a run's body. */
#define RUN lua_upvalueindex(1)
#define SLOTS lua_upvalueindex(2)     /* functions and anchors of the routes */
#define METATABLE lua_upvalueindex(3) /* of rows */

/* In the slots of a route: the functions by step, what keeps their
 * expressions' state alive, and the writer. */
enum { ANCHORS = SL_STEP_COUNT, WRITER = 2 * SL_STEP_COUNT, SLOT_COUNT };

static const char *const step_names[SL_STEP_COUNT] = { "where", "map", "on_row" };

struct event { /* on the C stack of a callback */
	void (*handle)(lua_State *L, struct event *e);
	struct sl_run *run;
	const void *what; /* of the supervisor */
	int userdata; /* of the row: where on the stack it is; 0: not made */
	struct sl_delivery delivery;
	struct sl_scope scope;
};

static int body(lua_State *L) /* [event] */
{
	struct event *e = lua_touserdata(L, 1);
	e->handle(L, e);
	return 0;
}

/* ---- reading the request's handlers ---- */

static void check_step(lua_State *L, const char *owner, const char *name)
{
	if (lua_getfield(L, -1, name) != LUA_TFUNCTION && !lua_isnil(L, -1))
		luaL_error(L, "%s.%s: a function is expected, not a %s", owner, name, luaL_typename(L, -1));
	lua_pop(L, 1);
}

static void check_handlers(lua_State *L, const char *owner) /* [..., handlers] */
{
	if (!lua_istable(L, -1))
		luaL_error(L, "%s: a table of handlers is expected, not a %s", owner, luaL_typename(L, -1));
	for (int i = 0; i < SL_STEP_COUNT; i++)
		check_step(L, owner, step_names[i]);
	lua_getfield(L, -1, "writer");
	if (!lua_isnil(L, -1) && sl_writer_test(L, -1) == NULL)
		luaL_error(L, "%s.writer: a writer is expected, not a %s", owner, luaL_typename(L, -1));
	lua_pop(L, 1);
}

static void check_streams(lua_State *L) /* [..., streams] */
{
	if (!lua_istable(L, -1))
		luaL_error(L, "streams: a table is expected, not a %s", luaL_typename(L, -1));
	lua_pushnil(L);
	while (lua_next(L, -2)) { /* [..., streams, name, handlers] */
		if (lua_type(L, -2) != LUA_TSTRING)
			luaL_error(L, "streams: a stream's name is a string, not a %s", luaL_typename(L, -2));
		const char *owner = lua_pushfstring(L, "streams.%s", lua_tostring(L, -2));
		lua_insert(L, -2); /* [..., streams, name, owner, handlers] */
		check_handlers(L, owner);
		lua_pop(L, 2);
	}
}

static void check_request(lua_State *L, int request)
{
	if (lua_getfield(L, request, "streams") != LUA_TNIL)
		check_streams(L);
	if (lua_getfield(L, request, "default") != LUA_TNIL)
		check_handlers(L, "default");
	lua_pop(L, 2);
}

void sl_dispatch_push_body(lua_State *L, int run, int request)
{
	request = lua_absindex(L, request);
	run = lua_absindex(L, run);
	luaL_checkstack(L, 10, "a request");
	check_request(L, request);
	lua_pushvalue(L, run);
	lua_newtable(L);
	sl_row_push_metatable(L);
	lua_pushcclosure(L, body, 3);
}

/* ---- routes ---- */

static void set_slot(lua_State *L, const struct sl_route *r, int slot) /* [..., value] */
{
	lua_rawseti(L, SLOTS, r->slot + slot);
}

/* An expression is called without a userdata, as long as it is given the row
 * that came: on_row may be given another one. */
static bool open_up(lua_State *L, struct sl_route *r, enum sl_step step) /* [..., function] */
{
	if (step == SL_STEP_ON_ROW)
		return false;
	r->expression[step] = sl_expression_open_up(L, -1); /* [function, state, chunk] */
	if (r->expression[step] == NULL)
		return false;
	set_slot(L, r, step);
	set_slot(L, r, ANCHORS + step);
	lua_pop(L, 1);
	return true;
}

static void read_step(lua_State *L, struct sl_route *r, enum sl_step step) /* [..., handlers] */
{
	r->has[step] = lua_getfield(L, -1, step_names[step]) == LUA_TFUNCTION;
	if (!r->has[step])
		lua_pop(L, 1);
	else if (!open_up(L, r, step))
		set_slot(L, r, step);
}

static void read_handlers(lua_State *L, struct sl_route *r) /* [..., handlers] */
{
	for (int i = 0; i < SLOT_COUNT; i++) {
		lua_pushboolean(L, false); /* no holes: the table stays an array */
		set_slot(L, r, i);
	}
	for (int i = 0; i < SL_STEP_COUNT; i++)
		read_step(L, r, i);
	lua_getfield(L, -1, "writer");
	r->writer = sl_writer_test(L, -1);
	set_slot(L, r, WRITER);
}

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
	struct sl_error err;
	sl_error_clear(&err);
	sl_fail(&err, SL_UNHANDLED_STREAM, 0, "nobody handles rows of the stream '%s'", r->name);
	sl_failure_raise(L, &err);
}

/* The first row of a stream in this request. */
static struct sl_route *find_handlers(lua_State *L, struct event *e, const struct sl_stream *stream)
{
	struct sl_route *r = sl_run_add_route(L, e->run, stream);
	luaL_checkstack(L, 10, "a stream");
	r->slot = (stream->seal.stream - 1) * SLOT_COUNT + 1;
	lua_getiuservalue(L, RUN, SL_RUN_REQUEST);
	r->entry = push_entry(L, r->name);
	if (!r->entry && lua_getfield(L, -1, "default") != LUA_TTABLE) {
		if (!e->run->pull)
			refuse_stream(L, r);
		lua_newtable(L);
	}
	check_handlers(L, r->name); /* again: it is the script's table */
	read_handlers(L, r);
	lua_settop(L, 1); /* [event] */
	return r;
}

/* ---- the steps of a row; the event is below ---- */

static struct sl_row_source source_of(const struct sl_delivery *d)
{
	return (struct sl_row_source){
		.stream = d->row->stream->name,
		.stream_len = d->row->stream->name_len,
		.sequence = d->row->sequence,
		.serial = d->serial,
		.text = d->text,
		.len = d->len,
	};
}

void sl_dispatch_push_row(lua_State *L, struct sl_script *s, int metatable)
{
	struct sl_row_source source = source_of(s->delivery);
	sl_row_push(L, s, &source, metatable);
}

/* The userdata of this row is made once. */
static void make_userdata(lua_State *L, struct event *e)
{
	if (e->userdata != 0)
		return;
	struct sl_row_source source = source_of(&e->delivery);
	sl_row_push(L, e->run->script, &source, METATABLE);
	e->userdata = lua_gettop(L);
}

/* Call the step's function: its value is on top. What the steps of one row
 * leave on the stack is little, and goes with it. */
static void call_step(lua_State *L, struct event *e, enum sl_step step)
{
	const struct sl_route *r = e->delivery.route;
	e->scope.handler = step_names[step];
	if (r->expression[step] != NULL) {
		lua_rawgeti(L, SLOTS, r->slot + step);
		sl_expression_aim(r->expression[step]);
		lua_call(L, 0, 1);
		return;
	}
	make_userdata(L, e);
	lua_rawgeti(L, SLOTS, r->slot + step);
	lua_pushvalue(L, e->userdata);
	lua_pushvalue(L, RUN);
	lua_call(L, 2, 1);
}

/* false, nil and null drop the row. */
static bool accepts(lua_State *L, struct event *e)
{
	call_step(L, e, SL_STEP_WHERE);
	if (lua_toboolean(L, -1) == 0)
		return false;
	return lua_type(L, -1) != LUA_TLIGHTUSERDATA || lua_touserdata(L, -1) != NULL;
}

static void refuse_value(lua_State *L, const char *why)
{
	struct sl_error err;
	sl_error_clear(&err);
	sl_fail(&err, SL_SINK, 0, "map gave no payload: %s", why);
	sl_failure_raise(L, &err);
}

static void encode(lua_State *L, struct event *e) /* [..., value] */
{
	struct sl_error err;
	struct sl_script *s = e->run->script;
	sl_buffer_consume(&s->text, sl_buffer_len(&s->text));
	sl_error_clear(&err);
	if (lua_isnil(L, -1))
		refuse_value(L, "its value is nil; sluice.null is JSON's null");
	if (sl_value_encode(L, -1, s->encoder, &s->text, &err) != 0)
		refuse_value(L, err.message);
	e->delivery.text = sl_buffer_data(&s->text);
	e->delivery.len = sl_buffer_len(&s->text);
}

/* From here on the row has another payload. */
static void replace_payload(lua_State *L, struct event *e)
{
	call_step(L, e, SL_STEP_MAP);
	const struct sl_row_object *row = sl_row_test(L, -1, METATABLE);
	if (row != NULL)
		e->delivery.text = sl_row_text(row, &e->delivery.len); /* stays on the stack */
	else
		encode(L, e);
	e->delivery.json = NULL;
	e->delivery.serial = ++e->run->script->serial;
	e->userdata = 0;
}

static void write_row(lua_State *L, struct event *e)
{
	struct sl_error err;
	e->scope.handler = NULL; /* the writer is no handler of the user's */
	sl_error_clear(&err);
	if (sl_writer_row(e->delivery.route->writer, e->delivery.text, e->delivery.len, &err) != 0)
		sl_failure_raise(L, &err);
}

/* It waits in the run until next() takes it. */
static void keep_pulled(lua_State *L, struct event *e)
{
	make_userdata(L, e);
	lua_pushvalue(L, e->userdata);
	lua_setiuservalue(L, RUN, SL_RUN_PULLED);
	e->run->paused = true;
}

static void handle_row(lua_State *L, struct event *e)
{
	struct sl_delivery *d = &e->delivery;
	const struct sl_stream *stream = d->row->stream;
	struct sl_route *r = sl_run_route(e->run, stream->seal.stream);
	d->route = r = r != NULL ? r : find_handlers(L, e, stream);
	e->scope.entry = r->entry ? r->name : NULL;
	r->rows++;
	r->bytes += d->len;
	if (r->has[SL_STEP_WHERE] && !accepts(L, e)) {
		r->dropped++;
		return;
	}
	if (r->has[SL_STEP_MAP])
		replace_payload(L, e);
	if (r->has[SL_STEP_ON_ROW])
		call_step(L, e, SL_STEP_ON_ROW);
	if (r->writer != NULL)
		write_row(L, e);
	if (e->run->pull)
		keep_pulled(L, e);
	r->kept++;
}

/* ---- other events ---- */

static void call_handler(lua_State *L, struct event *e, const char *name) /* [..., argument] */
{
	e->scope.handler = name;
	lua_getiuservalue(L, RUN, SL_RUN_REQUEST);
	lua_getfield(L, -1, name);
	lua_pushvalue(L, -3);
	lua_pushvalue(L, RUN); /* [..., argument, request, function, argument, run] */
	lua_call(L, 2, 0);
}

static void set_text(lua_State *L, const char *name, struct sl_text text) /* [..., table] */
{
	lua_pushlstring(L, text.len > 0 ? text.bytes : "", text.len);
	lua_setfield(L, -2, name);
}

static void handle_diagnostic(lua_State *L, struct event *e)
{
	const struct sl_diagnostic *d = e->what;
	lua_createtable(L, 0, 2);
	set_text(L, "code", d->code);
	set_text(L, "message", d->message);
	call_handler(L, e, "on_diagnostic");
}

static void handle_progress(lua_State *L, struct event *e)
{
	const struct sl_progress *p = e->what;
	lua_createtable(L, 0, 3);
	set_text(L, "phase", p->phase);
	lua_pushinteger(L, (lua_Integer)p->current);
	lua_setfield(L, -2, "current");
	if (p->has_total) {
		lua_pushinteger(L, (lua_Integer)p->total);
		lua_setfield(L, -2, "total");
	}
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, RUN, SL_RUN_PROGRESS);
	if (e->run->on_progress)
		call_handler(L, e, "on_progress");
}

static void handle_outcome(lua_State *L, struct event *e)
{
	lua_pushvalue(L, RUN);
	sl_outcome_push(L, lua_gettop(L), e->what);
	lua_setiuservalue(L, RUN, SL_RUN_OUTCOME);
}

/* ---- callbacks ---- */

static struct event event_of(struct sl_run *run, const void *what,
                             void (*handle)(lua_State *L, struct event *e))
{
	run->script->events++;
	return (struct event){
		.handle = handle,
		.run = run,
		.what = what,
		.scope = { .kind = SL_SINK, .deadline = &run->deadline },
	};
}

/* 0; or -1, and the request is on its way to failure. */
static int contain(struct event *e)
{
	struct sl_error err;
	sl_error_clear(&err);
	if (sl_protect_event(e->run->script, e->run, &e->scope, e, &err) == 0)
		return 0;
	sl_worker_cancel(e->run->worker, &err);
	return -1;
}

/* Much may have arrived at once, and its handlers may take their time. */
static void rest_if_due(struct sl_run *run)
{
	struct timespec now;
	if (run->script->rest_ns == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	if ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec < run->script->rest_ns)
		return;
	run->resting = run->script->turns;
	sl_worker_pause(run->worker);
}

static void on_row(void *ctx, const struct sl_row *row)
{
	struct sl_run *run = ctx;
	struct sl_script *s = run->script;
	struct event e = event_of(run, row, handle_row);
	if (sl_interrupt_count() > 0) {
		sl_run_interrupt_all(s);
		return;
	}
	e.scope.stream = row->stream->name;
	e.scope.sequence = row->sequence;
	e.delivery.row = row;
	e.delivery.json = row->json;
	e.delivery.text = row->text;
	e.delivery.len = row->len;
	e.delivery.serial = ++s->serial;
	s->delivery = &e.delivery;
	int rc = contain(&e);
	s->delivery = NULL;
	if (rc == 0 && run->paused)
		sl_worker_pause(run->worker);
	else if (rc == 0)
		rest_if_due(run);
}

static void on_diagnostic(void *ctx, const struct sl_diagnostic *d)
{
	struct sl_run *run = ctx;
	struct event e = event_of(run, d, handle_diagnostic);
	/* Rows before it are written first: both may go to one terminal. */
	if (run->on_diagnostic && sl_writer_flush_all(run->script) == 0)
		contain(&e);
}

static void on_progress(void *ctx, const struct sl_progress *p)
{
	struct event e = event_of(ctx, p, handle_progress);
	contain(&e);
}

static void on_outcome(void *ctx, const struct sl_outcome *o)
{
	struct sl_run *run = ctx;
	struct sl_script *s = run->script;
	struct event e = event_of(run, o, handle_outcome);
	struct sl_error err;
	run->done = true;
	run->success = o->success;
	run->error = o->error;
	run->elapsed_ns = o->elapsed_ns;
	sl_error_clear(&err);
	if (sl_protect_event(s, run, &e.scope, &e, &err) != 0 && o->success) {
		run->success = false; /* what cannot be told did not succeed */
		run->error = err;
	}
	run->worker = NULL;
	sl_run_deactivate(s->L, run); /* the last: nothing may hold it after this */
}

void sl_dispatch_events(struct sl_run *run, struct sl_events *events)
{
	*events = (struct sl_events){
		.ctx = run,
		.on_row = on_row,
		.on_diagnostic = on_diagnostic,
		.on_progress = on_progress,
		.on_outcome = on_outcome,
	};
}
