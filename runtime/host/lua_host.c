/* lua_host.c - see lua_host.h */
#include "host/lua_host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "host/guardian.h"
#include "host/serve.h"
#include "lua/error.h"
#include "lua/members.h"
#include "lua/popen.h"
#include "lua/search.h"
#include "lua/text.h"
#include "lua/value.h"

#define KEEP_BYTES (1024u * 1024)
#define EMIT_TYPE "sluice.emit"

/* Every coroutine has a pointer to it in its extra space. The worker's table is
 * in the registry, under the address of table_key. */
struct lua_host {
	lua_State *L;
	char **argv;
	struct sl_json *json;
	struct sl_json_writer *writer;
	struct sl_buffer scratch;     /* the text being encoded */
	struct sl_buffer exports;     /* of struct sl_export_name */
	const char *name, *version;   /* anchored in the worker's table */
	struct sl_request *rq;        /* the running one, or NULL */
	char absent[64];              /* " 'request')", if no request was given */
	const struct sl_export_name *export;
	const void *emit;             /* its emit object, or NULL */
	struct sl_error error;        /* what a protected call ended with */
};

static const char table_key;
static const char sentinel; /* raising its address ends an export early */

static struct lua_host *host_of(lua_State *L)
{
	return *(struct lua_host **)lua_getextraspace(L);
}

/* ---- protected calls ---- */

/* Kinds that a worker's error object may keep; the others are for the runner to
 * find. */
static bool may_keep(enum sl_kind kind)
{
	return kind == SL_FRAME_TOO_LARGE || kind == SL_ROW_MALFORMED || kind == SL_EXPORT_FAILED;
}

/* Completes Lua's "attempt to index a nil value (local 'request')". */
static void say_no_request(const struct lua_host *h, struct sl_error *err)
{
	size_t len = strlen(err->message), end = strlen(h->absent);
	if (end > 0 && len > end && strcmp(err->message + len - end, h->absent) == 0 &&
	    strstr(err->message, "attempt to index a nil value (") != NULL)
		snprintf(err->message + len, sizeof err->message - len, "; no request was given");
}

/* Turns the error into host->error here, where it can still be converted to text
 * safely and the stack can still be traced. */
static int on_error(lua_State *L)
{
	struct lua_host *h = host_of(L);
	struct sl_error *err = &h->error;
	if (lua_touserdata(L, 1) == &sentinel)
		return 1;
	sl_lua_error_read(L, 1, SL_EXPORT_FAILED, err);
	say_no_request(h, err);
	if (!may_keep(err->kind))
		err->kind = SL_EXPORT_FAILED;
	luaL_traceback(L, L, NULL, 1);
	struct sl_text trace = sl_lua_text(L, -1);
	if (strcmp(trace.bytes, "stack traceback:\n\t[C]: in ?") != 0) /* nothing but us */
		sl_error_text(err, SL_D_TRACEBACK, trace.bytes, trace.len);
	return 1;
}

/* 0; or -1, and host->error is set unless the sentinel ended it. */
static int protect(struct lua_host *h, lua_CFunction body)
{
	lua_State *L = h->L;
	int top = lua_gettop(L);
	sl_error_clear(&h->error);
	lua_pushcfunction(L, on_error);
	lua_pushcfunction(L, body); /* neither push can raise */
	int status = lua_pcall(L, 0, 0, top + 1);
	bool ended = status == LUA_ERRRUN && lua_touserdata(L, -1) == &sentinel;
	lua_settop(L, top);
	if (status == LUA_ERRMEM)
		sl_fail(&h->error, SL_EXPORT_FAILED, ENOMEM, "out of memory");
	else if (status != LUA_OK && !ended)
		sl_fail(&h->error, SL_EXPORT_FAILED, 0, "an error occurred while another was handled");
	return status == LUA_OK ? 0 : -1;
}

/* ---- emit: helpers ---- */

static int raise_end(lua_State *L)
{
	lua_pushlightuserdata(L, (void *)&sentinel);
	return lua_error(L);
}

