/* callbacks.c - see callbacks.h */
#include "script/callbacks.h"

#include <lauxlib.h>

#include "lua/members.h"
#include "script/delivery.h"
#include "script/event.h"
#include "script/interrupt.h"
#include "script/outcome.h"

/* ---- into Lua ---- */

static void call_handler(lua_State *L, struct sl_event *e, const char *name) /* [..., argument] */
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

static void handle_diagnostic(lua_State *L, struct sl_event *e)
{
	static const char *const fields[] = { "code", "message", NULL };
	const struct sl_diagnostic *d = e->what;
	lua_createtable(L, 0, 2);
	set_text(L, "code", d->code);
	set_text(L, "message", d->message);
	sl_members_mark(L, "a diagnostic", fields);
	call_handler(L, e, "on_diagnostic");
}

static void handle_progress(lua_State *L, struct sl_event *e)
{
	static const char *const fields[] = { "phase", "current", "total", NULL };
	const struct sl_progress *p = e->what;
	lua_createtable(L, 0, 3);
	set_text(L, "phase", p->phase);
	lua_pushinteger(L, (lua_Integer)p->current);
	lua_setfield(L, -2, "current");
	if (p->has_total) {
		lua_pushinteger(L, (lua_Integer)p->total);
		lua_setfield(L, -2, "total");
	}
	sl_members_mark(L, "progress", fields);
	lua_pushvalue(L, -1);
	lua_setiuservalue(L, SL_BODY_RUN, SL_RUN_PROGRESS);
	if (e->run->on_progress)
		call_handler(L, e, "on_progress");
}

static void set_number(lua_State *L, const char *name, uint64_t n) /* [..., table] */
{
	lua_pushinteger(L, (lua_Integer)n);
	lua_setfield(L, -2, name);
}

static void handle_bad_line(lua_State *L, struct sl_event *e)
{
	const struct sl_bad_line *b = e->what;
	lua_createtable(L, 0, 5);
	if (b->file.len > 0)
		set_text(L, "file", b->file);
	set_number(L, "line", b->line);
	set_number(L, "size", b->size);
	set_text(L, "reason", b->reason);
	set_text(L, "text", b->bytes);
	call_handler(L, e, "on_bad_line");
}

static void handle_outcome(lua_State *L, struct sl_event *e)
{
	lua_pushvalue(L, SL_BODY_RUN);
	sl_outcome_push(L, lua_gettop(L), e->what);
	lua_setiuservalue(L, SL_BODY_RUN, SL_RUN_OUTCOME);
}

/* ---- callbacks ---- */

static void on_row(void *ctx, const struct sl_row *row)
{
	struct sl_run *run = ctx;
	if (sl_interrupt_count() > 0) {
		sl_run_interrupt_all(run->script);
		return;
	}
	if (sl_delivery_from(run, row) != 0)
		return;
	bool is_tired = !run->paused && sl_run_is_tired(run);
	if (is_tired)
		run->resting = run->script->turns;
	if (run->paused || is_tired)
		sl_worker_pause(run->worker);
}

static void on_diagnostic(void *ctx, const struct sl_diagnostic *d)
{
	struct sl_run *run = ctx;
	struct sl_event e;
	sl_event_init(&e, run, d, handle_diagnostic);
	/* Earlier rows are written first, because both may go to one terminal. */
	if (run->on_diagnostic && sl_sinks_flush(&run->script->sinks) == 0)
		sl_event_contain(&e);
}

static void on_progress(void *ctx, const struct sl_progress *p)
{
	struct sl_event e;
	sl_event_init(&e, ctx, p, handle_progress);
	sl_event_contain(&e);
}

static void on_bad_line(void *ctx, const struct sl_bad_line *line)
{
	struct sl_run *run = ctx;
	struct sl_event e;
	sl_event_init(&e, run, line, handle_bad_line);
	run->bad_lines++;
	if (run->on_bad_line)
		sl_event_contain(&e);
}

static void on_outcome(void *ctx, const struct sl_outcome *o)
{
	struct sl_run *run = ctx;
	struct sl_script *s = run->script;
	struct sl_event e;
	struct sl_error err;
	sl_event_init(&e, run, o, handle_outcome);
	run->done = true;
	run->success = o->success;
	run->error = o->error;
	run->elapsed_ns = o->elapsed_ns;
	if (sl_event_call(&e, &err) != 0 && o->success) {
		run->success = false; /* an outcome that cannot be reported is not a success */
		run->error = err;
	}
	run->worker = NULL;
	sl_run_deactivate(s->L, run); /* last, because nothing may keep the run alive after this */
}

void sl_callbacks_init(struct sl_events *events, struct sl_run *run)
{
	*events = (struct sl_events){
		.ctx = run,
		.on_row = on_row,
		.on_diagnostic = on_diagnostic,
		.on_progress = on_progress,
		.on_bad_line = on_bad_line,
		.on_outcome = on_outcome,
	};
}
