/*
 * execute.h - os.execute in the command (room: script)
 *
 * The C library's system() ignores SIGINT while it waits, and waits forever. This
 * one ends the shell when the handler that called it is asked to end: by the user's
 * signal, a deadline or a limit (limit.h).
 */
#pragma once

#include <lua.h>

/* core.execute(command?): like os.execute. Upvalue 1 is the script. */
int sl_execute(lua_State *L);
