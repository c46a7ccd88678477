/* delivery.c - see delivery.h */
#include "script/delivery.h"

#include <lauxlib.h>

#include "expression/predicate.h"
#include "lua/error.h"
#include "lua/value.h"
#include "schema/schema.h"
#include "script/at_hand.h"
#include "script/event.h"
#include "script/expression.h"
#include "script/interrupt.h"
#include "script/route.h"
#include "script/row.h"

struct delivery { /* on the C stack of the callback */
	struct sl_event event; /* the first member, because it is passed on as an event */
	struct sl_at_hand hand;
	struct sl_route *route;
	int userdata;   /* stack index of the row's userdata; 0: not made */
	int payload;    /* of the payload that the schema made; 0: none */
	int violations; /* of the error object with the row's violations; 0: none */
	bool taken;     /* the sink already has the row */
	bool settled;   /* its fate is counted */
	bool invalid;   /* dropped by its schema */
};

/* Count what became of a row. If memory runs out, the recorded fates end there. */
static void settle(struct sl_run *run, struct sl_route *r, enum sl_fate fate, bool invalid)
{
	r->counts.fates[fate]++;
	if (!run->writes_fates)
		return;
	char letter = invalid ? SL_FATE_INVALID : SL_FATE_LETTERS[fate];
	run->writes_fates = sl_buffer_append(&r->fates, &letter, 1) == 0;
}

/* ---- the row at hand ---- */

/* Undo map: the row is again as received. */
static void restore(struct sl_at_hand *h)
{
	h->serial = h->first;
	h->json = h->row->json;
	h->text = h->row->text;
	h->len = h->row->len;
}

static void name_row(struct sl_event *e, const struct sl_row *row)
{
	e->scope.stream = row->stream->name;
	e->scope.sequence = row->sequence;
	e->scope.line = row->line;
	e->scope.file = row->file;
}

static void begin(struct delivery *d, struct sl_script *s, const struct sl_row *row)
{
	name_row(&d->event, row);
	d->hand = (struct sl_at_hand){ .row = row, .first = ++s->serial };
	restore(&d->hand);
	s->at_hand = &d->hand;
	d->route = NULL;
	d->userdata = d->payload = d->violations = 0;
	d->taken = d->settled = d->invalid = false;
}

/* ---- the steps of a row ---- */

/* Make the userdata of this row, once. */
static void make_userdata(lua_State *L, struct delivery *d)
{
	if (d->userdata != 0)
		return;
	sl_row_push_at_hand(L, d->event.run->script, SL_BODY_METATABLE);
	d->userdata = lua_gettop(L);
	if (d->payload == 0)
		return;
	lua_pushvalue(L, d->payload);
	sl_row_set_payload(L, d->userdata);
}

/* Call the step's function: its value is on top. The steps of one row leave
 * little on the stack, which is dropped with the row. */
static void call_step(lua_State *L, struct delivery *d, enum sl_step step)
{
	const struct sl_route *r = d->route;
	d->event.scope.handler = sl_step_name(step);
	d->event.scope.explain = r->expression[step] != NULL ? sl_expression_explain : NULL;
	d->event.scope.explained = r->expression[step];
	if (r->expression[step] != NULL) {
		sl_route_push(L, r, SL_SLOT_STEPS + step);
		sl_expression_aim(r->expression[step]);
		lua_call(L, 0, 1);
		return;
	}
	make_userdata(L, d);
	sl_route_push(L, r, SL_SLOT_STEPS + step);
	lua_pushvalue(L, d->userdata);
	lua_pushvalue(L, SL_BODY_RUN);
	lua_call(L, 2, 1);
}

/* false, nil and null drop the row. */
static bool accepts(lua_State *L, struct delivery *d)
{
	call_step(L, d, SL_STEP_WHERE);
	if (lua_toboolean(L, -1) == 0)
		return false;
	return lua_type(L, -1) != LUA_TLIGHTUSERDATA || lua_touserdata(L, -1) != NULL;
}

