/*
 * scalar.h - numbers and strings within their limits (room: schema,
 * private)
 *
 * Patterns of Lua are not looked at here: that takes Lua.
 */
#pragma once

#include "schema/program.h"

bool sl_scalar_integer(const struct sl_number *n, int64_t value);
bool sl_scalar_float(const struct sl_number *n, double value); /* finite */
bool sl_scalar_string(const struct sl_string *s, const char *text, size_t len);

/* The integer that a number stands for: also 1.0 and 1e2, as long as the
 * double is surely what was written, which is up to 2^53. */
bool sl_scalar_whole(struct sl_json_value v, int64_t *out);
