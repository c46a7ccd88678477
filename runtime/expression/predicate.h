/*
 * predicate.h - the simple expressions, decided without Lua (room: expression)
 *
 * Most expressions of `sluice filter` compare fields with constants. Such a
 * tree is evaluated here from the parsed document alone. A second
 * implementation, of what translate.h makes of the same tree: a row of the
 * benchmark's `filter` costs 3,000 instructions in the runner by it, 4,400 by
 * Lua. Where only Lua knows (text is ordered by the locale; arithmetic on text;
 * whatever is an error) the answer is that it does not know, and Lua is asked.
 * tests/script/predicate_spec.lua compares the two.
 *
 * Understood: or and not, == ~= < <= > >=, + - * / // %, parentheses,
 * constants, and fields by name and constant key (a, a.b, a[1]).
 */
#pragma once

#include "expression/syntax.h"
#include "json/json.h"

enum sl_verdict { SL_VERDICT_DROP, SL_VERDICT_KEEP, SL_VERDICT_UNSURE };

/* Of a name: a row was asked for it, had it; of an index: 0, of an array. */
enum { SL_SEEN_LOOKED = 1, SL_SEEN_FOUND = 2, SL_SEEN_ZERO = 4 };

struct sl_predicate { /* borrowed */
	const struct sl_syntax *tree;
	uint8_t *seen; /* by part: what was seen of it, bits */
};

bool sl_predicate_is_simple(const struct sl_syntax *t);

/* false, nil and null drop the row. */
enum sl_verdict sl_predicate_decide(const struct sl_predicate *p, struct sl_json_value payload);

/* The last step of a path (sl_syntax_is_path): *v becomes the item of what it is. */
bool sl_syntax_step(const struct sl_syntax *t, uint16_t path, struct sl_json_value *v, uint8_t *seen);