static void refuse_value(lua_State *L, const struct delivery *d, const char *why)
{
	SL_ERROR(err);
	bool is_expression = d->route->expression[SL_STEP_MAP] != NULL;
	sl_fail(&err, is_expression ? SL_EXPRESSION : SL_SINK, 0, "map returned no payload: %s", why);
	sl_lua_error_raise(L, &err);
}

static void encode(lua_State *L, struct delivery *d) /* [..., value] */
{
	SL_ERROR(err);
	struct sl_script *s = d->event.run->script;
	sl_buffer_consume(&s->text, sl_buffer_len(&s->text));
	if (lua_isnil(L, -1) && d->route->expression[SL_STEP_MAP] != NULL)
		lua_pushlightuserdata(L, NULL); /* an expression's absent value becomes null */
	else if (lua_isnil(L, -1))
		refuse_value(L, d, "its value is nil; sluice.null is JSON's null");
	if (sl_value_encode(L, -1, s->encoder, &s->text, &err) != 0)
		refuse_value(L, d, err.message);
	d->hand.text = sl_buffer_data(&s->text);
	d->hand.len = sl_buffer_len(&s->text);
}

/* From here on the value from map, on top, is the row's payload. If it is the row
 * itself, nothing changes; another row stays on the stack. */
static void replace_payload(lua_State *L, struct delivery *d)
{
	struct sl_at_hand *h = &d->hand;
	const struct sl_row_object *row = sl_row_test(L, -1);
	if (row != NULL && sl_row_serial(row) == h->serial)
		return;
	if (row != NULL)
		h->text = sl_row_text(L, row, &h->len);
	else
		encode(L, d);
	h->json = NULL;
	h->serial = ++d->event.run->script->serial;
	d->userdata = 0;
	d->payload = 0;
}

/* ---- the schema ---- */

/* [..., list of violations]: push an error object. */
static void push_violations(lua_State *L, struct delivery *d, const struct sl_violations *v)
{
	const struct sl_row *row = d->hand.row;
	struct sl_schema_place place = { NULL, row->stream->name, (int64_t)row->sequence };
	int list = lua_gettop(L);
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	if (lua_getfield(L, -1, "export") == LUA_TSTRING)
		place.export = lua_tostring(L, -1);
	lua_pushvalue(L, list);
	sl_schema_push_failure(L, v, &place);
	d->violations = lua_gettop(L);
}

/* Call the request's on_violation, whatever on_invalid does with the row. */
static void tell_violation(lua_State *L, const struct delivery *d)
{
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	lua_getfield(L, -1, "on_violation");
	lua_pushvalue(L, d->violations);
	lua_call(L, 1, 0);
	lua_pop(L, 1);
}

/* The document's root; a large row is parsed for it. */
static struct sl_json_value root(lua_State *L, const struct delivery *d)
{
	return sl_json_root(sl_row_document_at_hand(L, d->event.run->script));
}

/* Decode and check the row as received. */
static bool conforms(lua_State *L, struct delivery *d)
{
	struct sl_violations v;
	const struct sl_route *r = d->route;
	struct sl_json_value from = root(L, d);
	d->event.scope.handler = NULL;
	struct sl_codec *held = sl_script_hold(L, d->event.run->script, from.json);
	size_t count = sl_schema_push(L, r->schema, from, &v);
	sl_script_release(held);
	if (count == 0) {
		d->payload = lua_gettop(L);
		return true;
	}
	d->invalid = r->on_invalid == SL_INVALID_IS_DROPPED;
	d->route->counts.invalid += d->invalid;
	if (!d->invalid || d->event.run->on_violation)
		push_violations(L, d, &v);
	if (d->event.run->on_violation)
		tell_violation(L, d);
	if (r->on_invalid == SL_INVALID_FAILS)
		lua_error(L);
	return false;
}

