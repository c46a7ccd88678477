/*
 * ecma.h - translates ECMA-262 expressions to RE2 (room: schema, private)
 *
 * Accepts exactly what ECMA-262 accepts with the flag u, except what is not
 * regular, and writes an expression that finds a match in the same texts; which
 * part it matches may differ. So groups become plain, lazy quantifiers greedy.
 *
 * RE2 counts to 1,000, and nested counts multiply: larger counts are written as
 * one repetition after another. An expression may have at most 100,000
 * characters, classes and groups with all its counts expanded.
 */
#pragma once

#include "schema/regex.h"

/* Returns the expression for RE2, in ASCII, which the caller frees with free(),
 * or NULL and *err if it is refused. The pattern must be followed by a NUL. */
#ifdef __cplusplus
extern "C"
#endif
char *sl_ecma_to_re2(const char *pattern, size_t len, struct sl_regex_error *err);
