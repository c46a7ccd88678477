/* worker.c - see worker.h */
#include "script/worker.h"

#include <limits.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "lua/class.h"
#include "lua/error.h"
#include "lua/members.h"
#include "lua/options.h"
#include "script/callbacks.h"
#include "script/event.h"
#include "script/interrupt.h"
#include "script/loop.h"
#include "script/route.h"
#include "script/row.h"
#include "script/run.h"

#define LATEST_RUN 1 /* user value */

#define LONGEST_MS ((int64_t)INT_MAX * 1000)

struct sl_handle {
	struct sl_script *script;
	struct sl_worker *worker; /* NULL: closed */
};

static struct sl_handle *check_open(lua_State *L)
{
	struct sl_handle *h = luaL_checkudata(L, 1, SL_HANDLE);
	if (h->worker == NULL)
		luaL_error(L, "the worker is closed");
	return h;
}

static struct sl_handle *check_outside(lua_State *L, const char *what)
{
	struct sl_handle *h = check_open(L);
	sl_loop_check_outside(L, h->script, what);
	return h;
}

/* Push the latest run and return it, or NULL. */
static struct sl_run *push_run(lua_State *L)
{
	lua_getiuservalue(L, 1, LATEST_RUN);
	return lua_touserdata(L, -1);
}

static int return_true(lua_State *L)
{
	lua_pushboolean(L, true);
	return 1;
}

/* ---- making one ---- */

static int64_t duration(lua_State *L, const char *name, int64_t preset)
{
	int64_t ms = sl_option_integer(L, 1, name, 0, LONGEST_MS);
	return ms > 0 ? ms : preset;
}

/* [options]; pushes the values that hold the arrays. */
static void read_options(lua_State *L, struct sl_worker_options *o)
{
	sl_worker_options_init(o);
	o->argv = sl_option_list(L, 1, "argv");
	o->env = sl_option_environment(L, 1, "env");
	o->cwd = sl_option_string(L, 1, "cwd");
	o->transport = (enum sl_transport_kind)sl_option_choice(L, 1, "transport", sl_transport_names);
	o->pass_stdin = sl_option_boolean(L, 1, "pass_stdin");
	o->takes_bad_lines = sl_option_boolean(L, 1, "takes_bad_lines");
	o->max_frame = (uint32_t)sl_option_integer(L, 1, "max_frame", 0, UINT32_MAX);
	o->startup_timeout_ms = duration(L, "startup_timeout", o->startup_timeout_ms);
	o->stop_grace_ms = duration(L, "stop_grace", o->stop_grace_ms);
	o->kill_grace_ms = duration(L, "kill_grace", o->kill_grace_ms);
	o->max_requests = (uint64_t)sl_option_integer(L, 1, "max_requests", 0, INT64_MAX);
	o->max_rss = (uint64_t)sl_option_integer(L, 1, "max_rss", 0, INT64_MAX);
	o->max_idle_ms = duration(L, "max_idle", 0);
	o->record = sl_option_string(L, 1, "record");
}

int sl_handle_new(lua_State *L) /* [options] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	struct sl_worker_options o;
	SL_ERROR(err);
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	read_options(L, &o);
	struct sl_supervisor *supervisor = sl_script_supervisor(L, s, &err);
	if (supervisor == NULL)
		return sl_lua_error_return(L, &err);
	struct sl_handle *h = lua_newuserdatauv(L, sizeof *h, 1);
	*h = (struct sl_handle){ .script = s }; /* closed; opened by what follows */
	luaL_setmetatable(L, SL_HANDLE);
	sl_script_expect_worker(L, s);
	h->worker = sl_worker_new(supervisor, &o, &err);
	if (h->worker != NULL)
		return 1;
	s->workers--;
	return sl_lua_error_return(L, &err);
}

static bool is_starting(const struct sl_worker *w)
{
	return sl_worker_state(w) == SL_WORKER_STARTING;
}

static int interrupted(lua_State *L, struct sl_handle *h)
{
	SL_ERROR(err);
	int sig = sl_interrupt_signal();
	sl_worker_shutdown(h->worker);
	sl_fail(&err, SL_CANCELLED, 0, "interrupted by %s", sl_interrupt_name(sig));
	sl_error_number(&err, SL_D_SIGNAL, sig);
	return sl_lua_error_return(L, &err);
}

static int worker_start(lua_State *L) /* [worker] */
{
	SL_ERROR(err);
	struct sl_handle *h = check_outside(L, "a worker cannot be started");
	if (sl_worker_start(h->worker, &err) != 0)
		return sl_lua_error_return(L, &err);
	while (is_starting(h->worker) && sl_interrupt_count() == 0)
		sl_loop_turn(h->script, L, -1);
	if (is_starting(h->worker))
		return interrupted(L, h);
	const struct sl_error *failed = sl_worker_start_error(h->worker);
	return failed != NULL ? sl_lua_error_return(L, failed) : return_true(L);
}

