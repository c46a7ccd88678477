/*
 * syntax.h - the syntax of expressions (room: expression)
 *
 * An expression is a Lua 5.4 expression (reference manual, sections 3.4 and 9) without
 * function definitions. It is read into a tree, each part with its place in the source. An
 * integer literal beyond 64 bits and a number literal beyond a double's range are decimals
 * (lua/decimal.h). The meaning of the parts is defined elsewhere: predicate.h evaluates trees,
 * translate.h turns them into Lua. Syntax from other languages is refused with a hint on how
 * to write it here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* X(identifier): operands, then unary and binary operators. */
#define SL_SYNTAX_KINDS(X)                                                         \
	X(NIL) X(FALSE) X(TRUE) X(NULL) X(INTEGER) X(FLOAT) X(DECIMAL) X(STRING)   \
	X(NAME)    /* text: a field, row or _G */                                  \
	X(MEMBER)  /* left.text */                                                 \
	X(INDEX)   /* left[right] */                                               \
	X(CALL)    /* left(right, its next, ...) */                                \
	X(METHOD)  /* left:text(right, its next, ...) */                           \
	X(TABLE)   /* { right, its next, ... } */                                  \
	X(ENTRY)   /* of a table: [left] = right; left 0: an element of a list */  \
	X(PAREN)   /* (left): one value */                                         \
	X(NOT) X(MINUS) X(LENGTH) X(BNOT)                                          \
	X(OR) X(AND) X(LT) X(GT) X(LE) X(GE) X(NE) X(EQ)                           \
	X(BOR) X(BXOR) X(BAND) X(SHL) X(SHR) X(CONCAT)                             \
	X(ADD) X(SUB) X(MUL) X(DIV) X(IDIV) X(MOD) X(POW)

enum sl_syntax_kind {
#define SL_SYNTAX_ENUM(id) SL_SYNTAX_##id,
	SL_SYNTAX_KINDS(SL_SYNTAX_ENUM)
#undef SL_SYNTAX_ENUM
	SL_SYNTAX_COUNT
};

struct sl_part { /* places are byte offsets into the source */
	uint8_t kind;
	bool is_member;             /* it may be a member of a Lua library; set when it is compiled */
	uint16_t left, right, next; /* parts; 0: none */
	uint32_t at, end;           /* the span of the part */
	uint32_t op;                /* where its operator, name or bracket is */
	union {
		struct sl_text text; /* of a name, a string or a decimal: in the tree's own bytes */
		int64_t integer;
		double number;
	} is;
};

#define SL_SYNTAX_MOST 4000 /* parts in an expression */

struct sl_syntax { /* embedded; initialise it with {0} */
	struct sl_part *parts; /* [0] means none */
	size_t count, capacity;
	uint16_t root;
	char *bytes; /* names and strings, unescaped */
};

struct sl_syntax_error {
	size_t at, len; /* the place in the source, bytes */
	char what[200]; /* terminated; empty: out of memory */
};

/* Returns 0, or -1 and *err. The source is borrowed for the call. */
int sl_syntax_read(struct sl_syntax *t, const char *source, size_t len, struct sl_syntax_error *err);
void sl_syntax_clear(struct sl_syntax *t);
