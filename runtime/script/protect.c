/* protect.c - see protect.h */
#include "script/protect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/allocator.h"
#include "lua/error.h"
#include "script/interrupt.h"

/* Longest name of a handler: "streams." a stream's name ".on_row". */
#define NAME_ROOM (SL_STREAM_NAME_LIMIT + 32)

#define YIELD_HINT "a handler cannot yield"
#define EXIT_HINT  "; a run ends early with run:stop(), and fails with error(...)"

/* ---- messages about a scope ---- */

/* The handler as the user knows it: "on_row", "streams.rows.where". */
static const char *handler_name(const struct sl_scope *scope, char name[NAME_ROOM])
{
	if (scope->handler == NULL)
		return NULL;
	if (scope->entry == NULL)
		return scope->handler;
	snprintf(name, NAME_ROOM, "streams.%s.%s", scope->entry, scope->handler);
	return name;
}

/* `said`: the handler's own message, after the signal ended its wait; or NULL. */
static void describe_signal(const char *name, const char *said, struct sl_error *err)
{
	int sig = sl_interrupt_signal();
	sl_fail(err, SL_CANCELLED, 0, "interrupted by %s while %s was running%s%.200s", sl_interrupt_name(sig),
	        name, said != NULL ? ": " : "", said != NULL ? said : "");
	sl_error_number(err, SL_D_SIGNAL, sig);
}

static void describe_expiry(const struct sl_scope *scope, const struct sl_limit *limit,
                            struct sl_error *err)
{
	char room[NAME_ROOM];
	const char *name = handler_name(scope, room);
	name = name != NULL ? name : "the script";
	if (scope->expired == SL_EXPIRY_CPU_TIME) {
		sl_fail(err, SL_SINK_TIMEOUT, 0, "%s used more than %" PRId64 " ms of CPU time",
		        name, limit->handler_ms);
		sl_error_number(err, SL_D_TIMEOUT_MS, limit->handler_ms);
	} else if (scope->expired == SL_EXPIRY_DEADLINE) {
		int64_t ms = scope->deadline->timeout_ms;
		sl_fail(err, SL_REQUEST_TIMEOUT, 0,
		        "the request did not end within %" PRId64 " ms: %s was still running", ms, name);
		sl_error_number(err, SL_D_TIMEOUT_MS, ms);
	} else if (scope->expired == SL_EXPIRY_EXIT) {
		sl_fail(err, scope->kind, 0, "%s called os.exit%s", name,
		        scope->explain == NULL ? EXIT_HINT : "");
	} else {
		describe_signal(name, NULL, err);
	}
}

static void add_place(const struct sl_scope *scope, struct sl_error *err)
{
	char room[NAME_ROOM];
	const char *name = handler_name(scope, room);
	if (name != NULL)
		sl_error_text(err, SL_D_HANDLER, name, strlen(name));
	if (scope->stream == NULL)
		return;
	sl_error_text(err, SL_D_STREAM, scope->stream, strlen(scope->stream));
	sl_error_number(err, SL_D_SEQUENCE, (int64_t)scope->sequence);
	if (scope->line != 0)
		sl_error_number(err, SL_D_LINE, (int64_t)scope->line);
	if (scope->file != NULL)
		sl_error_text(err, SL_D_FILE, scope->file, strlen(scope->file));
}

static void describe_memory(lua_State *L, struct sl_error *err)
{
	const struct sl_allocator *a = sl_allocator_of(L);
	sl_fail(err, SL_SINK_MEMORY, 0, "%s", sl_allocator_refusal(a));
	if (a != NULL && !a->of_system)
		sl_error_number(err, SL_D_LIMIT, (int64_t)a->limit);
}

/* What can be reported if no error object could be made. */
static void describe_bare(lua_State *L, const struct sl_scope *scope,
                          const struct sl_limit *limit, int status, struct sl_error *err)
{
	sl_error_clear(err);
	if (scope->expired)
		describe_expiry(scope, limit, err);
	else if (status == LUA_ERRMEM)
		describe_memory(L, err);
	else
		sl_fail(err, scope->kind, 0, "an error while an error was being reported");
	add_place(scope, err);
}

/* ---- the message handler ---- */

