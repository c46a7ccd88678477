/*
 * value.h - Lua values from and to JSON (room: lua)
 *
 * JSON to Lua: null is sluice.null (a light userdata NULL, the same value as
 * cjson.null); an integer that fits 64 bits is a Lua integer; a larger integer, or a
 * number beyond a double's range, is a decimal (decimal.h); other numbers are floats;
 * arrays are tables with the array metatable, so that an empty one stays an array;
 * objects are plain tables, and the last duplicate key wins.
 *
 * Lua to JSON: a table with the array metatable, or whose keys are exactly
 * 1..n (n >= 1), is an array; a table with only string keys, the empty table
 * included, is an object; anything else (mixed or sparse keys, functions,
 * NaN, strings that are not UTF-8, cycles) is an error naming the path as a
 * JSON Pointer. Fields of objects are written in the table's own order if it has
 * one (sl_value_push_order), the others sorted by name, as bytes. An integer is
 * written exactly, a float always as a float (1.0 stays "1.0"), a decimal as its text.
 *
 * Metatables other than the array metatable and that order are ignored: fields are
 * read raw, so metamethods of a script cannot run, or fail, half way through.
 *
 * Everything here may raise (memory), so call it only in protected bodies.
 */
#pragma once

#include <lua.h>

#include "json/json.h"

/*
 * Pushes the value: one slot. Raises if out of memory. Needs Lua stack in proportion
 * to the depth, which it checks itself. Whenever Lua allocates, a finalizer of the
 * user may run, and v's parser must not be used meanwhile, so a parser that scripts
 * can reach must be marked busy, or taken, during this call.
 */
void sl_value_push(lua_State *L, struct sl_json_value v);

/* The same for frequent callers, with the sl_value_strings() of the Lua state, whose
 * address stays valid until the state is closed. Getting it may raise if out of memory. */
struct sl_value_strings;
struct sl_value_strings *sl_value_strings(lua_State *L);
void sl_value_push_with(lua_State *L, struct sl_value_strings *s, struct sl_json_value v);

/* Pushes a string of a document. values: the index of the table of cached strings, which
 * _push_values has pushed. */
void sl_value_push_string(lua_State *L, struct sl_value_strings *s, int values, struct sl_json_value v);
void sl_value_push_values(lua_State *L, struct sl_value_strings *s);

/*
 * Appends the JSON text of the value at index to out. Returns 0, or -1 and *err
 * (row_malformed; the message names the path) with out unchanged. May raise if out of
 * memory; out is the caller's and must survive that (userdata, or freed by an
 * owner).
 */
int sl_value_encode(lua_State *L, int index, struct sl_json_writer *w,
                    struct sl_buffer *out, struct sl_error *err);

/* Replaces the table { name = rank } on top by a metatable that gives tables their
 * order: fields by their ranks, then those without one. Raises. */
void sl_value_push_order(lua_State *L);

/* Pushes the metatable that marks arrays (one per Lua state, named
 * "sluice.array"). */
void sl_value_push_array_metatable(lua_State *L);

/* A lua_CFunction that pushes the module sluice.json: decode(text) and
 * encode(value), each of which returns the result or nil and an error object
 * (lua/error.h; kind row_malformed); null; array(t?), which marks t, or a new
 * table, and returns it; is_array(t). */
int sl_value_open(lua_State *L);
