/*
 * error.h - sl_error as a Lua value (room: lua)
 *
 * The error objects of sluice, in workers and in the runner: a table with the
 * fields kind (one of the names in base/error.h), message, os and errno (the
 * errno's text and its name, "EPIPE", if there is one), and one field per
 * detail that is set, by the names in base/error.h (stream, sequence, line,
 * ...). tostring(err) is one line for people: "kind: message", then os and the
 * place unless the message has them. The metatable is named "sluice.error".
 *
 * Everything here may raise if out of memory, so call it only in protected bodies.
 */
#pragma once

#include <stdbool.h>

#include <lua.h>
#include <lauxlib.h>

#include "base/error.h"

/* Push the object. */
void sl_lua_error_push(lua_State *L, const struct sl_error *err);

/* Raise it. */
_Noreturn void sl_lua_error_raise(lua_State *L, const struct sl_error *err);

/* The results of an operation that failed: pushes nil and the object. Returns 2. */
int sl_lua_error_return(lua_State *L, const struct sl_error *err);

/* The results of an operation: true if rc is 0, otherwise as above. Returns how many. */
int sl_lua_error_answer(lua_State *L, int rc, const struct sl_error *err);

/*
 * Makes *err from a raised or returned value (the one at index): an error object,
 * which is any table whose field kind is one of our kinds, keeps its kind and
 * details; anything else becomes `kind` with the value as text (lua/describe.h),
 * on one line and cut. *err is overwritten.
 */
void sl_lua_error_read(lua_State *L, int index, enum sl_kind kind, struct sl_error *err);

/* Is the value at index an error object? Pushes nothing. */
bool sl_lua_error_is(lua_State *L, int index);

/* Pushes a copy of the error object at index, so that the script's own object, which
 * may be a constant, stays unchanged when the copy gets more fields. */
void sl_lua_error_copy(lua_State *L, int index);

/* Push the metatable (fields __name, __tostring). */
void sl_lua_error_push_metatable(lua_State *L);

/* core.error(kind, message, fields?) and core.exit_code(err). */
int sl_lua_error_new(lua_State *L);
int sl_lua_error_exit_code(lua_State *L);

/* Push the table kind -> exit code. */
void sl_lua_error_push_kinds(lua_State *L);
