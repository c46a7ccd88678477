/* recording.c - see recording.h */
#include "script/recording.h"

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/error.h"
#include "lua/options.h"
#include "supervise/recording_maker.h"

#define RECORDING "sluice.Recording"

struct recording { /* a userdata */
	struct sl_maker *maker; /* NULL: closed */
};

static struct sl_maker *check_maker(lua_State *L)
{
	struct recording *r = luaL_checkudata(L, 1, RECORDING);
	luaL_argcheck(L, r->maker != NULL, 1, "the recording is closed");
	return r->maker;
}

static struct sl_text check_text(lua_State *L, int arg)
{
	struct sl_text text;
	text.bytes = luaL_checklstring(L, arg, &text.len);
	return text;
}

static int recording_row(lua_State *L) /* [recording, stream, json] */
{
	SL_ERROR(err);
	struct sl_maker *m = check_maker(L);
	return sl_lua_error_answer(L, sl_maker_row(m, check_text(L, 2), check_text(L, 3), &err), &err);
}

static int recording_diagnostic(lua_State *L) /* [recording, code, message] */
{
	SL_ERROR(err);
	struct sl_maker *m = check_maker(L);
	struct sl_diagnostic d = { check_text(L, 2), check_text(L, 3) };
	return sl_lua_error_answer(L, sl_maker_diagnostic(m, &d, &err), &err);
}

static int recording_progress(lua_State *L) /* [recording, phase, current, total?] */
{
	SL_ERROR(err);
	struct sl_maker *m = check_maker(L);
	struct sl_progress p = {
		.phase = check_text(L, 2),
		.current = (uint64_t)luaL_checkinteger(L, 3),
		.has_total = !lua_isnoneornil(L, 4),
		.total = (uint64_t)luaL_optinteger(L, 4, 0),
	};
	return sl_lua_error_answer(L, sl_maker_progress(m, &p, &err), &err);
}

static int recording_summary(lua_State *L) /* [recording, metadata?, stopped] */
{
	SL_ERROR(err);
	struct sl_maker *m = check_maker(L);
	struct sl_text metadata = { NULL, 0 };
	if (!lua_isnoneornil(L, 2))
		metadata = check_text(L, 2);
	return sl_lua_error_answer(L, sl_maker_summary(m, metadata, lua_toboolean(L, 3), &err), &err);
}

static int recording_failure(lua_State *L) /* [recording, error] */
{
	SL_ERROR(err);
	struct sl_error failure;
	struct sl_maker *m = check_maker(L);
	sl_lua_error_read(L, 2, SL_EXPORT_FAILED, &failure);
	return sl_lua_error_answer(L, sl_maker_failure(m, &failure, &err), &err);
}

static int recording_exit(lua_State *L) /* [recording, signalled, value] */
{
	SL_ERROR(err);
	struct sl_maker *m = check_maker(L);
	uint32_t value = (uint32_t)luaL_checkinteger(L, 3);
	return sl_lua_error_answer(L, sl_maker_exit(m, lua_toboolean(L, 2), value, &err), &err);
}

static int recording_close(lua_State *L)
{
	SL_ERROR(err);
	struct recording *r = luaL_checkudata(L, 1, RECORDING);
	struct sl_maker *m = r->maker;
	r->maker = NULL;
	return sl_lua_error_answer(L, sl_maker_close(m, &err), &err);
}

static const luaL_Reg methods[] = {
	{ "row", recording_row },
	{ "diagnostic", recording_diagnostic },
	{ "progress", recording_progress },
	{ "summary", recording_summary },
	{ "failure", recording_failure },
	{ "exit", recording_exit },
	{ "close", recording_close },
	{ NULL, NULL },
};

int sl_recording_new(lua_State *L) /* [path, options] */
{
	SL_ERROR(err);
	const char *path = luaL_checkstring(L, 1);
	luaL_checktype(L, 2, LUA_TTABLE);
	struct sl_maker_options o = {
		.worker = sl_option_text(L, 2, "worker"),
		.version = sl_option_text(L, 2, "version"),
		.export_name = sl_option_text(L, 2, "export"),
		.request = sl_option_text(L, 2, "request"),
	};
	struct recording *r = lua_newuserdatauv(L, sizeof *r, 0);
	r->maker = NULL;
	sl_class_push(L, RECORDING, methods, recording_close, recording_close);
	lua_setmetatable(L, -2);
	r->maker = sl_maker_open(path, &o, &err);
	return r->maker != NULL ? 1 : sl_lua_error_return(L, &err);
}