/* Raise *err with the caller's place in front of its message. */
static int raise_at_caller(lua_State *L, struct sl_error *err)
{
	char what[sizeof err->message];
	memcpy(what, err->message, sizeof what);
	luaL_where(L, 1);
	snprintf(err->message, sizeof err->message, "%.120s%.380s", lua_tostring(L, -1), what);
	sl_lua_error_push(L, err);
	return lua_error(L);
}

static int wrong_emit(lua_State *L)
{
	if (luaL_testudata(L, 1, EMIT_TYPE) != NULL)
		return luaL_error(L, "this emit object belongs to a request that has ended");
	return luaL_error(L, "call emit's functions with a colon, as in emit:row(stream, payload)");
}

/* The host, if the first argument is the live emit object. */
static struct lua_host *check_emit(lua_State *L)
{
	struct lua_host *h = host_of(L);
	if (h->emit == NULL || lua_touserdata(L, 1) != h->emit)
		wrong_emit(L);
	return h;
}

static struct sl_text check_text(lua_State *L, int index)
{
	luaL_checktype(L, index, LUA_TSTRING);
	return sl_lua_text(L, index);
}

/* What is not a row is never refused. */
static int go_on_or_end(lua_State *L, enum sl_emitted e)
{
	return e == SL_EMITTED ? 0 : raise_end(L);
}

static int end_emit(lua_State *L, enum sl_emitted e, struct sl_error *err)
{
	return e == SL_EMITTED_REFUSED ? raise_at_caller(L, err) : go_on_or_end(L, e);
}

/* A payload that is not JSON: name the row that it would have been. */
static int refuse_payload(lua_State *L, struct lua_host *h, struct sl_text stream,
                          struct sl_error *err)
{
	char what[sizeof err->message], quoted[64];
	memcpy(what, err->message, sizeof what);
	sl_quote(quoted, sizeof quoted, stream.bytes, stream.len);
	snprintf(err->message, sizeof err->message, "stream \"%s\": %.400s", quoted, what);
	sl_error_text(err, SL_D_STREAM, stream.bytes, stream.len);
	sl_error_number(err, SL_D_SEQUENCE, (int64_t)sl_request_sequence(h->rq, stream));
	return raise_at_caller(L, err);
}

/* ---- emit: methods ---- */

static int encode(lua_State *L, struct lua_host *h, int index, struct sl_error *err)
{
	sl_buffer_consume(&h->scratch, sl_buffer_len(&h->scratch));
	return sl_value_encode(L, index, h->writer, &h->scratch, err);
}

static int emit_row(lua_State *L)
{
	struct lua_host *h = check_emit(L);
	struct sl_text stream = check_text(L, 2);
	SL_ERROR(err);
	if (lua_isnoneornil(L, 3))
		return luaL_argerror(L, 3, "a payload is missing; for null use sluice.json's null");
	if (encode(L, h, 3, &err) != 0)
		return refuse_payload(L, h, stream, &err);
	return end_emit(L, sl_request_row(h->rq, stream, sl_text_of_buffer(&h->scratch), &err), &err);
}

static int emit_json(lua_State *L)
{
	struct lua_host *h = check_emit(L);
	struct sl_text stream = check_text(L, 2), text = check_text(L, 3);
	SL_ERROR(err);
	if (text.len <= sl_request_cap(h->rq)
	    && sl_json_parse_copy(h->json, text.bytes, text.len, &err) != 0)
		return refuse_payload(L, h, stream, &err);
	return end_emit(L, sl_request_row(h->rq, stream, text, &err), &err);
}

static int emit_diagnostic(lua_State *L)
{
	struct lua_host *h = check_emit(L);
	struct sl_text code = check_text(L, 2), message;
	message.bytes = luaL_tolstring(L, 3, &message.len);
	return go_on_or_end(L, sl_request_diagnostic(h->rq, code, message));
}