/* [..., object, value]: object[name] = value unless it has one. Pops value. */
static void set_absent(lua_State *L, const char *name)
{
	bool absent = lua_getfield(L, -2, name) == LUA_TNIL; /* [object, value, old] */
	lua_pop(L, 1);
	if (absent)
		lua_setfield(L, -2, name);
	else
		lua_pop(L, 1);
}

static void mark_place(lua_State *L, const struct sl_scope *scope) /* [..., object] */
{
	char room[NAME_ROOM];
	const char *name = handler_name(scope, room);
	if (name != NULL) {
		lua_pushstring(L, name);
		set_absent(L, "handler");
	}
	if (scope->stream == NULL)
		return;
	lua_pushstring(L, scope->stream);
	set_absent(L, "stream");
	lua_pushinteger(L, (lua_Integer)scope->sequence);
	set_absent(L, "sequence");
	if (scope->line != 0) {
		lua_pushinteger(L, (lua_Integer)scope->line);
		set_absent(L, "line");
	}
	if (scope->file != NULL) {
		lua_pushstring(L, scope->file);
		set_absent(L, "file");
	}
}

/* A system call that the user's signal interrupted is not the script's failure. */
static void forgive(const struct sl_scope *scope, struct sl_error *err)
{
	char room[NAME_ROOM], said[sizeof err->message];
	if (!scope->asked || err->kind != scope->kind)
		return;
	const char *name = handler_name(scope, room);
	snprintf(said, sizeof said, "%s", err->message);
	sl_error_clear(err);
	describe_signal(name != NULL ? name : "the script", said, err);
}

static bool is_yield(const struct sl_error *err)
{
	return strstr(err->message, "attempt to yield across a C-call boundary") != NULL ||
	       strstr(err->message, "attempt to yield from outside a coroutine") != NULL;
}

/* luaL_Buffer raises its lack of memory as an ordinary error with this text. */
static bool is_memory(lua_State *L, int index)
{
	return lua_type(L, index) == LUA_TSTRING &&
	       strcmp(lua_tostring(L, index), "not enough memory") == 0;
}

/* Make an error object, with what and where, of an error that is not one. */
static void push_object(lua_State *L, const struct sl_script *s, const struct sl_scope *scope)
{
	SL_ERROR(err);
	if (scope->expired)
		describe_expiry(scope, &s->limit, &err);
	else if (is_memory(L, 1))
		describe_memory(L, &err);
	else
		sl_lua_error_read(L, 1, scope->kind, &err);
	forgive(scope, &err);
	if (scope->explain != NULL)
		scope->explain(L, scope->explained, &err);
	if (is_yield(&err))
		snprintf(err.message, sizeof err.message, YIELD_HINT);
	sl_lua_error_push(L, &err); /* [value, object] */
	luaL_traceback(L, L, NULL, 1);
	set_absent(L, "traceback");
}

static int on_error(lua_State *L) /* [value] */
{
	struct sl_script *s = sl_script_of(L);
	struct sl_scope *scope = atomic_load(&s->limit.scope);
	luaL_checkstack(L, 8, "an error report");
	if (!scope->expired && sl_lua_error_is(L, 1))
		sl_lua_error_copy(L, 1); /* raised on purpose: no traceback */
	else
		push_object(L, s, scope);
	mark_place(L, scope);
	return 1;
}

/* ---- from callbacks ---- */

struct cause {
	int body, place; /* where the error object is kept */
	enum sl_kind kind;
	struct sl_error *err;
};

static int keep_cause(lua_State *L) /* [cause, object] */
{
	const struct cause *c = lua_touserdata(L, 1);
	sl_lua_error_read(L, 2, c->kind, c->err);
	lua_rawgeti(L, LUA_REGISTRYINDEX, c->body);
	lua_getupvalue(L, -1, 1); /* [cause, object, body, owner] */
	lua_pushvalue(L, 2);
	lua_setiuservalue(L, -2, c->place);
	return 0;
}

/* The error value is on top. */
static int failed(lua_State *L, struct sl_script *s, const struct sl_scope *scope, int status,
                  struct cause *c)
{
	if (status == LUA_ERRRUN) {
		lua_pushcfunction(L, keep_cause);
		lua_pushlightuserdata(L, c);
		lua_pushvalue(L, -3); /* [object, keep_cause, c, object] */
		if (lua_pcall(L, 2, 0, 0) == LUA_OK)
			return -1;
		lua_pop(L, 1);
		status = LUA_ERRMEM;
	}
	describe_bare(L, scope, &s->limit, status, c->err);
	return -1;
}

