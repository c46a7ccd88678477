/* class.c - see class.h */
#include "lua/class.h"

#include "lua/members.h"

static void set_function(lua_State *L, const char *name, lua_CFunction f) /* [..., table] */
{
	if (f == NULL)
		return;
	lua_pushcfunction(L, f);
	lua_setfield(L, -2, name);
}

void sl_class_push(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc,
                   lua_CFunction close)
{
	if (luaL_getmetatable(L, name) != LUA_TNIL)
		return;
	lua_pop(L, 1);
	lua_createtable(L, 0, 4); /* [metatable] */
	lua_pushstring(L, name);
	lua_setfield(L, -2, "__name");
	set_function(L, "__gc", gc);
	set_function(L, "__close", close);
	lua_newtable(L);
	if (methods != NULL)
		luaL_setfuncs(L, methods, 0);
	sl_members_close(L, name, 0);
	lua_setfield(L, -2, "__index");
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, name);
}
