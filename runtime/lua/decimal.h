/*
 * decimal.h - numbers that Lua has not (room: lua)
 *
 * A decimal is an immutable value that holds a number by its text: an integer beyond 64 bits, or a
 * number beyond a double's range, as rows bring them; or whatever number a schema or a script
 * wants kept so. tostring and .. give the text as it came. < and <= are exact, with numbers
 * and with each other, and so are == of two decimals and d:eq(other); Lua's == of a decimal and a
 * number is false. Arithmetic gives a number of Lua's, of the nearest. The metatable is named
 * "sluice.Decimal".
 */
#pragma once

#include <lua.h>

#include "base/text.h"
#include "json/json.h"

/* Push the decimal of a text that is a JSON number; of a value of a document that is a number.
 * Raise on memory; of the value, the text that was parsed must still be there. */
void sl_decimal_push(lua_State *L, const char *text, size_t len);
void sl_decimal_push_value(lua_State *L, struct sl_json_value v);

/* Its text, borrowed as long as it lives; bytes NULL: it is something else. */
struct sl_text sl_decimal_test(lua_State *L, int index);

/* The values at these places, numbers or decimals: false, when one is neither, or NaN; else their
 * order, below 0, 0 or above 0, exactly. */
bool sl_decimal_order(lua_State *L, int a, int b, int *order);

/* core.decimal(text or number): raises at the caller's line; core.is_decimal(value). */
int sl_decimal_new(lua_State *L);
int sl_decimal_is(lua_State *L);
