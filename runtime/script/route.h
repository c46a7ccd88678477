/*
 * route.h - how the rows of one stream are handled (room: script)
 *
 * A request's table of handlers is read once per stream, with the stream's
 * first row: which steps there are, which of them are compiled expressions,
 * where rows go in the end. The route is plain C; the functions and whatever
 * keeps its pointers alive are in the slots, a table that is an upvalue of the
 * run's body (dispatch.h).
 */
#ifndef SL_SCRIPT_ROUTE_H
#define SL_SCRIPT_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "script/run.h"

/* Upvalues of a run's body. */
#define SL_BODY_RUN lua_upvalueindex(1)
#define SL_BODY_SLOTS lua_upvalueindex(2)
#define SL_BODY_METATABLE lua_upvalueindex(3) /* of rows */

/* The steps of a row that are functions, in order. */
enum sl_step { SL_STEP_WHERE, SL_STEP_MAP, SL_STEP_ON_ROW, SL_STEP_COUNT };

/* The slots of a route. */
enum sl_slot {
	SL_SLOT_STEPS,                                      /* a function for each step */
	SL_SLOT_ANCHORS = SL_SLOT_STEPS + SL_STEP_COUNT,    /* what their expressions live in */
	SL_SLOT_SINK = SL_SLOT_ANCHORS + SL_STEP_COUNT,
	SL_SLOT_SINK_WRITE,                                 /* its method */
	SL_SLOT_WRITER,
	SL_SLOT_SCHEMA,
	SL_SLOT_INSERT,
	SL_SLOT_EXTRACT,
	SL_SLOT_COUNT
};

/* What a row becomes that violates its schema. */
enum sl_on_invalid { SL_INVALID_FAILS, SL_INVALID_IS_REJECTED, SL_INVALID_IS_DROPPED };

/* What became of a row. Of a request that goes well, every row has one of
 * these; a row whose handling failed counts as rejected. */
enum sl_fate { SL_FATE_KEPT, SL_FATE_DROPPED, SL_FATE_REJECTED, SL_FATE_COUNT };

struct sl_expression;
struct sl_extract;
struct sl_insert;
struct sl_predicate;
struct sl_schema;
struct sl_writer;

struct sl_route {
	int slot;                    /* the first of its slots */
	bool has[SL_STEP_COUNT];
	bool entry;                  /* has its own entry in streams */
	bool sink;                   /* rows go to a method of a sink */
	const struct sl_schema *schema;
	enum sl_on_invalid on_invalid;
	struct sl_expression *expression[SL_STEP_COUNT]; /* compiled by core.expression */
	struct sl_writer *writer;    /* rows go there without Lua */
	bool plain;                  /* no step but where, if any, which is this: */
	const struct sl_predicate *predicate;
	bool sinks_writer;           /* it is the sink's */
	struct sl_insert *insert;    /* rows may go there without Lua; */
	struct sl_extract *extract;  /* NULL: they may not */
	uint64_t rows, bytes;
	uint64_t fates[SL_FATE_COUNT]; /* together: rows, but for the one at hand */
	char name[];
};

/* "where", "map", "on_row". */
const char *sl_step_name(enum sl_step step);

/* Check the handlers of a request's table. Raises. */
void sl_route_check(lua_State *L, int request);

/* In a run's body: the route of a stream's first row. Raises. */
struct sl_route *sl_route_open(lua_State *L, struct sl_run *run, const struct sl_stream *stream);

/* In a run's body: push a slot. */
static inline void sl_route_push(lua_State *L, const struct sl_route *r, int slot)
{
	lua_rawgeti(L, SL_BODY_SLOTS, r->slot + slot);
}

#endif
