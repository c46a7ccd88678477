/* run.c - see run.h */
#include "script/run.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "lua/error.h"
#include "lua/members.h"
#include "script/counts.h"
#include "script/interrupt.h"
#include "script/route.h"

/* ---- active or not ---- */

static void forget_body(lua_State *L, struct sl_run *run)
{
	luaL_unref(L, LUA_REGISTRYINDEX, run->body);
	run->body = LUA_NOREF;
}

void sl_run_activate(lua_State *L, struct sl_run *run) /* [..., body] */
{
	SL_ERROR(err);
	run->body = luaL_ref(L, LUA_REGISTRYINDEX);
	if (sl_limit_hold(&run->script->limit, &err) != 0) {
		forget_body(L, run);
		sl_lua_error_raise(L, &err);
	}
	LIST_INSERT_HEAD(&run->script->runs, run, entry);
	run->active = true;
}

void sl_run_deactivate(lua_State *L, struct sl_run *run)
{
	if (!run->active)
		return;
	run->script->counts = (struct sl_counts){ 0 };
	sl_counts_add_run(&run->script->counts, run);
	LIST_REMOVE(run, entry);
	run->active = false;
	sl_limit_deadline_end(&run->deadline);
	sl_limit_release(&run->script->limit);
	forget_body(L, run); /* needs no memory: its slot exists */
}

/* ---- routes ---- */

static void make_room(lua_State *L, struct sl_run *run, size_t count)
{
	if (count <= run->route_count)
		return;
	struct sl_route **routes = realloc(run->routes, count * sizeof *routes);
	if (routes == NULL)
		luaL_error(L, "not enough memory for a stream");
	for (size_t i = run->route_count; i < count; i++)
		routes[i] = NULL;
	run->routes = routes;
	run->route_count = count;
}

struct sl_route *sl_run_add_route(lua_State *L, struct sl_run *run, const struct sl_stream *stream)
{
	make_room(L, run, stream->seal.stream);
	struct sl_route *r = calloc(1, sizeof *r + stream->name_len + 1u);
	if (r == NULL)
		luaL_error(L, "not enough memory for a stream");
	memcpy(r->name, stream->name, stream->name_len);
	run->routes[stream->seal.stream - 1] = r;
	return r;
}

static void free_routes(struct sl_run *run)
{
	for (size_t i = 0; i < run->route_count; i++) {
		if (run->routes[i] != NULL)
			sl_buffer_clear(&run->routes[i]->fates);
		free(run->routes[i]);
	}
	free(run->routes);
	run->routes = NULL;
	run->route_count = 0;
}

/* ---- counts ---- */

static void set_count(lua_State *L, const char *name, uint64_t n) /* [..., table] */
{
	lua_pushinteger(L, (lua_Integer)n);
	lua_setfield(L, -2, name);
}

static void set_counts(lua_State *L, const struct sl_counts *c) /* [..., table] */
{
	set_count(L, "rows", c->rows);
	set_count(L, "bytes", c->bytes);
	set_count(L, "kept", c->fates[SL_FATE_KEPT]);
	set_count(L, "dropped", c->fates[SL_FATE_DROPPED]);
	set_count(L, "invalid", c->invalid);
	set_count(L, "rejected", c->fates[SL_FATE_REJECTED]);
}

static void push_per_stream(lua_State *L, const struct sl_run *run)
{
	lua_createtable(L, 0, (int)run->route_count);
	for (size_t i = 0; i < run->route_count; i++) {
		const struct sl_route *r = run->routes[i];
		if (r == NULL)
			continue;
		lua_createtable(L, 0, 7);
		set_counts(L, &r->counts);
		lua_setfield(L, -2, r->name);
	}
}

static double elapsed(const struct sl_run *run)
{
	if (run->done)
		return (double)run->elapsed_ns / 1e9;
	return (double)(sl_now_ns() - run->begun_ns) / 1e9;
}

