/*
 * equal.h - are two JSON values the same? (room: json)
 *
 * Equality as in JSON Schema: numbers by value (1 equals 1.0), strings by their
 * characters, arrays by their elements in order, objects by their fields in any
 * order, the last of duplicate keys.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

bool sl_json_equal(struct sl_json_value a, struct sl_json_value b);

/* Equal values have equal hashes. */
uint64_t sl_json_hash(struct sl_json_value v);

/* Compares an integer and a double exactly: below 0, 0 or above 0. b must not be NaN. */
int sl_json_compare(int64_t a, double b);
