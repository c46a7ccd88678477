/*
 * taker.h - what takes rows without Lua (room: sink)
 *
 * A taker is a userdata whose metatable holds the address of its type under
 * SL_TAKER_KEY. A sink names its taker in its field `taker`; rows then go
 * there instead of to the sink's write(), without becoming Lua values. The rest
 * of the runtime knows takers only by this: a new one is a file in this room and
 * a line in sink.c.
 *
 * A taker takes each row that has passed the steps of its stream. One with bind()
 * makes a second one for a stream that has a schema and no other step. That one is
 * offered the row before it is decoded, and takes it only if it is plainly as declared;
 * a row that it declines takes the slow path, through the schema's decoder to the taker
 * itself, which reports what is wrong with it or handles it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "base/text.h"
#include "json/json.h"
#include "sink/sink.h"

#define SL_TAKER_KEY "__taker"

struct sl_schema;

struct sl_taken_from {
	struct sl_text stream;
	uint64_t sequence;
	uint64_t line;    /* of the input, from 1; 0: not known */
	const char *file; /* which the line is in; NULL: it has no name */
};

struct sl_taken { /* a row; borrowed for the call */
	const char *text;          /* its payload as JSON text */
	size_t len;
	struct sl_json_value root; /* the parsed text, if the type reads documents */
	struct sl_taken_from from;
	lua_State *L;              /* of the payload */
	int payload; /* index of the Lua value that a schema or a handler has made; 0: none */
};

enum sl_took {
	SL_TOOK = 0,
	SL_DECLINED = 1, /* nothing was taken: only from take_bound */
	SL_TAKE_FAILED = -1
};

struct sl_taker_type {
	bool reads_document;
	/* Take a row. Sets *err (kind sink) on failure. Raises only on memory, and only if
	 * the row has a payload. */
	enum sl_took (*take)(void *self, const struct sl_taken *row, struct sl_error *err);
	/* Push what takes rows of this schema with take_bound and return its address; or,
	 * if that needs Lua, push nil and return NULL. self and the schema outlive it.
	 * Raises. bind and take_bound may both be NULL. */
	void *(*bind)(lua_State *L, void *self, const struct sl_schema *schema);
	enum sl_took (*take_bound)(void *bound, const struct sl_taken *row, struct sl_error *err);
};

struct sl_taker {
	const struct sl_taker_type *type; /* NULL: none */
	void *self;                       /* alive as long as the userdata */
};

/* The taker at index; type is NULL if it is something else. Needs two free slots. */
struct sl_taker sl_taker_at(lua_State *L, int index);

/* Make the class whose metatable is on top, and popped, a class of takers, with
 * the method row unless s is NULL. Raises. */
void sl_taker_open(lua_State *L, const struct sl_taker_type *type, const struct sl_sinks *s);

static inline enum sl_took sl_taker_take(struct sl_taker t, const struct sl_taken *row,
                                         struct sl_error *err)
{
	return t.type->take(t.self, row, err);
}
