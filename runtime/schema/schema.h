/*
 * schema.h - declared row types (room: schema)
 *
 * lualib/sluice/schema.lua describes a type in tables; core.schema compiles
 * the description to a program, a userdata "sluice.core.Schema". The program
 * walks a parsed document and makes the declared Lua value on the way: no tree
 * in between, and fields that are not declared are skipped, not decoded. All
 * violations of the type are collected, each with its place.
 *
 *     const struct sl_schema *s = sl_schema_test(L, index);
 *     struct sl_violations v;
 *     if (sl_schema_push(L, s, sl_json_root(document), &v) == 0)
 *             ...                              [value]
 *     else
 *             sl_schema_push_failure(L, &v, &place);   [list] -> [error object]
 *
 * Values follow the rules of sl_value_push (lua/value.h), except that an
 * integer field is a Lua integer even if it was written as 1.0, and an absent
 * field is absent or has its default (a fresh copy). The last of duplicate
 * keys wins, as everywhere.
 *
 * Everything but _test may raise (memory, or a Lua pattern that is too complex
 * for its text), so call it in protected bodies only. A finalizer of the user
 * may run during sl_schema_push: the caller must ensure that no script can
 * parse with the document's parser meanwhile. The caller must keep the schema's
 * userdata alive.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "json/json.h"

#define SL_SCHEMA "sluice.core.Schema"

/* At most this many violations of a value are listed; the others are only counted. */
#define SL_VIOLATIONS_LISTED 20

struct sl_schema;

struct sl_violations {
	size_t count; /* all of them */
};

/* Where the value came from; texts borrowed, NULL: not known. */
struct sl_schema_place {
	const char *export, *stream;
	int64_t sequence; /* negative: no row */
};

/* The schema at index, or NULL. Needs two free slots. */
const struct sl_schema *sl_schema_test(lua_State *L, int index);

/*
 * Push the value and return 0; or push the list of violations and return how
 * many there are. A violation is a table: pointer (a JSON Pointer), expected
 * (a phrase: "an integer of at least 1"), value (the offending value as JSON
 * text, cut; nil when the field is missing).
 */
size_t sl_schema_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root,
                      struct sl_violations *out);

/*
 * Replace the list on top by an error object: kind row_invalid, message
 * "/line: expected an integer of at least 1, got 0 (and 2 more)", pointer (of
 * the first violation), violations (the list), violation_count, and the place.
 */
void sl_schema_push_failure(lua_State *L, const struct sl_violations *v,
                            const struct sl_schema_place *place);

/* core.schema(description): the userdata. Raises if the description is
 * invalid. Methods: decode(text). */
int sl_schema_new(lua_State *L);