static uint64_t check_count(lua_State *L, int index)
{
	lua_Integer n = luaL_checkinteger(L, index);
	luaL_argcheck(L, n >= 0, index, "must not be negative");
	return (uint64_t)n;
}

static int emit_progress(lua_State *L)
{
	struct lua_host *h = check_emit(L);
	struct sl_progress m = {
		.phase = check_text(L, 2),
		.current = check_count(L, 3),
		.has_total = !lua_isnoneornil(L, 4),
	};
	if (m.has_total)
		m.total = check_count(L, 4);
	return go_on_or_end(L, sl_request_progress(h->rq, &m));
}

static int emit_stopped(lua_State *L)
{
	struct lua_host *h = check_emit(L);
	lua_pushboolean(L, sl_request_order(h->rq) != SL_ORDER_NONE);
	return 1;
}

static const luaL_Reg emit_methods[] = {
	{ "row", emit_row },
	{ "json", emit_json },
	{ "diagnostic", emit_diagnostic },
	{ "progress", emit_progress },
	{ "stopped", emit_stopped },
	{ NULL, NULL },
};

static void open_emit(lua_State *L)
{
	luaL_newmetatable(L, EMIT_TYPE); /* [meta] */
	luaL_newlib(L, emit_methods);    /* [meta, methods] */
	sl_members_close(L, "emit", 0);
	lua_setfield(L, -2, "__index");
	lua_pushliteral(L, EMIT_TYPE);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
}

/* ---- running a request ---- */

/* The function may have been replaced since the file was loaded, or removed. */
static void push_export(lua_State *L, const struct lua_host *h)
{
	const struct sl_export_name *e = h->export;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &table_key);
	lua_getfield(L, -1, e->type == SL_EXPORT_CALL ? "calls" : "exports");
	lua_pushlstring(L, e->name.bytes, e->name.len);
	lua_gettable(L, -2); /* [table, exports, function] */
	lua_replace(L, -3);
	lua_pop(L, 1);
}

/* [function] -> [function, nil]: notes the name of the parameter that gets no request. */
static void expect_no_request(lua_State *L, struct lua_host *h)
{
	const char *name = NULL;
	if (lua_isfunction(L, -1)) {
		lua_pushvalue(L, -1);
		name = lua_getlocal(L, NULL, 1);
	}
	snprintf(h->absent, sizeof h->absent, " '%s')", name != NULL ? name : "");
	lua_pushnil(L);
}

static void push_request(lua_State *L, struct lua_host *h)
{
	size_t len;
	SL_ERROR(err);
	const char *text = sl_request_text(h->rq, &len);
	if (sl_json_parse(h->json, text, len, &err) != 0)
		luaL_error(L, "the request is not valid JSON: %s", err.message);
	struct sl_json_value request = sl_json_root(h->json);
	if (sl_json_type(request) == SL_JSON_NULL)
		expect_no_request(L, h);
	else
		sl_value_push(L, request);
}

static void push_emit(lua_State *L, struct lua_host *h)
{
	h->emit = lua_newuserdatauv(L, 1, 0);
	luaL_setmetatable(L, EMIT_TYPE);
}

/* [result] of the export becomes the metadata, or the reply. */
static void take_result(lua_State *L, struct lua_host *h)
{
	bool call = h->export->type == SL_EXPORT_CALL;
	SL_ERROR(err);
	if (lua_isnil(L, -1))
		return; /* no metadata; a call's reply is null */
	if (encode(L, h, lua_gettop(L), &err) != 0)
		luaL_error(L, "export \"%s\": its %s cannot be encoded: %s", h->export->name.bytes,
		           call ? "value" : "metadata", err.message);
	struct sl_text json = sl_text_of_buffer(&h->scratch);
	if (sl_request_result(h->rq, json.bytes, json.len) != 0)
		luaL_error(L, "no memory for the result");
}