/* ---- where kept rows go ---- */

/* Raises an error object as it is; anything else becomes the message of a new one. */
_Noreturn static void raise_refusal(lua_State *L) /* [..., error] */
{
	SL_ERROR(err);
	if (sl_lua_error_is(L, -1))
		lua_error(L);
	if (lua_isnil(L, -1))
		sl_fail(&err, SL_SINK, 0, "it returned nothing; a sink's write returns true, or nil and an error");
	else
		sl_lua_error_read(L, -1, SL_SINK, &err);
	sl_lua_error_raise(L, &err);
}

static void write_to_sink(lua_State *L, struct delivery *d)
{
	const struct sl_route *r = d->route;
	make_userdata(L, d);
	d->event.scope.handler = SL_SINK_WRITE;
	sl_route_push(L, r, SL_SLOT_SINK_WRITE);
	sl_route_push(L, r, SL_SLOT_SINK);
	lua_pushvalue(L, d->userdata);
	lua_call(L, 2, 2);
	if (!lua_toboolean(L, -2))
		raise_refusal(L);
}

static void fill_from(struct sl_taken *taken, const struct sl_row *row)
{
	taken->text = row->text;
	taken->len = row->len;
	taken->from = (struct sl_taken_from){ .stream = { row->stream->name, row->stream->name_len },
		                              .sequence = row->sequence, .line = row->line, .file = row->file };
}

static void fill(lua_State *L, struct delivery *d, struct sl_taken *taken)
{
	*taken = (struct sl_taken){ .L = L };
	fill_from(taken, d->hand.row);
	taken->text = d->hand.text;
	taken->len = d->hand.len;
	if (d->route->taker.type->reads_document)
		taken->root = root(L, d);
}

/* The index of the payload that a schema has made, or that a handler has seen and may have changed; 0: none. */
static int find_payload(lua_State *L, const struct delivery *d)
{
	if (d->payload != 0 || d->userdata == 0)
		return d->payload;
	return sl_row_push_payload(L, d->userdata) ? lua_gettop(L) : 0;
}

static void give_to_taker(lua_State *L, struct delivery *d)
{
	SL_ERROR(err);
	struct sl_taken taken;
	d->event.scope.handler = sl_route_taker_name(d->route);
	fill(L, d, &taken);
	if (d->route->taker.type->reads_document)
		taken.payload = find_payload(L, d);
	if (sl_taker_take(d->route->taker, &taken, &err) != SL_TOOK)
		sl_lua_error_raise(L, &err);
}

/* Offer the row as received to what takes rows that are as declared. */
static bool takes_declared(lua_State *L, struct delivery *d)
{
	SL_ERROR(err);
	struct sl_taken taken;
	const struct sl_route *r = d->route;
	if (r->bound == NULL)
		return false;
	fill(L, d, &taken);
	return r->taker.type->take_bound(r->bound, &taken, &err) == SL_TOOK;
}

/* The row waits in the run until next() takes it. */
static void keep_pulled(lua_State *L, struct delivery *d)
{
	make_userdata(L, d);
	lua_pushvalue(L, d->userdata);
	lua_setiuservalue(L, SL_BODY_RUN, SL_RUN_PULLED);
	d->event.run->paused = true;
}

static void hand_over(lua_State *L, struct delivery *d)
{
	const struct sl_route *r = d->route;
	if (d->taken)
		return;
	if (r->sink)
		write_to_sink(L, d);
	if (r->taker.type != NULL)
		give_to_taker(L, d);
	if (d->event.run->pull)
		keep_pulled(L, d);
}

/* ---- rejected rows ---- */

/* Make the userdata of the row as received, even if map has replaced it. */
static void restore_userdata(lua_State *L, struct delivery *d)
{
	if (d->hand.serial != d->hand.first) {
		restore(&d->hand);
		d->userdata = d->payload = 0;
	}
	make_userdata(L, d);
}