/* ---- requests ---- */

static void read_request(lua_State *L, struct sl_run *run, struct sl_request_options *o)
{
	static const char *const types[] = { "rows", "call", NULL };
	o->type = sl_option_choice(L, 2, "type", types) == 1 ? SL_EXPORT_CALL : SL_EXPORT_ROWS;
	o->export_name = sl_option_text(L, 2, "export");
	o->json = sl_option_text(L, 2, "json");
	o->streams = sl_option_text(L, 2, "named");
	o->timeout_ms = sl_option_integer(L, 2, "timeout", SL_REQUEST_TIMEOUT_MS, LONGEST_MS);
	o->idle_timeout_ms = sl_option_integer(L, 2, "idle_timeout", 0, LONGEST_MS);
	run->type = o->type;
	run->pull = sl_option_boolean(L, 2, "pull");
	run->on_diagnostic = sl_option_function(L, 2, "on_diagnostic");
	run->on_progress = sl_option_function(L, 2, "on_progress");
	run->on_bad_line = sl_option_function(L, 2, "on_bad_line");
	run->on_violation = sl_option_function(L, 2, "on_violation");
	run->writes_fates = sl_option_boolean(L, 2, "fates");
}

/* [worker, request, run]: tie them together. */
static void connect(lua_State *L, struct sl_run *run, struct sl_worker *w)
{
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, 3, SL_RUN_WORKER);
	lua_pushvalue(L, 2);
	lua_setiuservalue(L, 3, SL_RUN_REQUEST);
	run->worker = w;
}

/* Send the request. This may already report an outcome, if the process cannot be
 * started. */
static int ask(lua_State *L, struct sl_handle *h, struct sl_run *run,
               const struct sl_request_options *o, struct sl_error *err)
{
	struct sl_script *s = h->script;
	struct sl_events events;
	sl_callbacks_init(&events, run);
	struct sl_script_place was = sl_script_enter(s, L);
	int rc = sl_worker_request(h->worker, o, &events, err);
	sl_script_leave(s, was);
	s->limit.deadline_ns = rc == 0 ? sl_worker_deadline_ns(h->worker) : 0;
	s->limit.timeout_ms = o->timeout_ms;
	if (rc == 0 && !run->done)
		sl_limit_deadline(&s->limit, &run->deadline, sl_worker_deadline_ns(h->worker), o->timeout_ms);
	return rc;
}

static int worker_begin(lua_State *L) /* [worker, request] */
{
	struct sl_request_options o;
	SL_ERROR(err);
	struct sl_handle *h = check_outside(L, "a request cannot be started");
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	struct sl_run *run = sl_run_new(L, h->script); /* [worker, request, run] */
	read_request(L, run, &o);
	connect(L, run, h->worker);
	sl_route_check(L, 2);
	sl_row_push_metatable(L);
	sl_event_push_body(L, 3);
	sl_run_activate(L, run);
	if (ask(L, h, run, &o, &err) != 0) {
		sl_run_deactivate(L, run);
		run->worker = NULL;
		return sl_lua_error_return(L, &err);
	}
	lua_pushvalue(L, 3);
	lua_setiuservalue(L, 1, LATEST_RUN);
	return 1;
}

/* ---- waiting ---- */

struct ticker { /* a function at stack index 2, called periodically */
	int64_t every_ns, next_ns;
};

static struct ticker ticker_of(lua_State *L)
{
	struct ticker t = { 0, 0 };
	int64_t ms = luaL_optinteger(L, 3, 100);
	if (lua_isnoneornil(L, 2))
		return t;
	luaL_checktype(L, 2, LUA_TFUNCTION);
	luaL_argcheck(L, ms > 0 && ms < INT_MAX, 3, "out of range");
	t.every_ns = ms * SL_NS_PER_MS;
	t.next_ns = sl_now_ns() + t.every_ns;
	return t;
}

static void call_tick(lua_State *L)
{
	lua_pushvalue(L, 2);
	lua_call(L, 0, 0);
}

/* Call it if it is due. Returns the milliseconds until it is due again, or -1. */
static int tick(lua_State *L, struct ticker *t)
{
	if (t->every_ns == 0)
		return -1;
	int64_t now = sl_now_ns();
	if (now >= t->next_ns) {
		call_tick(L);
		now = sl_now_ns();
		t->next_ns = now + t->every_ns;
	}
	return (int)((t->next_ns - now + SL_NS_PER_MS - 1) / SL_NS_PER_MS);
}