void sl_run_push_counts(lua_State *L, int index)
{
	static const char *const fields[] = {
		"rows", "bytes", "kept", "dropped", "invalid", "rejected", "bad_lines", "per_stream", "elapsed", "progress",
		NULL,
	};
	const struct sl_run *run = lua_touserdata(L, index);
	struct sl_counts sum = { 0 };
	luaL_checkstack(L, 6, "counts");
	index = lua_absindex(L, index);
	lua_createtable(L, 0, 10);
	push_per_stream(L, run);
	lua_setfield(L, -2, "per_stream");
	sl_counts_add_run(&sum, run);
	set_counts(L, &sum);
	set_count(L, "bad_lines", run->bad_lines);
	lua_pushnumber(L, elapsed(run));
	lua_setfield(L, -2, "elapsed");
	lua_getiuservalue(L, index, SL_RUN_PROGRESS);
	lua_setfield(L, -2, "progress");
	sl_members_mark(L, "run:counts()", fields);
}

/* ---- ending early ---- */

void sl_run_cancel(lua_State *L, struct sl_run *run, const struct sl_error *why)
{
	struct sl_script *s = run->script;
	if (run->done || run->worker == NULL)
		return;
	/* The outcome may be reported before this returns. */
	struct sl_script_place was = sl_script_enter(s, L);
	sl_worker_cancel(run->worker, why);
	sl_script_leave(s, was);
}

bool sl_run_is_tired(const struct sl_run *run)
{
	int64_t rest_ns = run->script->rest_ns;
	return rest_ns != 0 && sl_now_coarse_ns() >= rest_ns;
}

/* Any run may leave the list meanwhile, so begin again each time. */
void sl_run_resume_all(struct sl_script *s)
{
	struct sl_run *run = LIST_FIRST(&s->runs);
	while (run != NULL) {
		if (run->resting == 0 || run->resting == s->turns) {
			run = LIST_NEXT(run, entry);
			continue;
		}
		run->resting = 0;
		sl_worker_resume(run->worker);
		run = LIST_FIRST(&s->runs);
	}
}

static void interrupt(struct sl_run *run)
{
	SL_ERROR(why);
	int sig = sl_interrupt_signal();
	sl_fail(&why, SL_CANCELLED, 0, "interrupted by %s", sl_interrupt_name(sig));
	sl_error_number(&why, SL_D_SIGNAL, sig);
	run->interrupted = true;
	sl_run_cancel(run->script->L, run, &why);
}

void sl_run_interrupt_all(struct sl_script *s)
{
	struct sl_run *run = LIST_FIRST(&s->runs);
	while (run != NULL) {
		if (run->interrupted) {
			run = LIST_NEXT(run, entry);
			continue;
		}
		interrupt(run);
		run = LIST_FIRST(&s->runs);
	}
}

static bool gives_to(const struct sl_run *run, const void *taker)
{
	for (size_t i = 0; i < run->route_count; i++)
		if (run->routes[i] != NULL && run->routes[i]->taker.self == taker)
			return true;
	return false;
}

void sl_run_taker_failed(struct sl_script *s, const void *taker, const struct sl_error *why)
{
	for (struct sl_run *run = LIST_FIRST(&s->runs), *next; run != NULL; run = next) {
		next = LIST_NEXT(run, entry);
		if (gives_to(run, taker))
			sl_run_cancel(s->L, run, why);
	}
}

/* ---- in Lua ---- */

static struct sl_run *check_run(lua_State *L)
{
	return luaL_checkudata(L, 1, SL_RUN);
}

static int run_stop(lua_State *L) /* [run] */
{
	struct sl_run *run = check_run(L);
	if (!run->done && run->worker != NULL)
		sl_worker_stop(run->worker);
	return 0;
}

