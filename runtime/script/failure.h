/*
 * failure.h - error objects of this room (room: script)
 *
 * As host/lua_error.h makes them, but errno is the symbolic name ("EPIPE"),
 * which scripts can compare.
 */
#ifndef SL_SCRIPT_FAILURE_H
#define SL_SCRIPT_FAILURE_H

#include <stdbool.h>

#include <lua.h>
#include <lauxlib.h>

#include "base/error.h"

/* Push the object. Raises on memory. */
void sl_failure_push(lua_State *L, const struct sl_error *err);

/* Raise it. */
_Noreturn void sl_failure_raise(lua_State *L, const struct sl_error *err);

/* Push nil and the object: how an operation fails. Returns 2. */
int sl_failure_return(lua_State *L, const struct sl_error *err);

/* Push a copy of the error object at index: marking it up leaves the script's
 * own, which may be a constant, alone. */
void sl_failure_copy(lua_State *L, int index);

/* Is the value at index an error object? Pushes nothing. */
bool sl_failure_is(lua_State *L, int index);

/* The object or any value as a C error; undoes the name in errno. Raises on
 * memory only. */
void sl_failure_read(lua_State *L, int index, enum sl_kind kind, struct sl_error *err);

/* core.error and core.exit_code. */
int sl_failure_error(lua_State *L);
int sl_failure_exit_code(lua_State *L);

/* Push the table kind -> exit code. */
void sl_failure_push_kinds(lua_State *L);

#endif