static int request_body(lua_State *L)
{
	struct lua_host *h = host_of(L);
	bool call = h->export->type == SL_EXPORT_CALL;
	push_export(L, h);
	push_request(L, h);
	if (!call)
		push_emit(L, h); /* [function, request, emit] */
	lua_call(L, call ? 1 : 2, 1);
	take_result(L, h);
	return 0;
}

static void run(void *user, struct sl_request *rq, uint32_t which)
{
	struct lua_host *h = user;
	h->rq = rq;
	h->export = (const struct sl_export_name *)sl_buffer_data(&h->exports) + which;
	if (protect(h, request_body) != 0 && h->error.kind != SL_NONE)
		sl_request_fail(rq, &h->error);
	h->rq = NULL;
	h->emit = NULL;
	h->absent[0] = '\0';
	sl_buffer_consume(&h->scratch, sl_buffer_len(&h->scratch));
	sl_buffer_trim(&h->scratch, KEEP_BYTES);
	sl_json_trim(h->json, KEEP_BYTES);
}

/* ---- loading ---- */

static int push_null(lua_State *L)
{
	lua_pushlightuserdata(L, NULL);
	return 1;
}

static const luaL_Reg preloaded[] = {
	{ "sluice.json", sl_value_open },
	{ "sluice.null", push_null },
	{ NULL, NULL },
};

/* arg[0] is the file, as for lua. Pushes the arguments after it; returns how many. */
static int push_arguments(lua_State *L, char **argv)
{
	int count = 0;
	lua_newtable(L);
	for (int i = 0; argv[i] != NULL; i++) {
		lua_pushstring(L, argv[i]);
		lua_rawseti(L, -2, i);
	}
	lua_setglobal(L, "arg");
	for (int i = 1; argv[i] != NULL; i++, count++) {
		luaL_checkstack(L, 1, "too many arguments");
		lua_pushstring(L, argv[i]);
	}
	return count;
}

/* A field of the worker's table that must be a string, or absent. */
static const char *optional_text(lua_State *L, int table, const char *field, const char *otherwise)
{
	int type = lua_getfield(L, table, field);
	const char *text = type == LUA_TSTRING ? lua_tostring(L, -1) : otherwise;
	if (type != LUA_TSTRING && type != LUA_TNIL)
		luaL_error(L, "its field %s: expected a string, got %s", field, luaL_typename(L, -1));
	lua_pop(L, 1); /* the table keeps it */
	return text;
}

static void add_export(lua_State *L, struct lua_host *h, const char *field,
                       enum sl_export_type type)
{
	struct sl_export_name e = { .type = type };
	if (lua_type(L, -2) != LUA_TSTRING || lua_rawlen(L, -2) == 0)
		luaL_error(L, "its table %s: expected non-empty strings as names", field);
	e.name = sl_lua_text(L, -2);
	if (lua_type(L, -1) != LUA_TFUNCTION)
		luaL_error(L, "%s.%s: expected a function, got %s", field, e.name.bytes, luaL_typename(L, -1));
	if (sl_buffer_append(&h->exports, &e, sizeof e) != 0)
		luaL_error(L, "no memory for the exports");
}

static void add_exports(lua_State *L, struct lua_host *h, int table, const char *field,
                        enum sl_export_type type)
{
	int what = lua_getfield(L, table, field);
	if (what != LUA_TNIL && what != LUA_TTABLE)
		luaL_error(L, "its field %s: expected a table, got %s", field, luaL_typename(L, -1));
	for (lua_pushnil(L); what == LUA_TTABLE && lua_next(L, -2) != 0; lua_pop(L, 1))
		add_export(L, h, field, type); /* [exports, name, function] */
	lua_settop(L, table);
}

static size_t export_count(const struct lua_host *h)
{
	return sl_buffer_len(&h->exports) / sizeof(struct sl_export_name);
}

static int by_name(const void *a, const void *b)
{
	const struct sl_export_name *x = a, *y = b;
	return sl_text_compare(x->name, y->name);
}