static int push_outcome(lua_State *L, int index, const struct sl_run *run)
{
	if (!run->success)
		luaL_pushfail(L);
	if (lua_getiuservalue(L, index, SL_RUN_OUTCOME) == LUA_TNIL) {
		lua_pop(L, 1);
		sl_lua_error_push(L, &run->error); /* there was no memory for it then */
	}
	return run->success ? 1 : 2;
}

static int worker_wait(lua_State *L) /* [worker, tick?, tick_ms?] */
{
	struct sl_handle *h = check_outside(L, "a worker cannot be waited for");
	lua_settop(L, 3);
	struct ticker t = ticker_of(L);
	struct sl_run *run = push_run(L);
	if (run == NULL)
		return luaL_error(L, "no request was started");
	if (!run->done && run->pull)
		return luaL_error(L, "the rows of this request are pulled: call next() to the end, or cancel it");
	while (!run->done) {
		int wait_ms = tick(L, &t);
		h->script->rest_ns = t.next_ns;
		sl_loop_turn(h->script, L, wait_ms);
		h->script->rest_ns = 0;
	}
	if (run->interrupted && t.every_ns != 0)
		call_tick(L); /* shows the user that the signal was noticed */
	return push_outcome(L, 4, run);
}

/* [worker, run] -> [worker, run, row]: take the row that waits, if any. */
static bool take_pulled(lua_State *L)
{
	if (lua_getiuservalue(L, 2, SL_RUN_PULLED) == LUA_TNIL) {
		lua_pop(L, 1);
		return false;
	}
	lua_pushnil(L);
	lua_setiuservalue(L, 2, SL_RUN_PULLED);
	return true;
}

static int worker_next(lua_State *L) /* [worker] */
{
	struct sl_handle *h = check_outside(L, "rows cannot be pulled");
	lua_settop(L, 1);
	struct sl_run *run = push_run(L);
	if (run == NULL || !run->pull)
		return luaL_error(L, "no request whose rows are pulled was started");
	if (take_pulled(L)) /* it came during a wait for another worker */
		return 1;
	if (run->paused && !run->done) {
		run->paused = false;
		sl_loop_resume(h->script, L, h->worker);
	}
	while (!run->done && !run->paused)
		sl_loop_turn(h->script, L, -1);
	return take_pulled(L) ? 1 : 0;
}

/* ---- what is known about it ---- */

static const char *type_name(enum sl_export_type type)
{
	return type == SL_EXPORT_CALL ? "call" : "rows";
}

static void set_text(lua_State *L, const char *name, struct sl_text text) /* [..., table] */
{
	lua_pushlstring(L, text.len > 0 ? text.bytes : "", text.len);
	lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, uint64_t value) /* [..., table] */
{
	lua_pushinteger(L, (lua_Integer)value);
	lua_setfield(L, -2, name);
}

static void push_exports(lua_State *L, const struct sl_hello *hello)
{
	struct sl_export_name export;
	size_t at = 0;
	lua_createtable(L, (int)hello->export_count, 0);
	for (int i = 1; sl_hello_export(hello, &at, &export); i++) {
		lua_createtable(L, 0, 2);
		set_text(L, "name", export.name);
		lua_pushstring(L, type_name(export.type));
		lua_setfield(L, -2, "type");
		lua_rawseti(L, -2, i);
	}
}

static int worker_info(lua_State *L) /* [worker] */
{
	static const char *const fields[] = {
		"pid", "generation", "max_frame", "name", "version", "runtime", "exports", NULL,
	};
	struct sl_worker_info info = sl_worker_info(check_open(L)->worker);
	if (info.hello == NULL) {
		lua_pushnil(L);
		return 1;
	}
	lua_createtable(L, 0, 7);
	set_integer(L, "pid", (uint64_t)info.pid);
	set_integer(L, "generation", info.generation);
	set_integer(L, "max_frame", info.max_frame);
	set_text(L, "name", info.hello->name);
	set_text(L, "version", info.hello->version);
	set_text(L, "runtime", info.hello->runtime);
	push_exports(L, info.hello);
	lua_setfield(L, -2, "exports");
	sl_members_mark(L, "worker:info()", fields);
	return 1;
}

static int worker_health(lua_State *L) /* [worker] */
{
	static const char *const fields[] = { "state", "pid", "rss", "tail", NULL };
	struct sl_handle *h = check_open(L);
	struct sl_text tail;
	lua_createtable(L, 0, 4);
	lua_pushstring(L, sl_worker_state_name(sl_worker_state(h->worker)));
	lua_setfield(L, -2, "state");
	int pid = sl_worker_info(h->worker).pid;
	if (pid != 0) {
		set_integer(L, "pid", (uint64_t)pid);
		set_integer(L, "rss", sl_worker_rss(h->worker));
	}
	tail.bytes = sl_worker_tail(h->worker, &tail.len);
	set_text(L, "tail", tail);
	sl_members_mark(L, "worker:health()", fields);
	return 1;
}

