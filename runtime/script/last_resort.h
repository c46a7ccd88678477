/*
 * last_resort.h - the command ends although a handler does not (room: script)
 *
 * No hook stops a C function that does not return, a finalizer, or the message handler
 * of an xpcall (limit.h). In the command, and in a program that asks for it, what has
 * been expired by its CPU limit, a deadline or a signal, and is still there a second
 * later, ends together with the process, from a timer's signal handler: that removes
 * temporary files, ends what was started, says how the run ended (standard error, the
 * summary file), and exits with the code of the cause. Only async-signal-safe calls are
 * made (signal-safety(7)), on what was told here beforehand and lies in static memory.
 *
 * Process-wide, as signals are: one Lua state can have it.
 */
#pragma once

#include <lua.h>

#include "script/limit.h"

/* From now on. leave: ends the process's children, before it is left, or NULL. */
void sl_last_resort_enable(void (*leave)(void));

/* core.last_resort(): the same for a program that uses the module, whose children are its own
 * business: workers' hosts end by themselves when it has gone. */
int sl_last_resort_of_module(lua_State *L);

/* core.last_words { json =, clear =, colour =, held =, summary =, replace = }: how
 * an outcome is told, as internal/cli/console.lua does it; raises on a path
 * that is too long. */
int sl_last_resort_words(lua_State *L);

/* core.stage(name): "running", "committing", "committed"; and core.told(code): how it
 * ended has been told, what is left is to leave with this. */
int sl_last_resort_stage(lua_State *L);
int sl_last_resort_told(lua_State *L);

/* The state of this limit has it, or none. */
struct sl_script;
void sl_last_resort_watch(const struct sl_script *s);