/* Makes the order the same at each start. */
static void sort_exports(lua_State *L, struct lua_host *h)
{
	size_t count = export_count(h);
	struct sl_export_name *e = (struct sl_export_name *)(void *)(h->exports.bytes + h->exports.start);
	if (count == 0)
		luaL_error(L, "it has neither exports nor calls");
	qsort(e, count, sizeof *e, by_name);
	for (size_t i = 1; i < count; i++)
		if (by_name(&e[i - 1], &e[i]) == 0)
			luaL_error(L, "%s is both an export and a call", e[i].name.bytes);
}

/* [..., worker's table] */
static void read_table(lua_State *L, struct lua_host *h)
{
	static const char *const fields[] = { "name", "version", "exports", "calls", NULL };
	int table = lua_gettop(L);
	if (!lua_istable(L, table))
		luaL_error(L, "expected it to return a table with exports, got %s", luaL_typename(L, table));
	sl_members_check(L, table, fields);
	lua_pushvalue(L, table);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &table_key);
	h->name = optional_text(L, table, "name", basename(h->argv[0]));
	h->version = optional_text(L, table, "version", "");
	add_exports(L, h, table, "exports", SL_EXPORT_ROWS);
	add_exports(L, h, table, "calls", SL_EXPORT_CALL);
	sort_exports(L, h);
}

static int load_body(lua_State *L)
{
	struct lua_host *h = host_of(L);
	luaL_openlibs(L);
	sl_popen_open(L);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	luaL_setfuncs(L, preloaded, 0);
	lua_pop(L, 1);
	open_emit(L);
	sl_search_beside(L, h->argv[0]);
	if (luaL_loadfile(L, h->argv[0]) != LUA_OK)
		return lua_error(L);
	lua_call(L, push_arguments(L, h->argv), 1);
	read_table(L, h);
	return 0;
}

static int load(struct lua_host *h, struct sl_error *err)
{
	const char *path = h->argv[0];
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return sl_fail(err, SL_SPAWN, errno == ENOENT ? ENOENT : EACCES, "cannot open %s", path);
	fclose(f);
	if (protect(h, load_body) == 0)
		return 0;
	sl_fail(err, SL_SPAWN, 0, "cannot load %s: %.400s", path, h->error.message);
	const char *trace = sl_error_get_text(&h->error, SL_D_TRACEBACK);
	return trace != NULL ? sl_error_text(err, SL_D_TRACEBACK, trace, strlen(trace)) : -1;
}

/* ---- life ---- */

static int prepare(struct lua_host *h, struct sl_error *err)
{
	h->L = luaL_newstate();
	h->json = sl_json_new();
	h->writer = sl_json_writer_new();
	if (h->L == NULL || h->json == NULL || h->writer == NULL)
		return sl_fail(err, SL_SPAWN, ENOMEM, "no memory for the worker");
	*(struct lua_host **)lua_getextraspace(h->L) = h;
	return load(h, err);
}

static void release(struct lua_host *h)
{
	if (h->L != NULL)
		lua_close(h->L);
	sl_json_writer_free(h->writer);
	sl_json_free(h->json);
	sl_buffer_clear(&h->scratch);
	sl_buffer_clear(&h->exports);
}

static int serve(struct lua_host *h, const struct sl_transport *t)
{
	struct sl_service service = {
		.name = h->name,
		.version = h->version,
		.exports = (const struct sl_export_name *)sl_buffer_data(&h->exports),
		.export_count = (uint32_t)export_count(h),
		.run = run,
		.orphaned = sl_guardian_end,
		.idle = sl_guardian_reap_old,
		.user = h,
	};
	return sl_serve(t, &service);
}

int sl_lua_host(const struct sl_transport *t, char **argv)
{
	struct lua_host h = { .argv = argv };
	SL_ERROR(err);
	setvbuf(stdout, NULL, _IOLBF, 0); /* what is printed should be seen at once */
	int status = prepare(&h, &err) == 0 ? serve(&h, t) : sl_serve_refuse(t, &err);
	release(&h);
	return status;
}
