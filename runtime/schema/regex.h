/*
 * regex.h - regular expressions as JSON Schema writes them (room: schema)
 *
 * ECMA-262 with its flag u, as far as it is regular; RE2 searches (ecma.h says
 * how an expression is translated). Compiling refuses, by name, lookaround, back
 * references, flags inside an expression, properties that RE2 has no table for,
 * and anything that is not ECMA-262.
 *
 * A search takes time in proportion to the text, so no row can make it hang,
 * which matters because no hook can interrupt it. At worst the factor is the
 * size of the expression with its counts expanded: one of 96,000 characters
 * that is not anchored took 40 s for 100 KB. Characters are code points,
 * including lone surrogates (WTF-8). Letters and scripts are those of RE2's
 * Unicode version.
 *
 * Memory: at most SL_REGEX_MEMORY for each expression, whatever the rows hold;
 * a plain one uses a few KiB. An expression that does not fit with its counts
 * expanded is refused: more than about 20,000 times ., or 400 times \p{L}. If
 * the system is out of memory, C++ ends the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SL_REGEX_MEMORY (8 << 20)

struct sl_regex;

/* What is wrong with an expression, how to fix it, and at which character,
 * counted from 1. If `what` is empty: no memory. */
struct sl_regex_error {
	char what[192];
	size_t at;
};

struct sl_regex *sl_regex_new(const char *pattern, size_t len, struct sl_regex_error *err); /* pattern[len] is NUL */
void sl_regex_free(struct sl_regex *r); /* accepts NULL */

/* Is there a match anywhere in the text, which is UTF-8 or WTF-8? */
bool sl_regex_find(const struct sl_regex *r, const char *text, size_t len);

#ifdef __cplusplus
}
#endif
