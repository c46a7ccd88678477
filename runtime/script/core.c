/* core.c - see core.h */
#include "script/core.h"

#include <lauxlib.h>

#include "base/children.h"
#include "base/clock.h"
#include "base/visible.h"
#include "lua/decimal.h"
#include "lua/error.h"
#include "lua/members.h"
#include "lua/options.h"
#include "lua/value.h"
#include "schema/schema.h"
#include "script/again.h"
#include "script/cut.h"
#include "script/descriptor.h"
#include "script/executable.h"
#include "script/execute.h"
#include "script/expression.h"
#include "script/give.h"
#include "script/interrupt.h"
#include "script/last_resort.h"
#include "script/protect.h"
#include "script/recording.h"
#include "script/row.h"
#include "script/run.h"
#include "script/worker.h"
#include "supervise/supervise.h"

#define LONGEST_HANDLER_MS (24 * 3600 * INT64_C(1000))

extern char **environ;

static const char *executable;

void sl_core_set_executable(const char *path)
{
	executable = path;
}

static int core_limits(lua_State *L) /* [limits] */
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	luaL_checktype(L, 1, LUA_TTABLE);
	int64_t ms = sl_option_integer(L, 1, "handler_ms", s->limit.handler_ms, LONGEST_HANDLER_MS);
	luaL_argcheck(L, ms > 0, 1, "handler_ms: expected a positive number");
	sl_limit_set(&s->limit, ms);
	return 0;
}

/* os.exit in the command. If nothing catches this error, that is a bug of ours. */
static int core_exit(lua_State *L)
{
	sl_limit_exit(&sl_script_of(L)->limit);
	return luaL_error(L, "os.exit was called");
}

static int core_interrupted(lua_State *L)
{
	int news = sl_interrupt_news();
	if (news == 0)
		return 0;
	lua_createtable(L, 0, 2);
	lua_pushstring(L, sl_interrupt_name(sl_interrupt_signal()));
	lua_setfield(L, -2, "name");
	lua_pushinteger(L, news);
	lua_setfield(L, -2, "count");
	return 1;
}

/* An error object if the user wants to wait no longer for `what`; otherwise nothing. */
static int core_cancelled(lua_State *L) /* [what] */
{
	SL_ERROR(err);
	const char *what = luaL_checkstring(L, 1);
	if (sl_interrupt_count() == 0)
		return 0;
	sl_fail(&err, SL_CANCELLED, 0, "interrupted by %s while waiting for %.300s",
	        sl_interrupt_name(sl_interrupt_signal()), what);
	sl_error_number(&err, SL_D_SIGNAL, sl_interrupt_signal());
	sl_lua_error_push(L, &err);
	return 1;
}

static int core_visible(lua_State *L) /* [text] */
{
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	struct sl_visible v;
	luaL_Buffer out;
	luaL_buffinit(L, &out);
	for (size_t i = 0; i < len;) {
		i += sl_visible_next_of_message(&v, text + i, len - i);
		luaL_addlstring(&out, v.bytes, v.len);
	}
	luaL_pushresult(&out);
	return 1;
}

/* For a process that is our own: its children in other sessions are only those that it has adopted. */
static int core_reap(lua_State *L)
{
	lua_pushinteger(L, sl_children_reap(SL_REAP_OTHER_SESSIONS));
	return 1;
}

static int core_now(lua_State *L)
{
	lua_pushnumber(L, (lua_Number)sl_now_ns() / 1e9);
	return 1;
}

static int core_environ(lua_State *L)
{
	lua_newtable(L);
	for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
		const char *value = *variable;
		while (*value != '\0' && *value != '=')
			value++;
		if (*value != '=' || value == *variable)
			continue; /* it cannot be passed on */
		lua_pushlstring(L, *variable, (size_t)(value - *variable));
		lua_pushstring(L, value + 1);
		lua_rawset(L, -3);
	}
	return 1;
}

static const luaL_Reg functions[] = { /* upvalue 1: the script */
	{ "cancelled", core_cancelled },
	{ "cut", sl_cut },
	{ "error", sl_lua_error_new },
	{ "decimal", sl_decimal_new },
	{ "is_decimal", sl_decimal_is },
	{ "exit_code", sl_lua_error_exit_code },
	{ "protect", sl_protect_call },
	{ "undisturbed", sl_protect_undisturbed },
	{ "afterwards", sl_protect_afterwards },
	{ "last_resort", sl_last_resort_of_module },
	{ "last_words", sl_last_resort_words },
	{ "stage", sl_last_resort_stage },
	{ "told", sl_last_resort_told },
	{ "limits", core_limits },
	{ "members", sl_members_new },
	{ "nearest", sl_members_nearest },
	{ "expression", sl_expression_compile },
	{ "expression_report", sl_expression_report },
	{ "schema", sl_schema_new },
	{ "row", sl_row_new },
	{ "fields", sl_row_fields },
	{ "recording", sl_recording_new },
	{ "worker", sl_handle_new },
	{ "finish", sl_handle_finish },
	{ "interrupted", core_interrupted },
	{ "exit", core_exit },
	{ "execute", sl_execute },
	{ "terminal", sl_descriptor_terminal },
	{ "kind", sl_descriptor_kind },
	{ "hung_up", sl_descriptor_hung_up },
	{ "temporary", sl_descriptor_temporary },
	{ "visible", core_visible },
	{ "environ", core_environ },
	{ "now", core_now },
	{ "reap", core_reap },
	{ "fork", sl_again_fork },
	{ "await", sl_again_await },
	{ "end_child", sl_again_end },
	{ "stamp", sl_again_stamp },
	{ NULL, NULL },
};

static void set_constants(lua_State *L) /* [..., module] */
{
	lua_pushliteral(L, SLUICE_VERSION);
	lua_setfield(L, -2, "version");
	lua_pushinteger(L, SL_PROTOCOL_VERSION);
	lua_setfield(L, -2, "protocol");
	sl_executable_push(L, executable);
	lua_setfield(L, -2, "exe");
	lua_pushlightuserdata(L, NULL);
	lua_setfield(L, -2, "null");
	sl_value_open(L);
	lua_setfield(L, -2, "json");
	sl_lua_error_push_kinds(L);
	lua_setfield(L, -2, "kinds");
}

int luaopen_sluice_core(lua_State *L)
{
	luaL_checkversion(L);
	lua_settop(L, 0);
	/* [script]: made first, so that lua_close finalises it last */
	struct sl_script *s = sl_script_open(L);
	sl_give_init(s);
	sl_run_open(L);
	sl_handle_open(L);
	luaL_newlibtable(L, functions);
	lua_pushvalue(L, 1);
	luaL_setfuncs(L, functions, 1); /* [script, module] */
	sl_sinks_open(L, &s->sinks);
	set_constants(L);
	return 1;
}
