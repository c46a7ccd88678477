/*
 * report.h - violations as Lua tables (room: schema, private)
 */
#pragma once

#include <stddef.h>

#include <lua.h>

#include "json/json.h"

/* The path from the root to a value, innermost first; on the C stack. */
struct sl_level {
	const struct sl_level *up;
	const char *key; /* NULL: an element */
	size_t len;
	size_t index;
};

/* One violation. `name`: the value is this key of an object. */
struct sl_complaint_at {
	const struct sl_level *level;
	const struct sl_json_value *value; /* NULL: missing */
	const char *name;
	size_t name_len;
};

/* Replace the phrase on top by { pointer =, expected =, value = }. */
void sl_report_push(lua_State *L, const struct sl_complaint_at *c);
