/*
 * token.h - the tokens of expressions (room: expression)
 *
 * Those of Lua 5.4 (reference manual, section 3.1), one of look-ahead; for syntax.h alone. What
 * people bring along from other languages is refused with the way to write it here.
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
	SL_TOKEN_WORD, /* of Lua */
	SL_TOKEN_INTEGER,
	SL_TOKEN_FLOAT,
	SL_TOKEN_DECIMAL,
	SL_TOKEN_STRING,
	SL_TOKEN_SIGN,
	SL_TOKEN_BROKEN /* it has been refused */
};

struct sl_operator {
	char sign[4];
	uint8_t kind, left, right; /* how much it binds to either side: the manual, 3.4.8 */
};

struct sl_token {
	enum sl_token_kind kind;
	size_t at, end;                     /* byte offsets into the source */
	const struct sl_operator *operator; /* that it can be, binary; or NULL */
	struct sl_text text;                /* of a name, string or decimal, in the tree's bytes */
	int64_t integer;
	double number;
};

struct sl_tokens { /* the caller sets those before at, and free */
	struct sl_syntax_error *err;
	const char *source; /* a NUL behind it, none in it */
	size_t len;
	locale_t c_locale;
	size_t at;
	char *free; /* of 2 len + 8 bytes: where texts are put */
	struct sl_token next;
	size_t behind; /* the end of the token before it */
};

/* On to the next token; one that is refused is SL_TOKEN_BROKEN. */
void sl_token_next(struct sl_tokens *r);

/* Is it that sign, that word of Lua? */
bool sl_token_is_sign(const struct sl_tokens *r, const char *sign);
bool sl_token_is_word(const struct sl_tokens *r, const char *word);

/* Is this colon a method's, as in x:f(), and not one of { a: 1 } or x ? y : z? */
bool sl_token_is_method(const struct sl_tokens *r);

/* If it is that sign, go on behind it. */
bool sl_token_take(struct sl_tokens *r, const char *sign);

/* Set the error, unless there is one; the place is in bytes. false, always. */
__attribute__((format(printf, 4, 5)))
bool sl_token_refuse(struct sl_tokens *r, size_t at, size_t len, const char *format, ...);

/* The next token stands where something else was expected. false, always. */
bool sl_token_expected(struct sl_tokens *r, const char *expected);
