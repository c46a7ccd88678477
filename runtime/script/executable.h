/*
 * executable.h - where the sluice command is (room: script)
 */
#pragma once

#include <lua.h>

/*
 * Push its path, the first of these: SLUICE_EXE in the environment; the running
 * command's own path (known, NULL in a plain Lua); beside the module's file, in
 * the build tree or installed; "sluice", to be looked up in PATH.
 */
void sl_executable_push(lua_State *L, const char *known);
