/*
 * ecma.h - expressions of ECMA-262 in the syntax of RE2 (room: schema, private)
 *
 * Takes exactly what ECMA-262 takes with the flag u, less what is not regular,
 * and writes an expression that matches in the same texts; which part of a
 * text it matches may differ. So groups become plain, lazy quantifiers greedy.
 *
 * RE2 counts to 1,000, and nested counts multiply: what is above is written as
 * one repetition after another. An expression may have 100,000 characters,
 * classes and groups when all its counts are written out.
 */
#pragma once

#include "schema/regex.h"

/* The expression for RE2, in ASCII: the caller's, to be freed with free(). NULL
 * when it is refused. A NUL stands behind the pattern. */
#ifdef __cplusplus
extern "C"
#endif
char *sl_ecma_to_re2(const char *pattern, size_t len, struct sl_regex_error *err);
