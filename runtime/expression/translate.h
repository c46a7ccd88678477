/*
 * translate.h - expressions as Lua (room: expression)
 *
 * Generates the source of a chunk that returns a function of no arguments, which
 * returns the value of the expression for the current row. Operators, calls and
 * methods are Lua's own, except for absent values and null:
 *
 *   and or not            null counts as false
 *   < <= > >=             false if an operand is nil or null
 *   arithmetic .. # -     nil if an operand is
 *   a.b a[i]              nil if a is nil, null or has no fields
 *   v:name(...)           nil if v or an argument is
 *   string.f(...)         likewise, for string, math, utf8 and table
 *
 * Each operation is on a line of its own, so that a Lua error can be traced back to
 * its part of the expression.
 */
#pragma once

#include <stdbool.h>

#include "base/buffer.h"
#include "expression/syntax.h"

/* The chunk's arguments: null; functions that take a part's number first, namely
 * field(part), the same with nil for null, item(part, value, key), call(part, ...) and
 * table(part); row(); the globals; a table, by part, of the functions called by a bare
 * name and of the decimals; and a function that tells whether two values that differ for
 * Lua are the same number. */
#define SL_TRANSLATE_ARGUMENTS "N, F, P, I, C, T, R, G, K, E"

/* Appends the source to out and, for each of its lines, a uint16_t to lines: its part, or
 * 0. Returns 0, or -1 when out of memory. */
int sl_translate(const struct sl_syntax *t, struct sl_buffer *out, struct sl_buffer *lines);

/* Is it a chain of names and constant keys that begins with a field: a.b[1].c? */
bool sl_syntax_is_path(const struct sl_syntax *t, uint16_t part);

/* If a path begins with a Lua library and may mean one of its members (string.rep,
 * math.pi), returns the name's part, otherwise 0. */
uint16_t sl_syntax_library(const struct sl_syntax *t, uint16_t path);

/* Is its callee a function of string, math, utf8 or table, such as string.rep? */
bool sl_syntax_is_library_call(const struct sl_syntax *t, const struct sl_part *call);
