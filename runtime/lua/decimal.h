/*
 * decimal.h - numbers that Lua cannot represent (room: lua)
 *
 * A decimal is an immutable value that holds a number as text: an integer beyond 64 bits or a
 * number beyond a double's range, from a row, or any number that a schema or a script wants to
 * keep as text. tostring and .. give that text unchanged. < and <= are exact, with numbers and
 * with each other, and so are == of two decimals and d:eq(other); Lua's == of a decimal and a
 * number is false. Arithmetic uses the nearest Lua number. The metatable is named
 * "sluice.Decimal".
 */
#pragma once

#include <lua.h>

#include "base/text.h"
#include "json/json.h"

/* Push a decimal made from a text that is a JSON number, or from a number in a document, whose
 * parsed text must still exist. Both raise if out of memory. */
void sl_decimal_push(lua_State *L, const char *text, size_t len);
void sl_decimal_push_value(lua_State *L, struct sl_json_value v);

/* Its text, borrowed as long as it lives. bytes is NULL if the value is not a decimal. */
struct sl_text sl_decimal_test(lua_State *L, int index);

/* Compares two numbers or decimals exactly: *order is below 0, 0 or above 0. Returns false if one
 * of the values is neither, or NaN. */
bool sl_decimal_order(lua_State *L, int a, int b, int *order);

/* core.decimal(text or number), which raises at the caller's line; core.is_decimal(value). */
int sl_decimal_new(lua_State *L);
int sl_decimal_is(lua_State *L);
