/*
 * last_resort.h - ending the command although a handler does not end (room: script)
 *
 * No hook stops a C function that does not return, a finalizer, or the message handler
 * of an xpcall (limit.h). In the command, and in a program that asks for it, a scope that
 * has been expired by its CPU limit, a deadline or a signal, and is still there a second
 * later, is ended together with the process, from a timer's signal handler: that removes
 * temporary files, ends child processes, reports how the run ended (standard error, the
 * summary file), and exits with the code of the cause. It makes only async-signal-safe calls
 * (signal-safety(7)), and uses only what was set here beforehand and is in static memory.
 *
 * Process-wide, as signals are: one Lua state can have it.
 */
#pragma once

#include <lua.h>

#include "script/limit.h"

/* Enable it. leave: ends the process's children before the exit, or NULL. */
void sl_last_resort_enable(void (*leave)(void));

/* core.last_resort(): the same for a program that uses the module. Its children are its own
 * responsibility: workers' hosts end by themselves when it has gone. */
int sl_last_resort_of_module(lua_State *L);

/* core.last_words { json =, clear =, colour =, held =, summary =, replace = }: how
 * an outcome is reported, in the form of internal/cli/console.lua; raises if the
 * path is too long. */
int sl_last_resort_words(lua_State *L);

/* core.stage(name): "running", "committing", "committed"; and core.told(code): the
 * outcome has been reported, so just exit with this code. */
int sl_last_resort_stage(lua_State *L);
int sl_last_resort_told(lua_State *L);

/* Whose counts are reported; NULL: none. */
struct sl_script;
void sl_last_resort_watch(const struct sl_script *s);
