/* dispatch.c - see dispatch.h */
#include "script/dispatch.h"

#include <lauxlib.h>

#include "base/clock.h"
#include "lua/value.h"
#include "script/expression.h"
#include "lua/error.h"
#include "script/interrupt.h"
#include "script/outcome.h"
#include "script/predicate.h"
#include "script/protect.h"
#include "script/row.h"
#include "schema/schema.h"
#include "sink/sqlite.h"
#include "sink/writer.h"

struct event { /* on the C stack of a callback */
	void (*handle)(lua_State *L, struct event *e);
	struct sl_run *run;
	const void *what; /* of the supervisor */
	int userdata; /* of the row: where on the stack it is; 0: not made */
	int payload; /* by the schema, likewise; 0: none */
	int violations; /* of the row, an error object, likewise; 0: none */
	bool inserted; /* the sink has the row already */
	struct sl_delivery delivery;
	struct sl_scope scope;
};

static int body(lua_State *L) /* [event] */
{
	struct event *e = lua_touserdata(L, 1);
	e->handle(L, e);
	return 0;
}

void sl_dispatch_push_body(lua_State *L, int run, int request)
{
	request = lua_absindex(L, request);
	run = lua_absindex(L, run);
	luaL_checkstack(L, 10, "a request");
	sl_route_check(L, request);
	lua_pushvalue(L, run);
	lua_newtable(L);
	sl_row_push_metatable(L);
	lua_pushcclosure(L, body, 3);
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
		.lent = d->serial == d->first,
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
	sl_row_push(L, e->run->script, &source, SL_BODY_METATABLE);
	e->userdata = lua_gettop(L);
	if (e->payload == 0)
		return;
	lua_pushvalue(L, e->payload);
	sl_row_set_payload(L, e->userdata);
}

/* Call the step's function: its value is on top. What the steps of one row
 * leave on the stack is little, and goes with it. */
