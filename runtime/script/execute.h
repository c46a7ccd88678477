/*
 * execute.h - os.execute, as the command has it (room: script)
 *
 * The C library's system() ignores SIGINT while it waits, and waits for ever. This
 * one ends the shell when the handler that called it is asked to end: by a
 * signal of the user's, a deadline, a limit (limit.h).
 */
#pragma once

#include <lua.h>

/* core.execute(command?): as os.execute. Upvalue 1 is the script. */
int sl_execute(lua_State *L);
