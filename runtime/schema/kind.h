/*
 * kind.h - the parts of a kind of type (room: schema, private)
 *
 * Everything about a kind is in one kind_*.c: its data, how a description is
 * compiled to it, and how a value is read. Only the list below names it; the
 * compiler (program.c) and the walk (walk.c) call it through its node.
 */
#pragma once

#include <stdint.h>

#include "schema/program.h"
#include "schema/report.h"

/* X(name in descriptions) */
#define SL_NODE_KINDS(X)                                                       \
	X(any) X(null) X(boolean) X(integer) X(number) X(decimal) X(string) X(array) X(map) \
	X(record) X(enum) X(union)

struct sl_compiler;
struct sl_walk;

struct sl_node_kind {
	const char *name;
	unsigned types; /* SL_MAY_BE of each JSON type that it accepts */
	size_t size;    /* of its data: a struct that begins with a struct sl_node, zeroed */
	/* Reads the description at `from`; raises if it is wrong. NULL: there is nothing to read. */
	void (*compile)(struct sl_compiler *c, struct sl_node *n, int from);
	/* Pushes exactly one value for v, which is of one of the node's types; if v violates the
	 * type, reports that and pushes a placeholder that nobody will see. */
	void (*read)(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v);
};

#define SL_NODE_KIND(name) extern const struct sl_node_kind sl_kind_##name;
SL_NODE_KINDS(SL_NODE_KIND)
#undef SL_NODE_KIND

#define SL_MAY_BE(type) (1u << (type))
#define SL_MAY_BE_ANY (SL_MAY_BE(SL_JSON_OBJECT + 1) - 1)

static inline bool sl_node_may_be(const struct sl_node *n, struct sl_json_value v)
{
	return n->types >> sl_json_type(v) & 1;
}

/* ---- for compile ---- */

struct sl_compiler {
	lua_State *L;
	struct sl_schema *schema;
	const struct sl_node_kind *const *kinds;
	int anchors, memo, constants; /* stack indices */
	lua_Integer anchor_count, constant_count;
	int depth, height; /* of the enclosing nodes; of those just compiled below */
};

/* Zeroed, for as long as the schema lives. */
void *sl_compile_room(struct sl_compiler *c, size_t size);

/* Pop the value on top and keep it for reading. */
int sl_compile_anchor(struct sl_compiler *c);
struct sl_constant sl_compile_constant(struct sl_compiler *c);

/* Read from the description at `from`: push a value and return its Lua type; return a flag; return
 * a size; push a list and return its length. */
int sl_compile_get(struct sl_compiler *c, int from, const char *name);
bool sl_compile_flag(struct sl_compiler *c, int from, const char *name);
size_t sl_compile_size(struct sl_compiler *c, int from, const char *name, size_t missing);
size_t sl_compile_list(struct sl_compiler *c, int from, const char *name);

/* Compile a nested type: the description on top, which is popped; the one at a name, or NULL if
 * there is none (raises if it is needed). */
const struct sl_node *sl_compile_node(struct sl_compiler *c);
const struct sl_node *sl_compile_part(struct sl_compiler *c, int from, const char *name, bool needed);

/* ---- for read ---- */

enum sl_walk_mode {
	SL_WALK_REPORT, /* list every violation */
	SL_WALK_COUNT,  /* only count them, and in `deep` those below `base` */
	SL_WALK_FIRST   /* only find out if there is one */
};

struct sl_walk {
	lua_State *L; /* four free slots for each level */
	const struct sl_schema *schema;
	const struct sl_level *level;
	int anchors, list; /* stack indices; the list is nil until it is needed */
	size_t count;
	enum sl_walk_mode mode;
	const struct sl_level *base;
	size_t deep;
};

/* Push a constant. */
void sl_walk_constant(struct sl_walk *w, const struct sl_constant *c);

/* Push a table, preallocated. */
void sl_walk_table(struct sl_walk *w, size_t elements, size_t fields);

/* Record a violation; the phrase is an anchor. _refuse also pushes a placeholder. */
void sl_walk_complain(struct sl_walk *w, int phrase, const struct sl_complaint_at *c);
void sl_walk_violated(struct sl_walk *w, int phrase, struct sl_json_value v);
void sl_walk_refuse(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v);

/* Push v as this node reads it. */
static inline void sl_walk_value(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	if (n->nullable && sl_json_type(v) == SL_JSON_NULL)
		lua_pushlightuserdata(w->L, NULL);
	else if (sl_node_may_be(n, v))
		n->kind->read(w, n, v);
	else
		sl_walk_refuse(w, n, v);
}

/* The result is known, so the walk can stop. */
static inline bool sl_walk_decided(const struct sl_walk *w)
{
	return w->mode == SL_WALK_FIRST && w->count > 0;
}