static void call_step(lua_State *L, struct event *e, enum sl_step step)
{
	const struct sl_route *r = e->delivery.route;
	e->scope.handler = sl_step_name(step);
	if (r->expression[step] != NULL) {
		sl_route_push(L, r, SL_SLOT_STEPS + step);
		sl_expression_aim(r->expression[step]);
		lua_call(L, 0, 1);
		return;
	}
	make_userdata(L, e);
	sl_route_push(L, r, SL_SLOT_STEPS + step);
	lua_pushvalue(L, e->userdata);
	lua_pushvalue(L, SL_BODY_RUN);
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
	sl_lua_error_raise(L, &err);
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

/* The value that map gave, on top, is the row's payload from here on. The row
 * itself stays what it is; another row stays on the stack. */
static void replace_payload(lua_State *L, struct event *e)
{
	struct sl_delivery *d = &e->delivery;
	const struct sl_row_object *row = sl_row_test(L, -1, SL_BODY_METATABLE);
	if (row != NULL && sl_row_serial(row) == d->serial)
		return;
	if (row != NULL)
		d->text = sl_row_text(L, row, &d->len);
	else
		encode(L, e);
	d->json = NULL;
	d->serial = ++e->run->script->serial;
	e->userdata = 0;
	e->payload = 0;
}

/* ---- the schema ---- */

/* [..., list of violations]: an error object. */
static void push_violations(lua_State *L, struct event *e, const struct sl_violations *v)
{
	const struct sl_row *row = e->delivery.row;
	struct sl_schema_place place = { NULL, row->stream->name, (int64_t)row->sequence };
	int list = lua_gettop(L);
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	if (lua_getfield(L, -1, "export") == LUA_TSTRING)
		place.export = lua_tostring(L, -1);
	lua_pushvalue(L, list);
	sl_schema_push_failure(L, v, &place);
	e->violations = lua_gettop(L);
}

/* A large row that a schema goes through is parsed after all. */
static struct sl_json_value root(lua_State *L, const struct event *e)
{
	return sl_json_root(sl_row_document_at_hand(L, e->run->script));
}

/* Decode and check the row as it came. */
static bool conforms(lua_State *L, struct event *e)
{
	struct sl_violations v;
	const struct sl_route *r = e->delivery.route;
	e->scope.handler = NULL;
	if (sl_schema_push(L, r->schema, root(L, e), &v) == 0) {
		e->payload = lua_gettop(L);
		return true;
	}
	if (r->on_invalid != SL_INVALID_IS_DROPPED)
		push_violations(L, e, &v);
	if (r->on_invalid == SL_INVALID_FAILS)
		lua_error(L);
	return false;
}

/* ---- where kept rows go ---- */

/* An error object as it is; of anything else, what it says. */
_Noreturn static void raise_refusal(lua_State *L) /* [..., error] */
{
	struct sl_error err;
	if (sl_lua_error_is(L, -1))
		lua_error(L);
	sl_error_clear(&err);
	if (lua_isnil(L, -1))
		sl_fail(&err, SL_SINK, 0, "it returned nothing; a sink's write returns true, or nil and an error");
	else
		sl_lua_error_read(L, -1, SL_SINK, &err);
	sl_lua_error_raise(L, &err);
}

static void write_to_sink(lua_State *L, struct event *e)
{
	const struct sl_route *r = e->delivery.route;
	make_userdata(L, e);
	e->scope.handler = "sink.write";
	sl_route_push(L, r, SL_SLOT_SINK_WRITE);
	sl_route_push(L, r, SL_SLOT_SINK);
	lua_pushvalue(L, e->userdata);
	lua_call(L, 2, 2);
	if (!lua_toboolean(L, -2))
		raise_refusal(L);
}

static void write_out(lua_State *L, struct event *e)
{
	struct sl_error err;
	const struct sl_route *r = e->delivery.route;
	/* A writer alone is no handler of the user's. */
	e->scope.handler = r->sinks_writer ? "sink.write" : NULL;
	sl_error_clear(&err);
	if (sl_writer_row(r->writer, e->delivery.text, e->delivery.len, &err) != 0)
		sl_lua_error_raise(L, &err);
}

/* It waits in the run until next() takes it. */
static void keep_pulled(lua_State *L, struct event *e)
{
	make_userdata(L, e);
	lua_pushvalue(L, e->userdata);
	lua_setiuservalue(L, SL_BODY_RUN, SL_RUN_PULLED);
	e->run->paused = true;
}

static void hand_over(lua_State *L, struct event *e)
{
	const struct sl_route *r = e->delivery.route;
	if (r->sink && !e->inserted)
		write_to_sink(L, e);
	if (r->writer != NULL)
		write_out(L, e);
	if (e->run->pull)
		keep_pulled(L, e);
}

/* ---- rejected rows ---- */

bool sl_dispatch_reject(lua_State *L, struct sl_script *s, uint64_t serial,
                        const char *reason, size_t len)
{
	struct sl_delivery *d = s->delivery;
	if (d == NULL || !d->deciding || (serial != d->serial && serial != d->first))
		return false;
	if (d->rejected)
		return true;
	if (sl_buffer_set(&s->reason, reason, len) != 0)
		luaL_error(L, "not enough memory for a reason");
	d->rejected = true;
	return true;
}

/* The userdata of the row as it came, whatever map has made of it. */
static void restore_userdata(lua_State *L, struct event *e)
{
	struct sl_delivery *d = &e->delivery;
	if (d->serial != d->first) {
		d->serial = d->first;
		d->json = d->row->json;
		d->text = d->row->text;
		d->len = d->row->len;
		e->userdata = e->payload = 0;
	}
	make_userdata(L, e);
}

/* What a handler said, or the error object with the violations. */
static void push_reason(lua_State *L, const struct event *e)
{
	const struct sl_buffer *reason = &e->run->script->reason;
	if (e->violations != 0)
		lua_pushvalue(L, e->violations);
	else
		lua_pushlstring(L, sl_buffer_data(reason), sl_buffer_len(reason));
}

static void tell_rejected(lua_State *L, struct event *e)
{
	e->scope.handler = NULL; /* it says itself whose fault a failure is */
	restore_userdata(L, e);
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	if (lua_getfield(L, -1, "on_reject") == LUA_TNIL)
		return;
	lua_pushvalue(L, e->userdata);
	lua_pushvalue(L, SL_BODY_RUN);
	push_reason(L, e);
	lua_call(L, 3, 0);
}

/* ---- a row ---- */

static enum sl_fate decide(lua_State *L, struct event *e)
{
	struct sl_delivery *d = &e->delivery;
	const struct sl_route *r = d->route;
	if (r->extract != NULL && sl_insert_document(r->insert, r->extract, root(L, e))) {
		e->inserted = true;
		return SL_FATE_KEPT;
	}
	if (r->schema != NULL && !conforms(L, e))
		return r->on_invalid == SL_INVALID_IS_DROPPED ? SL_FATE_DROPPED : SL_FATE_REJECTED;
	if (r->has[SL_STEP_WHERE] && !accepts(L, e))
		return d->rejected ? SL_FATE_REJECTED : SL_FATE_DROPPED;
	if (r->has[SL_STEP_MAP] && !d->rejected) {
		call_step(L, e, SL_STEP_MAP);
		if (!d->rejected)
			replace_payload(L, e);
	}
	if (r->has[SL_STEP_ON_ROW] && !d->rejected)
		call_step(L, e, SL_STEP_ON_ROW);
	return d->rejected ? SL_FATE_REJECTED : SL_FATE_KEPT;
}

static void handle_row(lua_State *L, struct event *e)
{
	struct sl_delivery *d = &e->delivery;
	const struct sl_stream *stream = d->row->stream;
	struct sl_route *r = sl_run_route(e->run, stream->seal.stream);
	r = r != NULL ? r : sl_route_open(L, e->run, stream);
	d->route = r;
	e->scope.entry = r->entry ? r->name : NULL;
	r->rows++;
	r->bytes += d->len;
	d->deciding = true;
	enum sl_fate fate = decide(L, e);
	d->deciding = false;
	if (fate == SL_FATE_KEPT)
		hand_over(L, e);
	else if (fate == SL_FATE_REJECTED)
		tell_rejected(L, e);
	r->fates[fate]++;
	d->settled = true;
}

/* ---- other events ---- */

static void call_handler(lua_State *L, struct event *e, const char *name) /* [..., argument] */
{
	e->scope.handler = name;
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	lua_getfield(L, -1, name);
	lua_pushvalue(L, -3);
	lua_pushvalue(L, SL_BODY_RUN); /* [..., argument, request, function, argument, run] */
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
	lua_setiuservalue(L, SL_BODY_RUN, SL_RUN_PROGRESS);
	if (e->run->on_progress)
		call_handler(L, e, "on_progress");
}

static void handle_outcome(lua_State *L, struct event *e)
{
	lua_pushvalue(L, SL_BODY_RUN);
	sl_outcome_push(L, lua_gettop(L), e->what);
	lua_setiuservalue(L, SL_BODY_RUN, SL_RUN_OUTCOME);
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
	if (e->delivery.route != NULL && !e->delivery.settled)
		e->delivery.route->fates[SL_FATE_REJECTED]++; /* the sum holds, always */
	sl_worker_cancel(e->run->worker, &err);
	return -1;
}

/* Much may have arrived at once, and its handlers may take their time. */
static void rest_if_due(struct sl_run *run)
{
	if (run->script->rest_ns == 0 || sl_now_coarse_ns() < run->script->rest_ns)
		return;
	run->resting = run->script->turns;
	sl_worker_pause(run->worker);
}

static void raise_what(lua_State *L, struct event *e)
{
	sl_lua_error_raise(L, e->what);
}

/* 0; or -1, and the request is on its way to failure. */
static int write_plain(struct sl_run *run, struct sl_route *r, const struct sl_row *row)
{
	struct sl_error err;
	sl_error_clear(&err);
	if (r->writer == NULL || sl_writer_row(r->writer, row->text, row->len, &err) == 0) {
		r->fates[SL_FATE_KEPT]++;
		return 0;
	}
	struct event e = event_of(run, &err, raise_what);
	e.scope.handler = r->sinks_writer ? "sink.write" : NULL;
	e.scope.entry = r->entry ? r->name : NULL;
	e.scope.stream = row->stream->name;
	e.scope.sequence = row->sequence;
	r->fates[SL_FATE_REJECTED]++;
	return contain(&e);
}

static enum sl_verdict judge_plain(const struct sl_route *r, const struct sl_row *row)
{
	if (r == NULL || !r->plain)
		return SL_VERDICT_UNSURE;
	if (r->predicate == NULL)
		return SL_VERDICT_KEEP;
	if (row->json == NULL)
		return SL_VERDICT_UNSURE;
	return sl_predicate_decide(r->predicate, sl_json_root(row->json));
}

/* A row for which nothing of the user's is called is settled without Lua: 0 or
 * -1 as above, or 1 when it takes Lua. The first of a stream does, to find its
 * route. */
static int settle_plain(struct sl_run *run, const struct sl_row *row)
{
	struct sl_route *r = sl_run_route(run, row->stream->seal.stream);
	enum sl_verdict verdict = judge_plain(r, row);
	if (verdict == SL_VERDICT_UNSURE)
		return 1;
	r->rows++;
	r->bytes += row->len;
	run->script->events++;
	if (verdict == SL_VERDICT_KEEP)
		return write_plain(run, r, row);
	r->fates[SL_FATE_DROPPED]++;
	return 0;
}

static void end_loans(lua_State *L, struct event *e)
{
	sl_row_end_loans(L, e->run->script);
}

/* The bytes of a row go when its callback returns: 0 or -1 as above. */
static int settle_loans(struct sl_run *run, const struct sl_row *row)
{
	struct sl_script *s = run->script;
	struct event e = event_of(run, row, end_loans);
	e.scope.stream = row->stream->name;
	e.scope.sequence = row->sequence;
	int rc = contain(&e);
	if (s->lent)
		sl_row_forget_loans(s->L, s);
	return rc;
}

/* 0; or -1, and the request is on its way to failure. */
static int deliver(struct sl_run *run, const struct sl_row *row)
{
	struct sl_script *s = run->script;
	struct event e = event_of(run, row, handle_row);
	e.scope.stream = row->stream->name;
	e.scope.sequence = row->sequence;
	e.delivery.row = row;
	e.delivery.json = row->json;
	e.delivery.text = row->text;
	e.delivery.len = row->len;
	e.delivery.first = e.delivery.serial = ++s->serial;
	s->delivery = &e.delivery;
	int rc = contain(&e);
	if (s->lent && settle_loans(run, row) != 0)
		rc = -1;
	s->delivery = NULL;
	return rc;
}

static void on_row(void *ctx, const struct sl_row *row)
{
	struct sl_run *run = ctx;
	if (sl_interrupt_count() > 0) {
		sl_run_interrupt_all(run->script);
		return;
	}
	int rc = settle_plain(run, row);
	if (rc == 1)
		rc = deliver(run, row);
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
