/*
 * translate.h - expressions as Lua (room: expression)
 *
 * The source of a chunk that returns a function of no arguments, whose value is
 * the expression's for the row at hand. Operators, calls and methods are Lua's
 * own; around them stands what absent and null mean:
 *
 *   and or not            null counts as false
 *   < <= > >=             false when an operand is nil or null
 *   arithmetic .. # -     nil when one is
 *   a.b a[i]              nil of nil, of null and of what has no fields
 *   v:name(...)           nil when v or an argument is
 *   string.f(...)         likewise, for string, math, utf8 and table
 *
 * Each operation stands on a line of its own, so that an error of Lua's leads
 * back to its part of the expression.
 */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "expression/syntax.h"

/* The chunk's arguments: null, and functions that take a part's number first:
 * field(part), the same
 * with nil for null, item(part, value, key), call(part, ...), table(part); row(); and
 * the functions that are called by a bare name and the decimals, by part; are two values that Lua
 * takes for different one number? */
#define SL_TRANSLATE_ARGUMENTS "N, F, P, I, C, T, R, G, K, E"

/* Append it to out, and to lines a uint16_t for each line: its part, or 0. 0;
 * or -1: no memory. */
int sl_translate(const struct sl_syntax *t, struct sl_buffer *out, struct sl_buffer *lines);

/* Is it a chain of names and constant keys that begins with a field: a.b[1].c? */
bool sl_syntax_is_path(const struct sl_syntax *t, uint16_t part);

/* The name's part when a path begins with a library of Lua and one of its
 * members may be meant: string.rep, math.pi; else 0. */
uint16_t sl_syntax_library(const struct sl_syntax *t, uint16_t path);

/* Is its callee a function of string, math, utf8 or table, as string.rep is? */
bool sl_syntax_is_library_call(const struct sl_syntax *t, const struct sl_part *call);
