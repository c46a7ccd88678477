/*
 * core.h - the module sluice.core (room: script)
 *
 * Its Lua interface is documented in lualib/sluice/core.meta.lua. For the
 * command, main.c opens it in its own state; a plain lua5.4 loads it as a
 * shared object.
 */
#pragma once

#include <lua.h>

__attribute__((visibility("default"))) int luaopen_sluice_core(lua_State *L);

/* Set the path of the running command's file, before the module is opened. Borrowed. */
void sl_core_set_executable(const char *path);
