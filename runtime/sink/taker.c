/* taker.c - see taker.h */
#include "sink/taker.h"

#include <lauxlib.h>

struct sl_taker sl_taker_at(lua_State *L, int index)
{
	struct sl_taker t = { NULL, NULL };
	if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
		return t;
	t.self = lua_touserdata(L, index < 0 ? index - 1 : index);
	lua_pushliteral(L, SL_TAKER_KEY);
	lua_rawget(L, -2);
	t.type = lua_touserdata(L, -1);
	lua_pop(L, 2);
	return t;
}

void sl_taker_open(lua_State *L, const struct sl_taker_type *type, const struct sl_sinks *s)
{
	lua_pushlightuserdata(L, (void *)type);
	lua_setfield(L, -2, SL_TAKER_KEY);
	if (s != NULL) {
		lua_getfield(L, -1, "__index");
		s->push_give(L);
		lua_setfield(L, -2, "row");
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}
