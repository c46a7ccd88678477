/*
 * expression.h - the expressions of `sluice filter` (room: script)
 *
 * In an expression a bare name is a field of the payload; fields win over
 * globals; `row`, `_G` and `null` are always what they are. A field is looked
 * up in the parsed document each time it is mentioned, and nothing else of
 * the row is touched. An expression cannot assign to a name.
 *
 * As a function it takes a row. delivery.c opens it up instead and calls the
 * compiled chunk itself, for the row at hand, so that no userdata is made.
 */
#pragma once

#include <lua.h>

struct sl_expression;
struct sl_predicate;

/* core.expression(source, name); upvalue 1 is the script. */
int sl_expression_compile(lua_State *L);

/* When the value at index is such a function: its state, and [state, chunk]
 * are pushed. Else NULL, and nothing is pushed. */
struct sl_expression *sl_expression_open_up(lua_State *L, int index);

/* The expression as a predicate; NULL when it is not simple (predicate.h). */
const struct sl_predicate *sl_expression_predicate(const struct sl_expression *e);

/* Calls of the chunk from here on look at the row at hand. */
void sl_expression_aim(struct sl_expression *e);
