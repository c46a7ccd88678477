/*
 * expression.h - the expressions of `sluice filter` (room: script)
 *
 * A bare name is a field of the payload, or nil if absent; translate.h defines
 * what absent and null mean, syntax.h the syntax. `row`, `_G` and `null` always
 * keep their meaning. A name means a function only where it is called; string.rep
 * or math.pi is a member of a library, unless the row has a field of the library's
 * name. A field is looked up in the parsed document each time it is mentioned, and
 * nothing else of the row is touched.
 *
 * As a function it takes a row. delivery.c opens it up instead and calls the
 * compiled chunk directly for the row at hand, so that no userdata is made.
 */
#pragma once

#include <lua.h>

struct sl_error;
struct sl_expression;
struct sl_predicate;

/* core.expression(source, name); upvalue 1 is the script. */
int sl_expression_compile(lua_State *L);

/* If the value at index is such a function, push [state, chunk] and return its
 * state; otherwise NULL, and nothing is pushed. */
struct sl_expression *sl_expression_open_up(lua_State *L, int index);

/* The expression as a predicate; NULL if it is not simple (predicate.h). */
const struct sl_predicate *sl_expression_predicate(const struct sl_expression *e);

/* Calls of the chunk from here on look at the row at hand. */
void sl_expression_aim(struct sl_expression *e);

/* Rewrite Lua's message about an error in the chunk in terms of the expression:
 * kind expression, with the source and the place in it. Raises on memory. */
void sl_expression_explain(lua_State *L, const void *expression, struct sl_error *err);

/* core.expression_report(f): { absent = names that no row had, seen = names that
 * rows had instead, zero = parts that index an array by 0, constant = comparisons
 * of constants, one of them a string }. */
int sl_expression_report(lua_State *L);
