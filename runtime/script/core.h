/*
 * core.h - the module sluice.core (room: script)
 *
 * What it offers to Lua is written down in lualib/sluice/core.meta.lua. For
 * the command, main.c opens it in a state of its own; a plain lua5.4 loads it
 * as a shared object.
 */
#pragma once

#include <lua.h>

__attribute__((visibility("default"))) int luaopen_sluice_core(lua_State *L);

/* Where the running command's file is, before the module is opened. Borrowed. */
void sl_core_set_executable(const char *path);
