/*
 * route.h - how the rows of one stream are handled (room: script)
 *
 * A request's table of handlers is read once per stream, with the stream's
 * first row: which steps there are, which of them are compiled expressions,
 * where rows go in the end. The route is plain C; the functions and the values
 * that keep its pointers alive are in the slots, a table that is an upvalue of
 * the run's body (event.h). A route belongs to its run, which frees it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "base/buffer.h"
#include "script/counts.h"
#include "script/event.h"
#include "sink/taker.h"

/* The steps of a row that are functions, in order. */
enum sl_step { SL_STEP_WHERE, SL_STEP_MAP, SL_STEP_ON_ROW, SL_STEP_COUNT };

/* The slots of a route. */
enum sl_slot {
	SL_SLOT_STEPS,                                      /* a function for each step */
	SL_SLOT_ANCHORS = SL_SLOT_STEPS + SL_STEP_COUNT,    /* keep their expressions alive */
	SL_SLOT_SINK = SL_SLOT_ANCHORS + SL_STEP_COUNT,
	SL_SLOT_SINK_WRITE,                                 /* its method */
	SL_SLOT_TAKER,
	SL_SLOT_BOUND,                                      /* takes rows of the schema for it */
	SL_SLOT_SCHEMA,
	SL_SLOT_COUNT
};

/* What happens to a row that violates its schema. */
enum sl_on_invalid { SL_INVALID_FAILS, SL_INVALID_IS_REJECTED, SL_INVALID_IS_DROPPED };

struct sl_expression;
struct sl_predicate;
struct sl_schema;

struct sl_route {
	int slot;                    /* the first of its slots */
	bool has[SL_STEP_COUNT];
	bool entry;                  /* has its own entry in streams */
	bool sink;                   /* rows go to a method of a sink that has no taker */
	const struct sl_schema *schema;
	enum sl_on_invalid on_invalid;
	struct sl_expression *expression[SL_STEP_COUNT]; /* compiled by core.expression */
	struct sl_taker taker;       /* rows go there without Lua */
	bool sinks_taker;            /* the taker is the sink's */
	void *bound;                 /* takes rows that are as declared, before they are decoded; or NULL */
	bool plain;                  /* there is no step, or only where, with this predicate: */
	const struct sl_predicate *predicate;
	bool reads_document;         /* a plain row must have been parsed */
	struct sl_counts counts;
	struct sl_buffer fates; /* a letter for each row, if run->writes_fates */
	char name[];
};

#define SL_SINK_WRITE "sink.write"

/* The handler's name for errors of the taker, which counts as a handler only if it is a sink's. */
static inline const char *sl_route_taker_name(const struct sl_route *r)
{
	return r->sinks_taker ? SL_SINK_WRITE : NULL;
}

/* "where", "map", "on_row". */
const char *sl_step_name(enum sl_step step);

/* Check the handlers of a request's table. Raises. */
void sl_route_check(lua_State *L, int request);

/* In a run's body, at a stream's first row: make its route. Raises. */
struct sl_route *sl_route_open(lua_State *L, struct sl_run *run, const struct sl_stream *stream);

/* In a run's body: push a slot. */
static inline void sl_route_push(lua_State *L, const struct sl_route *r, int slot)
{
	lua_rawgeti(L, SL_BODY_SLOTS, r->slot + slot);
}