static int run_cancel(lua_State *L) /* [run, reason?] */
{
	SL_ERROR(why);
	char quoted[400];
	size_t len;
	struct sl_run *run = check_run(L);
	const char *reason = luaL_optlstring(L, 2, "cancelled by the script", &len);
	sl_fail(&why, SL_CANCELLED, 0, "%s", sl_quote(quoted, sizeof quoted, reason, len));
	sl_run_cancel(L, run, &why);
	return 0;
}

static int run_counts(lua_State *L) /* [run] */
{
	check_run(L);
	sl_run_push_counts(L, 1);
	return 1;
}

/* { stream = "kkdrk…" }, a letter for each row. */
static int run_fates(lua_State *L) /* [run] */
{
	const struct sl_run *run = check_run(L);
	lua_createtable(L, 0, (int)run->route_count);
	for (size_t i = 0; i < run->route_count; i++) {
		const struct sl_route *r = run->routes[i];
		if (r == NULL)
			continue;
		lua_pushlstring(L, sl_buffer_data(&r->fates), sl_buffer_len(&r->fates));
		lua_setfield(L, -2, r->name);
	}
	return 1;
}

static void push_only_export(lua_State *L, const struct sl_run *run)
{
	const struct sl_hello *hello = sl_worker_info(run->worker).hello;
	struct sl_export_name export;
	size_t at = 0;
	while (hello != NULL && sl_hello_export(hello, &at, &export))
		if (export.type == run->type) {
			lua_pushlstring(L, export.name.bytes, export.name.len);
			return;
		}
	lua_pushnil(L);
}

/* The export that the request names, otherwise the worker's only one of its type. */
static void push_export(lua_State *L, const struct sl_run *run)
{
	lua_getiuservalue(L, 1, SL_RUN_REQUEST);
	lua_getfield(L, -1, "export");
	if (lua_isnil(L, -1) && run->worker != NULL)
		push_only_export(L, run);
}

static const char *const names[] = { "stop", "cancel", "counts", "export", "worker", NULL };

static int run_index(lua_State *L) /* [run, key] */
{
	const struct sl_run *run = check_run(L);
	const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
	if (strcmp(key, "export") == 0)
		push_export(L, run);
	else if (strcmp(key, "worker") == 0)
		lua_getiuservalue(L, 1, SL_RUN_WORKER);
	else if (lua_getfield(L, lua_upvalueindex(1), key) == LUA_TNIL)
		return sl_members_unknown(L, "a run", names, ": it has stop(), cancel(), counts(), export and worker");
	return 1;
}

/* Only an ended run, or one at lua_close, is collected. */
static int run_gc(lua_State *L) /* [run] */
{
	SL_ERROR(why);
	struct sl_run *run = check_run(L);
	sl_fail(&why, SL_CANCELLED, 0, "the Lua state was closed");
	if (run->active)
		sl_run_cancel(L, run, &why);
	sl_run_deactivate(L, run);
	run->done = true;
	run->worker = NULL;
	free_routes(run);
	return 0;
}

struct sl_run *sl_run_new(lua_State *L, struct sl_script *s)
{
	struct sl_run *run = lua_newuserdatauv(L, sizeof *run, SL_RUN_VALUES);
	*run = (struct sl_run){ .script = s, .body = LUA_NOREF, .begun_ns = sl_now_ns() };
	sl_error_clear(&run->error);
	luaL_setmetatable(L, SL_RUN);
	return run;
}

static const luaL_Reg methods[] = {
	{ "stop", run_stop },
	{ "cancel", run_cancel },
	{ "counts", run_counts },
	{ "fates", run_fates }, /* for lualib only */
	{ NULL, NULL },
};

void sl_run_open(lua_State *L)
{
	luaL_newmetatable(L, SL_RUN);
	luaL_newlib(L, methods); /* [metatable, methods] */
	lua_pushcclosure(L, run_index, 1);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, run_gc);
	lua_setfield(L, -2, "__gc");
	lua_pop(L, 1);
}
