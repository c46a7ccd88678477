/*
 * taker.h - who takes rows without Lua (room: sink)
 *
 * A taker is a userdata in whose metatable stands, under SL_TAKER_KEY, the
 * address of its type. A sink names its taker in its field `taker`; rows then go
 * there instead of to the sink's write(), without becoming Lua values. The rest
 * of the runtime knows takers only by this: a new one is a file in this room and
 * a line in sink.c.
 *
 * A taker takes each row that has passed the steps of its stream. One with bind()
 * makes another, for a stream that has a schema and no other step: that is asked before
 * the row is decoded, and takes it only if it is plainly as declared; a row that it
 * declines goes the long way, by the schema's decoder and to the taker itself, which
 * says what is wrong with it, or knows what to make of it.
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
	const char *file; /* that the line is in; NULL: it has no name */
};

struct sl_taken { /* a row; borrowed for the call */
	const char *text;          /* its payload as JSON text */
	size_t len;
	struct sl_json_value root; /* the same parsed, if the type reads documents */
	struct sl_taken_from from;
	lua_State *L;              /* of the payload */
	int payload; /* where a schema or a handler has made a Lua value of it; 0: nobody has */
};

enum sl_took {
	SL_TOOK = 0,
	SL_DECLINED = 1, /* nothing was taken: only of those that bind() has made */
	SL_TAKE_FAILED = -1
};

struct sl_taker_type {
	bool reads_document;
	/* Take a row. *err (kind sink) when it failed. Cannot raise, but on memory where
	 * the row has a payload. */
	enum sl_took (*take)(void *self, const struct sl_taken *row, struct sl_error *err);
	/* Push what takes rows of this schema, by take_bound: its address; or push nil:
	 * NULL, when that takes Lua. self and the schema outlive it. Raises. Both may
	 * be NULL. */
	void *(*bind)(lua_State *L, void *self, const struct sl_schema *schema);
	enum sl_took (*take_bound)(void *bound, const struct sl_taken *row, struct sl_error *err);
};

struct sl_taker {
	const struct sl_taker_type *type; /* NULL: nobody */
	void *self;                       /* alive as long as the userdata */
};

/* The taker at index; type NULL when it is something else. Needs two free slots. */
struct sl_taker sl_taker_at(lua_State *L, int index);

/* Make takers of the class whose metatable is on top, and popped; with the
 * method row unless s is NULL. Raises. */
void sl_taker_open(lua_State *L, const struct sl_taker_type *type, const struct sl_sinks *s);

static inline enum sl_took sl_taker_take(struct sl_taker t, const struct sl_taken *row,
                                         struct sl_error *err)
{
	return t.type->take(t.self, row, err);
}
