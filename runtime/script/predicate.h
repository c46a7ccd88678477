/*
 * predicate.h - the simple expressions, decided without Lua (room: script)
 *
 * Most expressions of `sluice filter` compare fields with constants. Such a
 * one is understood here too, and answers from the parsed document alone; what
 * it says is what Lua would say. Where that is in doubt for a row (a field is
 * absent, so that a global may stand in; an operation that Lua would refuse,
 * or that depends on the locale), the answer is that it does not know, and
 * Lua is asked. So there is one meaning, Lua's, and its messages.
 *
 * A second implementation, of expressions in Lua (expression.h): a row of the
 * benchmark's `filter` costs 3,000 instructions in the runner by it, 4,400 by
 * Lua. tests/script/predicate_spec.lua compares the two.
 *
 * Understood: or and not, == ~= < <= > >=, + - * / // %, parentheses, numerals,
 * strings without escapes, true false nil null, and fields (a, a.b). Operators
 * as in the Lua 5.4 reference manual, section 3.4.
 */
#pragma once

#include <lua.h>

#include "json/json.h"

#define SL_PREDICATE_NODES 48
#define SL_PREDICATE_TEXT 512 /* bytes of an expression that is simple */

enum sl_verdict { SL_VERDICT_DROP, SL_VERDICT_KEEP, SL_VERDICT_UNSURE };

struct sl_predicate_node { /* the room's own */
	uint8_t op;
	uint8_t left, right; /* nodes */
	bool is_float;
	uint32_t len;
	union {
		const char *text; /* of a string or a name: in the predicate */
		int64_t integer;
		double number;
	} is;
};

struct sl_predicate { /* owns all it has; does not move */
	struct sl_predicate_node nodes[SL_PREDICATE_NODES];
	uint8_t count; /* the last node is the root; 0: not simple */
	char text[SL_PREDICATE_TEXT];
};

/* Read a source that Lua has compiled: false when it is not simple. L is for
 * the reading of numerals; needs two slots, leaves none. */
bool sl_predicate_read(struct sl_predicate *p, lua_State *L, const char *source, size_t len);

/* false, nil and null drop the row. */
enum sl_verdict sl_predicate_decide(const struct sl_predicate *p, struct sl_json_value payload);
