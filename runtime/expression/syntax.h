/*
 * syntax.h - the syntax of expressions (room: expression)
 *
 * An expression is one of Lua 5.4 (reference manual, sections 3.4 and 9) without
 * functions in it. It is read into one tree, each part with its place in the
 * source. An integer literal beyond 64 bits and a number literal beyond a double's range are
 * decimals (lua/decimal.h). What the parts mean stands elsewhere: predicate.h decides on trees,
 * translate.h makes Lua of them. What people bring along from other languages
 * is refused with the way to say it here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* X(identifier): operands, then unary and binary operators. */
#define SL_SYNTAX_KINDS(X)                                                         \
	X(NIL) X(FALSE) X(TRUE) X(NULL) X(INTEGER) X(FLOAT) X(DECIMAL) X(STRING)   \
	X(NAME)    /* text: a field, or what is always there */                    \
	X(MEMBER)  /* left.text */                                                 \
	X(INDEX)   /* left[right] */                                               \
	X(CALL)    /* left(right, its next, ...) */                                \
	X(METHOD)  /* left:text(right, its next, ...) */                           \
	X(TABLE)   /* { right, its next, ... } */                                  \
	X(ENTRY)   /* of a table: [left] = right; left 0: in a list */             \
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
	bool is_member;             /* of a library of Lua, it may be: for who compiles it */
	uint16_t left, right, next; /* parts; 0: none */
	uint32_t at, end;           /* what it spans */
	uint32_t op;                /* where its operator, name or bracket stands */
	union {
		struct sl_text text; /* of a name, a string or a decimal: in the tree's own bytes */
		int64_t integer;
		double number;
	} is;
};

#define SL_SYNTAX_MOST 4000 /* parts of an expression */

struct sl_syntax { /* embedded; {0} is a good start */
	struct sl_part *parts; /* [0] is none */
	size_t count, capacity;
	uint16_t root;
	char *bytes; /* names and strings, unescaped */
};

struct sl_syntax_error { /* in the source, from `at` on, so many bytes */
	size_t at, len;
	char what[200]; /* NULL-terminated; empty: no memory */
};

/* 0, or -1 and *err. The source is borrowed for the call. */
int sl_syntax_read(struct sl_syntax *t, const char *source, size_t len, struct sl_syntax_error *err);
void sl_syntax_clear(struct sl_syntax *t);
