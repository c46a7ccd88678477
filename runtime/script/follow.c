/* follow.c - see follow.h */
#include "script/follow.h"

#include <lauxlib.h>
#include <lualib.h>

#include "script/state.h"

static struct sl_limit *limit_of(lua_State *L)
{
	struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	return &s->limit;
}

static int drop_with_message(lua_State *L, lua_State *co, int drop, const char *message)
{
	lua_pop(co, drop);
	lua_pushstring(L, message);
	return -1;
}

/* Run co with the `count` values on top of L. Returns how many results are now
 * on top of L, or -1 with the error value there. lua_resume itself never
 * raises, so the limit is always switched back. */
static int run(lua_State *L, lua_State *co, int count)
{
	int results;
	if (!lua_checkstack(co, count))
		return drop_with_message(L, co, 0, "too many arguments to resume");
	lua_xmove(L, co, count);
	lua_State *from = sl_limit_switch(limit_of(L), co);
	int status = lua_resume(co, L, count, &results);
	sl_limit_switch(limit_of(L), from);
	if (status != LUA_OK && status != LUA_YIELD) {
		lua_xmove(co, L, 1);
		return -1;
	}
	if (!lua_checkstack(L, results + 1))
		return drop_with_message(L, co, results, "too many results to resume");
	lua_xmove(co, L, results);
	return results;
}

static int follow_resume(lua_State *L) /* [co, arguments...] */
{
	luaL_checktype(L, 1, LUA_TTHREAD);
	int results = run(L, lua_tothread(L, 1), lua_gettop(L) - 1);
	int values = results < 0 ? 1 : results;
	lua_pushboolean(L, results >= 0);
	lua_insert(L, -(values + 1)); /* [co, ..., ok, values...] */
	return values + 1;
}

/* Close a coroutine that failed; its to-be-closed variables may replace the
 * error value on top of L. */
static void close_failed(lua_State *L, lua_State *co)
{
	int status = lua_status(co);
	if (status == LUA_OK || status == LUA_YIELD)
		return; /* resuming it failed, not the coroutine */
	lua_xmove(L, co, 1); /* where lua_resetthread expects it; it came from there */
	lua_State *from = sl_limit_switch(limit_of(L), co);
	lua_resetthread(co);
	sl_limit_switch(limit_of(L), from);
	lua_xmove(co, L, 1);
}

static int raise_error(lua_State *L) /* [..., error] */
{
	if (lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

static int wrapped(lua_State *L) /* [arguments...], upvalues: script, co */
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(2));
	int results = run(L, co, lua_gettop(L));
	if (results >= 0)
		return results;
	close_failed(L, co);
	return raise_error(L);
}

static int follow_wrap(lua_State *L) /* [function] */
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_State *co = lua_newthread(L); /* [function, script, co] */
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	lua_pushcclosure(L, wrapped, 2);
	return 1;
}

static int follow_close(lua_State *L) /* [co], upvalues: script, the original */
{
	lua_State *co = lua_tothread(L, 1);
	lua_settop(L, 1);
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_insert(L, 1); /* [original, co] */
	if (co == NULL) {
		lua_call(L, 1, LUA_MULTRET); /* raises the library's own error */
		return lua_gettop(L);
	}
	lua_State *from = sl_limit_switch(limit_of(L), co);
	int status = lua_pcall(L, 1, LUA_MULTRET, 0);
	sl_limit_switch(limit_of(L), from);
	return status == LUA_OK ? lua_gettop(L) : raise_error(L);
}

static void replace(lua_State *L, int script, const char *name, lua_CFunction twin)
{
	lua_pushvalue(L, script);
	lua_getfield(L, -2, name); /* [..., coroutine, script, original] */
	lua_pushcclosure(L, twin, 2);
	lua_setfield(L, -2, name);
}

void sl_follow_open(lua_State *L, int script)
{
	script = lua_absindex(L, script);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	if (lua_getfield(L, -1, LUA_COLIBNAME) == LUA_TTABLE) {
		replace(L, script, "resume", follow_resume);
		replace(L, script, "wrap", follow_wrap);
		replace(L, script, "close", follow_close);
	}
	lua_pop(L, 2);
}