/* Push the handler's reason, or the error object with the violations. */
static void push_reason(lua_State *L, const struct delivery *d)
{
	const struct sl_buffer *reason = &d->event.run->script->reason;
	if (d->violations != 0)
		lua_pushvalue(L, d->violations);
	else
		lua_pushlstring(L, sl_buffer_data(reason), sl_buffer_len(reason));
}

/* [..., line, file] of the input; nil if not known. */
static void push_line(lua_State *L, const struct sl_row *row)
{
	lua_pushnil(L);
	if (row->line != 0) {
		lua_pushinteger(L, (lua_Integer)row->line);
		lua_replace(L, -2);
	}
	lua_pushstring(L, row->file); /* NULL is nil */
}

static void tell_rejected(lua_State *L, struct delivery *d)
{
	d->event.scope.handler = NULL; /* on_reject itself names the handler that failed */
	restore_userdata(L, d);
	lua_getiuservalue(L, SL_BODY_RUN, SL_RUN_REQUEST);
	if (lua_getfield(L, -1, "on_reject") == LUA_TNIL)
		return;
	lua_pushvalue(L, d->userdata);
	lua_pushvalue(L, SL_BODY_RUN);
	push_reason(L, d);
	push_line(L, d->hand.row);
	lua_call(L, 5, 0);
}

/* ---- a row in Lua ---- */

static enum sl_fate decide(lua_State *L, struct delivery *d)
{
	const struct sl_route *r = d->route;
	struct sl_at_hand *h = &d->hand;
	if (takes_declared(L, d)) {
		d->taken = true;
		return SL_FATE_KEPT;
	}
	if (r->schema != NULL && !conforms(L, d))
		return r->on_invalid == SL_INVALID_IS_DROPPED ? SL_FATE_DROPPED : SL_FATE_REJECTED;
	if (r->has[SL_STEP_WHERE] && !accepts(L, d))
		return h->rejected ? SL_FATE_REJECTED : SL_FATE_DROPPED;
	if (r->has[SL_STEP_MAP] && !h->rejected) {
		call_step(L, d, SL_STEP_MAP);
		if (!h->rejected)
			replace_payload(L, d);
	}
	if (r->has[SL_STEP_ON_ROW] && !h->rejected)
		call_step(L, d, SL_STEP_ON_ROW);
	return h->rejected ? SL_FATE_REJECTED : SL_FATE_KEPT;
}

static void handle_row(lua_State *L, struct delivery *d)
{
	struct sl_event *e = &d->event;
	const struct sl_stream *stream = d->hand.row->stream;
	struct sl_route *r = sl_run_route(e->run, stream->seal.stream);
	r = r != NULL ? r : sl_route_open(L, e->run, stream);
	d->route = r;
	e->scope.entry = r->entry ? r->name : NULL;
	r->counts.rows++;
	r->counts.bytes += d->hand.len;
	d->hand.deciding = true;
	enum sl_fate fate = decide(L, d);
	d->hand.deciding = false;
	if (fate == SL_FATE_KEPT)
		hand_over(L, d);
	else if (fate == SL_FATE_REJECTED)
		tell_rejected(L, d);
	settle(e->run, r, fate, d->invalid);
	d->settled = true;
}

/* The next row for the same protected call, or NULL. Loans must be settled outside
 * of it, and a plain route needs no call. */
static const struct sl_row *next_row(const struct delivery *d)
{
	struct sl_run *run = d->event.run;
	if (d->route->plain || run->script->lent || run->paused || d->event.scope.expired ||
	    sl_interrupt_count() > 0 || sl_run_is_tired(run))
		return NULL;
	return sl_worker_next_row(run->worker);
}

/* Entering Lua costs as much as a short row, so one call handles all rows that have arrived. */
static void handle_rows(lua_State *L, struct sl_event *e)
{
	struct delivery *d = (struct delivery *)e;
	const struct sl_row *row;
	for (handle_row(L, d); (row = next_row(d)) != NULL; handle_row(L, d)) {
		lua_settop(L, 1);
		sl_event_renew(e, row);
		begin(d, e->run->script, row);
	}
}

