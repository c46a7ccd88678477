/*
 * regex.h - regular expressions as JSON Schema writes them (room: schema)
 *
 * The part of ECMA-262 (with its flag u) that is regular: characters, . and
 * classes, \d \w \s and their opposites, \t \n \r \v \f \0 \cX \xHH \uHHHH
 * \u{H...}, ^ and $, alternatives, groups (plain, and (?:...)), the quantifiers
 * * + ? {n} {n,} {n,m} (greedy or lazy: for whether there is a match it is the
 * same). Look-around, back references, \b, \p{...} and named groups are refused
 * when the expression is compiled.
 *
 * A search takes time in proportion to the text, whatever the expression: all
 * ways are followed at once (Thompson), so no row can make it hang, which
 * matters where no hook can interrupt. Characters are code points; an escaped
 * lone surrogate (WTF-8) is one too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sl_regex;

/* What is wrong with an expression, and at which byte. what NULL: no memory. */
struct sl_regex_error {
	const char *what;
	size_t at;
};

struct sl_regex *sl_regex_new(const char *pattern, size_t len, struct sl_regex_error *err);
void sl_regex_free(struct sl_regex *r); /* accepts NULL */

/* Is there a match anywhere in the text? Uses room inside r: not for two
 * threads at once. */
bool sl_regex_find(struct sl_regex *r, const char *text, size_t len);
