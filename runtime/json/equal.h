/*
 * equal.h - are two JSON values the same? (room: json)
 *
 * As JSON Schema means it: numbers by what they are worth (1 is 1.0), strings
 * by their characters, arrays by their elements in order, objects by their
 * fields in any order, of duplicate keys the last.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

bool sl_json_equal(struct sl_json_value a, struct sl_json_value b);

/* Equal values have equal hashes. */
uint64_t sl_json_hash(struct sl_json_value v);

/* An integer and a double: below 0, 0 or above 0, exactly. No NaN. */
int sl_json_compare(int64_t a, double b);