static void end_loans(lua_State *L, struct sl_event *e)
{
	sl_row_end_loans(L, e->run->script);
}

/* End the loans of a row, whose bytes go when its callback returns. 0 or -1 as in the header. */
static int settle_loans(struct sl_run *run, const struct sl_row *row)
{
	struct sl_script *s = run->script;
	struct sl_event e;
	sl_event_init(&e, run, row, end_loans);
	name_row(&e, row);
	int rc = sl_event_contain(&e);
	if (s->lent)
		sl_row_forget_loans(s->L, s);
	return rc;
}

static int through_lua(struct sl_run *run, const struct sl_row *row)
{
	struct sl_script *s = run->script;
	struct delivery d;
	sl_event_init(&d.event, run, row, handle_rows);
	begin(&d, s, row);
	int rc = sl_event_contain(&d.event);
	if (rc != 0 && d.route != NULL && !d.settled)
		settle(run, d.route, SL_FATE_REJECTED, false); /* the fates must always add up to the rows */
	if (s->lent && settle_loans(run, row) != 0)
		rc = -1;
	s->at_hand = NULL;
	return rc;
}

/* ---- a row without Lua ---- */

/* If the deadline has passed, it is the cause: the taker could wait no longer. */
static void raise_what(lua_State *L, struct sl_event *e)
{
	if (e->run->deadline.passed)
		e->scope.expired = SL_EXPIRY_DEADLINE;
	sl_lua_error_raise(L, e->what);
}

/* A taker's error is handled like any other: an error object is made of it in Lua. */
static int fail_plain(struct sl_run *run, struct sl_route *r, const struct sl_row *row,
                      const struct sl_error *err)
{
	struct sl_event e;
	sl_event_init(&e, run, err, raise_what);
	name_row(&e, row);
	e.scope.handler = sl_route_taker_name(r);
	e.scope.entry = r->entry ? r->name : NULL;
	settle(run, r, SL_FATE_REJECTED, false);
	return sl_event_contain(&e);
}

static int keep_plain(struct sl_run *run, struct sl_route *r, const struct sl_row *row)
{
	SL_ERROR(err);
	struct sl_taken taken = { .payload = 0 };
	enum sl_took took = SL_TOOK;
	if (r->taker.type != NULL) {
		fill_from(&taken, row);
		if (r->taker.type->reads_document)
			taken.root = sl_json_root(row->json);
		run->script->giving = run;
		took = sl_taker_take(r->taker, &taken, &err);
		run->script->giving = NULL;
	}
	if (took != SL_TOOK)
		return fail_plain(run, r, row, &err);
	settle(run, r, SL_FATE_KEPT, false);
	return 0;
}

static enum sl_verdict judge_plain(const struct sl_route *r, const struct sl_row *row)
{
	if (r == NULL || !r->plain || (r->reads_document && row->json == NULL))
		return SL_VERDICT_UNSURE;
	return r->predicate != NULL ? sl_predicate_decide(r->predicate, sl_json_root(row->json))
	                            : SL_VERDICT_KEEP;
}

/* The first row of a stream goes through Lua, which finds its route. */
int sl_delivery_from(struct sl_run *run, const struct sl_row *row)
{
	struct sl_route *r = sl_run_route(run, row->stream->seal.stream);
	enum sl_verdict verdict = judge_plain(r, row);
	if (verdict == SL_VERDICT_UNSURE)
		return through_lua(run, row);
	r->counts.rows++;
	r->counts.bytes += row->len;
	run->script->events++;
	if (verdict == SL_VERDICT_KEEP)
		return keep_plain(run, r, row);
	settle(run, r, SL_FATE_DROPPED, false);
	return 0;
}
