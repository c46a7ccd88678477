/*
 * predicate.h - evaluates simple expressions without Lua (room: expression)
 *
 * Most expressions of `sluice filter` compare fields with constants. Such a tree
 * is evaluated here from the parsed document alone. This is a second
 * implementation of what translate.h generates from the same tree: a row of the
 * benchmark's `filter` costs 3,000 instructions in the runner with it, 4,400 with
 * Lua. If only Lua can tell (text is ordered by the locale; arithmetic on text;
 * anything that is an error), the verdict is UNSURE, and Lua decides.
 * tests/script/predicate_spec.lua compares the two.
 *
 * Supported: or and not, == ~= < <= > >=, + - * / // %, parentheses,
 * constants, and fields by name and constant key (a, a.b, a[1]).
 */
#pragma once

#include "expression/syntax.h"
#include "json/json.h"

enum sl_verdict { SL_VERDICT_DROP, SL_VERDICT_KEEP, SL_VERDICT_UNSURE };

/* For a name: it was looked up in a row; a row had it. For an index: it is 0, into an array. */
enum { SL_SEEN_LOOKED = 1, SL_SEEN_FOUND = 2, SL_SEEN_ZERO = 4 };

struct sl_predicate { /* borrowed */
	const struct sl_syntax *tree;
	uint8_t *seen; /* SL_SEEN_ bits for each part */
};

bool sl_predicate_is_simple(const struct sl_syntax *t);

/* false, nil and null drop the row. */
enum sl_verdict sl_predicate_decide(const struct sl_predicate *p, struct sl_json_value payload);

/* Takes the last step of a path (sl_syntax_is_path): replaces *v by its item. Returns false if there is none. */
bool sl_syntax_step(const struct sl_syntax *t, uint16_t path, struct sl_json_value *v, uint8_t *seen);
