/*
 * program.h - a compiled schema (room: schema, private)
 *
 * A tree of nodes, or rather a graph without cycles: a description that stands
 * in several places is compiled once. Nodes live in blocks that belong to the
 * userdata and never move. Lua values that reading needs (field names, phrases,
 * constants) stand in one list, the anchors: the registry has it by the
 * schema's address. Constants are also a JSON document of the schema's own, for
 * comparing them with a row's values.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "json/json.h"
#include "json/names.h"
#include "schema/formats.h"
#include "schema/regex.h"

/* X(identifier, name in descriptions) */
#define SL_NODE_KINDS(X)      \
	X(ANY, "any")         \
	X(NULL, "null")       \
	X(BOOLEAN, "boolean") \
	X(INTEGER, "integer") \
	X(NUMBER, "number")   \
	X(STRING, "string")   \
	X(ARRAY, "array")     \
	X(MAP, "map")         \
	X(RECORD, "record")   \
	X(ENUM, "enum")       \
	X(UNION, "union")

enum sl_node_kind {
#define SL_NODE_ENUM(id, name) SL_NODE_##id,
	SL_NODE_KINDS(SL_NODE_ENUM)
#undef SL_NODE_ENUM
	SL_NODE_KIND_COUNT
};

struct sl_node;

struct sl_bound { /* a number; not set: zeroes */
	bool set, exclusive;
	bool exact; /* an integer */
	int64_t integer;
	double number;
};

struct sl_number {
	struct sl_bound min, max, step;
};

struct sl_string {
	size_t min, max;   /* characters */
	int pattern;       /* anchor; 0: none */
	struct sl_regex *regex;
	sl_format format;
};

struct sl_array {
	const struct sl_node *items;
	size_t min, max;
	bool unique;
};

struct sl_map {
	const struct sl_node *values, *keys; /* keys NULL: any */
	size_t min, max;
};

struct sl_constant {
	int anchor;   /* the Lua value */
	size_t place; /* in the document of constants */
};

enum sl_unknown { SL_UNKNOWN_DROP, SL_UNKNOWN_KEEP, SL_UNKNOWN_REFUSE };

struct sl_memo; /* lua/memo.h */

struct sl_field {
	int anchor; /* its name */
	struct sl_memo *memo; /* of a string without limits, else NULL */
	bool optional, has_fallback;
	struct sl_constant fallback;
	const struct sl_node *node;
};

struct sl_record {
	struct sl_field *fields;
	struct sl_names names; /* of the fields, in their order */
	enum sl_unknown unknown;
	const struct sl_node *rest; /* of fields that are kept */
};

struct sl_enum {
	struct sl_constant *values;
	size_t count;
};

struct sl_union {
	const struct sl_node **alternatives;
	size_t count;
};

struct sl_node {
	enum sl_node_kind kind;
	bool nullable;
	bool plain;     /* a string or number without limits: most are */
	unsigned types; /* bit for each sl_json_type that may do */
	int expected;   /* anchor: what is expected, a phrase */
	int height;     /* levels of nodes, this one included */
	union {
		struct sl_number number;
		struct sl_string string;
		struct sl_array array;
		struct sl_map map;
		struct sl_record record;
		struct sl_enum choice;
		struct sl_union either;
	} as;
};

struct sl_block {
	struct sl_block *next;
	max_align_t room[];
};

#define SL_SCHEMA_ANCHORS 1 /* user value, for who has the userdata at hand */

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

/* Compile the description at index 1 into s, which is the userdata on top.
 * Raises; s then holds what _clear frees. */
void sl_program_compile(lua_State *L, struct sl_schema *s);
void sl_program_clear(struct sl_schema *s);
