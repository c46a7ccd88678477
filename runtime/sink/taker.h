/*
 * taker.h - who takes rows without Lua (room: sink)
 *
 * A taker is a userdata in whose metatable stands, under SL_TAKER_KEY, the
 * address of its type. A sink names its taker in its field `taker`; rows then go
 * there instead of to the sink's write(), without becoming Lua values. The rest
 * of the runtime knows takers only by this: a new one is a file in this room and
 * a line in sink.c.
 *
 * There are two kinds. Most take each row that has passed the steps of its
 * stream. A taker with bind() takes rows only as its stream's schema declares
 * them: it is asked before the row is decoded, and only when the stream has no
 * other step; a row that it declines goes the long way, by the schema's decoder
 * and write(), which knows what is wrong with it, or what to make of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#include "json/json.h"
#include "sink/sink.h"

#define SL_TAKER_KEY "__taker"

struct sl_schema;

struct sl_taken { /* a row; borrowed for the call */
	const char *text;          /* its payload as JSON text */
	size_t len;
	struct sl_json_value root; /* the same parsed, if the type reads documents */
};

enum sl_took {
	SL_TOOK = 0,
	SL_DECLINED = 1, /* nothing was taken: only with bind() */
	SL_TAKE_FAILED = -1
};

struct sl_taker_type {
	bool reads_document;
	/* Take a row. Cannot raise. *err (kind sink) when it failed. */
	enum sl_took (*take)(void *self, const struct sl_taken *row, struct sl_error *err);
	/* Push what takes rows of this schema in place of self: its address; or
	 * push nil: NULL, when that takes Lua. self and the schema outlive it.
	 * Raises. NULL: rows need not be as declared. */
	void *(*bind)(lua_State *L, void *self, const struct sl_schema *schema);
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
