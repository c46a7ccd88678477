/*
 * lua_error.h - sl_error as a Lua value (room: host)
 *
 * An error object is a table: kind ("frame_too_large"), message, os and errno
 * (the errno's text and number, when there is one), and one field per detail
 * that is set, by the names of base/error.h (stream, sequence, line, ...).
 * tostring(err) reads as one line for people: "kind: message", then os and the
 * place unless the message has them. The metatable is named "sluice.error".
 *
 * Both functions may raise (memory): inside protected bodies only.
 */
#ifndef SL_HOST_LUA_ERROR_H
#define SL_HOST_LUA_ERROR_H

#include <lua.h>

#include "base/error.h"

/* Push the error object for err. */
void sl_lua_push_error(lua_State *L, const struct sl_error *err);

/* Push the metatable (fields __name, __tostring, __index of methods if any). */
void sl_lua_push_error_metatable(lua_State *L);

/*
 * Make *err from whatever was raised or returned (the value at index): an
 * error object, which is any table whose field kind is one of our kinds, gives
 * its kind and details back; anything else becomes `kind` with the value as
 * text, on one line and cut. Values with a failing __tostring, nil and so on
 * are turned into text too. Never raises beyond memory; *err is overwritten.
 */
void sl_lua_to_error(lua_State *L, int index, enum sl_kind kind, struct sl_error *err);

#endif