static int worker_stats(lua_State *L) /* [worker] */
{
	static const char *const fields[] = {
		"requests", "succeeded", "failed", "generations", "rows", "bytes", "diagnostics", NULL,
	};
	struct sl_worker_stats s = sl_worker_stats(check_open(L)->worker);
	lua_createtable(L, 0, 7);
	set_integer(L, "requests", s.requests);
	set_integer(L, "succeeded", s.succeeded);
	set_integer(L, "failed", s.failed);
	set_integer(L, "generations", s.generations);
	set_integer(L, "rows", s.rows);
	set_integer(L, "bytes", s.bytes);
	set_integer(L, "diagnostics", s.diagnostics);
	sl_members_mark(L, "worker:stats()", fields);
	return 1;
}

/* ---- the end ---- */

static void shut_down(lua_State *L, struct sl_handle *h)
{
	struct sl_script *s = h->script;
	struct sl_script_place was = sl_script_enter(s, L); /* an active run is cancelled */
	sl_worker_shutdown(h->worker);
	sl_script_leave(s, was);
	while (sl_worker_state(h->worker) != SL_WORKER_OFF)
		sl_loop_turn(s, L, -1);
}

static int push_report(lua_State *L, const struct sl_exit_report *r)
{
	static const char *const fields[] = { "timed_out", "pid", "status", "signal", NULL };
	lua_createtable(L, 0, 4);
	sl_members_mark(L, "worker:shutdown()", fields);
	lua_pushboolean(L, r->timed_out);
	lua_setfield(L, -2, "timed_out");
	if (!r->known)
		return 1;
	set_integer(L, "pid", (uint64_t)r->pid);
	if (r->status >= 0)
		set_integer(L, "status", (uint64_t)r->status);
	if (r->signal != 0)
		set_integer(L, "signal", (uint64_t)r->signal);
	return 1;
}

static int worker_shutdown(lua_State *L) /* [worker] */
{
	SL_ERROR(err);
	struct sl_handle *h = check_outside(L, "a worker cannot be shut down");
	shut_down(L, h);
	struct sl_exit_report r = sl_worker_exit_report(h->worker);
	if (!r.timed_out)
		return push_report(L, &r);
	sl_fail(&err, SL_SHUTDOWN_TIMEOUT, 0, "the worker (process %d) did not exit within its grace period", r.pid);
	if (r.signal != 0)
		sl_error_number(&err, SL_D_SIGNAL, r.signal);
	return sl_lua_error_return(L, &err);
}

static int worker_cycle(lua_State *L) /* [worker] */
{
	int results = worker_shutdown(L);
	return results == 1 ? return_true(L) : results;
}

static int worker_end_recording(lua_State *L) /* [worker] */
{
	SL_ERROR(err);
	struct sl_handle *h = check_outside(L, "a recording cannot be ended");
	return sl_worker_end_recording(h->worker, &err) == 0 ? return_true(L) : sl_lua_error_return(L, &err);
}

/* Release the worker; an active run is cancelled first. Idempotent; also allowed in
 * finalizers and handlers. */
static void close_handle(lua_State *L, struct sl_handle *h)
{
	SL_ERROR(why);
	struct sl_worker *w = h->worker;
	if (w == NULL)
		return;
	h->worker = NULL;
	sl_fail(&why, SL_CANCELLED, 0, "the worker was closed");
	for (struct sl_run *run = LIST_FIRST(&h->script->runs); run != NULL; run = LIST_NEXT(run, entry))
		if (run->worker == w) {
			sl_run_cancel(L, run, &why); /* the run may be gone now */
			break;
		}
	sl_script_doom_worker(h->script, w);
}

static int worker_close(lua_State *L) /* [worker] */
{
	close_handle(L, luaL_checkudata(L, 1, SL_HANDLE));
	return 0;
}

int sl_handle_finish(lua_State *L)
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	sl_loop_check_outside(L, s, "the end cannot be waited for");
	while (s->supervisor != NULL && sl_supervisor_leaving(s->supervisor))
		sl_loop_turn(s, L, -1);
	return 0;
}

static const luaL_Reg methods[] = {
	{ "start", worker_start },
	{ "begin", worker_begin },
	{ "wait", worker_wait },
	{ "next", worker_next },
	{ "info", worker_info },
	{ "health", worker_health },
	{ "stats", worker_stats },
	{ "shutdown", worker_shutdown },
	{ "cycle", worker_cycle },
	{ "end_recording", worker_end_recording },
	{ "close", worker_close },
	{ NULL, NULL },
};

void sl_handle_open(lua_State *L)
{
	sl_class_push(L, SL_HANDLE, methods, worker_close, worker_close);
	lua_pop(L, 1);
}
