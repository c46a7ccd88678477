/*
 * token.h - the tokens of expressions (room: expression)
 *
 * Lua 5.4 tokens (reference manual, section 3.1), with a look-ahead of one; only for syntax.c.
 * Syntax from other languages is refused with a hint on how to write it here.
 */
#pragma once

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "expression/syntax.h"

enum sl_token_kind {
	SL_TOKEN_END,
	SL_TOKEN_NAME,
	SL_TOKEN_WORD, /* a Lua keyword */
	SL_TOKEN_INTEGER,
	SL_TOKEN_FLOAT,
	SL_TOKEN_DECIMAL,
	SL_TOKEN_STRING,
	SL_TOKEN_SIGN,
	SL_TOKEN_BROKEN /* refused */
};

struct sl_operator {
	char sign[4];
	uint8_t kind, left, right; /* left and right: binding power on either side (manual, 3.4.8) */
};

struct sl_token {
	enum sl_token_kind kind;
	size_t at, end;                     /* byte offsets into the source */
	const struct sl_operator *operator; /* the binary operator that it can be, or NULL */
	struct sl_text text;                /* of a name, string or decimal, in the tree's bytes */
	int64_t integer;
	double number;
};

struct sl_tokens { /* the caller sets the fields before at, and free */
	struct sl_syntax_error *err;
	const char *source; /* followed by a NUL, with none in it */
	size_t len;
	locale_t c_locale;
	size_t at;
	char *free; /* where texts are put; 2 len + 8 bytes at first */
	struct sl_token next;
	size_t behind; /* the end of the token before next */
};

/* Reads the next token; if it is refused, its kind is SL_TOKEN_BROKEN. */
void sl_token_next(struct sl_tokens *r);

/* Is the next token this sign, this keyword? */
bool sl_token_is_sign(const struct sl_tokens *r, const char *sign);
bool sl_token_is_word(const struct sl_tokens *r, const char *word);

/* Is the next token the colon of a method, as in x:f(), not that of { a: 1 } or x ? y : z? */
bool sl_token_is_method(const struct sl_tokens *r);

/* If the next token is this sign, skips it and returns true. */
bool sl_token_take(struct sl_tokens *r, const char *sign);

/* Sets the error, unless it is already set; the place is in bytes. Always returns false. */
__attribute__((format(printf, 4, 5)))
bool sl_token_refuse(struct sl_tokens *r, size_t at, size_t len, const char *format, ...);

/* Refuses the next token because something else was expected. Always returns false. */
bool sl_token_expected(struct sl_tokens *r, const char *expected);