int sl_protect_event(struct sl_script *s, int body, int cause, struct sl_scope *scope,
                     void *event, struct sl_error *err)
{
	lua_State *L = s->L;
	struct cause c = { body, cause, scope->kind, err };
	int rc = 0;
	if (!lua_checkstack(L, 8))
		return sl_fail(err, SL_SINK_MEMORY, 0, "no room on the Lua stack");
	scope->from_loop = true;
	sl_limit_enter(&s->limit, scope, L);
	lua_pushcfunction(L, on_error);
	lua_rawgeti(L, LUA_REGISTRYINDEX, body);
	lua_pushlightuserdata(L, event); /* [on_error, body, event]: none can raise */
	int status = lua_pcall(L, 1, 0, -3);
	sl_limit_leave(&s->limit, scope);
	if (status != LUA_OK) { /* [on_error, error] */
		rc = failed(L, s, scope, status, &c);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
	return rc;
}

/* ---- from Lua ---- */

static enum sl_kind check_kind(lua_State *L, int index)
{
	size_t len;
	const char *name = luaL_optlstring(L, index, "sink", &len);
	enum sl_kind kind = sl_kind_from_name(name, len);
	luaL_argcheck(L, kind != SL_NONE, index, "unknown kind of error");
	return kind;
}

static int call(lua_State *L, struct sl_scope scope) /* [name, kind, f, arguments...] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	SL_ERROR(err);
	luaL_checkany(L, 3);
	luaL_checkstack(L, 8, "a protected call");
	if (sl_limit_hold(&s->limit, &err) != 0)
		return sl_lua_error_return(L, &err);
	lua_pushcfunction(L, on_error);
	lua_insert(L, 3); /* [name, kind, on_error, f, arguments...] */
	sl_limit_enter(&s->limit, &scope, L);
	int status = lua_pcall(L, lua_gettop(L) - 4, LUA_MULTRET, 3);
	sl_limit_leave(&s->limit, &scope);
	sl_limit_release(&s->limit);
	if (status == LUA_OK) {
		lua_pushboolean(L, true);
		lua_replace(L, 3); /* [name, kind, true, results...] */
		return lua_gettop(L) - 2;
	}
	luaL_pushfail(L);
	lua_replace(L, 3); /* [name, kind, nil, object] */
	if (status != LUA_ERRRUN) {
		describe_bare(L, &scope, &s->limit, status, &err);
		sl_lua_error_push(L, &err);
	}
	lua_pushvalue(L, -1);
	lua_replace(L, 4);
	lua_settop(L, 4);
	return 2;
}

static struct sl_scope scope_of(lua_State *L) /* [name, kind, ...] */
{
	return (struct sl_scope){ .handler = luaL_checkstring(L, 1), .kind = check_kind(L, 2) };
}

int sl_protect_call(lua_State *L) /* [name, kind, f, arguments...] */
{
	return call(L, scope_of(L));
}

int sl_protect_afterwards(lua_State *L) /* [name, kind, f, arguments...] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	struct sl_scope scope = scope_of(L);
	scope.deadline = sl_limit_afterwards(&s->limit, SL_AFTERWARDS_MS);
	int count = call(L, scope);
	sl_limit_afterwards_end(&s->limit);
	return count;
}

/* lua_close clears the limit, so the limit must not be touched afterwards. */
void sl_protect_close(lua_State *L)
{
	struct sl_script *s = sl_script_of(L);
	struct sl_scope scope = { .handler = "__gc", .kind = SL_SINK };
	if (s != NULL && sl_limit_hold(&s->limit, NULL) == 0) {
		scope.deadline = sl_limit_afterwards(&s->limit, SL_AFTERWARDS_MS);
		sl_limit_enter(&s->limit, &scope, L);
		if (sl_interrupt_count() > 0)
			sl_limit_interrupt(&s->limit, false);
	}
	lua_close(L);
}

int sl_protect_undisturbed(lua_State *L) /* [name, kind, f, arguments...] */
{
	struct sl_scope scope = scope_of(L);
	scope.undisturbed = true;
	return call(L, scope);
}
