/*
 * program.h - a compiled schema (room: schema, private)
 *
 * A tree of nodes, or rather a graph without cycles: a description that is used
 * in several places is compiled once. Nodes live in blocks that belong to the
 * userdata and never move. Lua values that reading needs (field names, phrases,
 * constants) are in one list, the anchors, which the registry holds under the
 * schema's address. Constants are also kept as a JSON document, so that they
 * can be compared with a row's values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "json/json.h"

struct sl_node_kind; /* kind.h */

struct sl_node { /* its kind's own data follows it */
	const struct sl_node_kind *kind;
	bool nullable;
	bool plain;     /* a string or number without limits, as most are */
	unsigned types; /* bit for each sl_json_type that it accepts */
	int expected;   /* anchor: a phrase for what is expected */
	int height;     /* levels of nodes, this one included */
};

struct sl_constant {
	int anchor;   /* the Lua value */
	size_t place; /* in the document of constants */
};

struct sl_block {
	struct sl_block *next;
	max_align_t room[];
};

#define SL_SCHEMA_ANCHORS 1 /* user value, for code that has the userdata on the stack */

struct sl_schema { /* the userdata */
	const void *mark; /* no other userdata has it */
	const struct sl_node *root; /* NULL: not complete */
	struct sl_block *blocks;
	struct sl_regex **regexes;
	size_t regex_count;
	struct sl_json *constants;
	struct sl_json_value *values; /* by place */
};

/* Anchors that every schema has. */
enum { SL_ANCHOR_FIND = 1, SL_ANCHOR_UNKNOWN, SL_ANCHOR_UNIQUE, SL_ANCHOR_ARRAY };

/* Compile the description at index 1 into s, which is the userdata on top; kinds
 * ends with NULL. Raises; s then holds what _clear frees. */
void sl_program_compile(lua_State *L, struct sl_schema *s, const struct sl_node_kind *const *kinds);
void sl_program_clear(struct sl_schema *s);

/* [anchors] -> [anchors, others, value or list of violations]. Returns the number of violations.
 * The caller takes care of the parser and of the rest of the stack. */
size_t sl_walk_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root);
