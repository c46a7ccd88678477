/*
 * dispatch.h - from the supervisor's callbacks to handlers (room: script)
 *
 * A row goes through the steps of its stream (route.h): schema, where, map,
 * on_row, the sink, the writer. A row becomes a userdata only when a step wants to see
 * one: expressions and writers work on the bytes and the document that the
 * supervisor holds. In the end it is kept, dropped or rejected, and counted as
 * that; a row that has been rejected goes no further, and the request's
 * on_reject hears of it.
 */
#ifndef SL_SCRIPT_DISPATCH_H
#define SL_SCRIPT_DISPATCH_H

#include <lua.h>

#include "script/route.h"
#include "script/run.h"
#include "supervise/supervise.h"

/* A row while it is handled; on the C stack of the callback. */
struct sl_delivery {
	const struct sl_row *row;
	struct sl_route *route;
	uint64_t first;  /* its serial as it came */
	bool deciding;   /* its handlers run: they may reject it */
	bool rejected;   /* for script->reason */
	bool settled;    /* counted as what it became */
	/* The row as it is now: as it came, or with the payload that map gave. */
	uint64_t serial;
	const struct sl_json *json; /* its document; NULL: not parsed, or large */
	const char *text;
	size_t len;
};

/* Of the large row at hand, as it came; NULL: it is another, or none. */
static inline struct sl_outline *sl_delivery_outline(const struct sl_delivery *d)
{
	return d->serial == d->first && d->json == NULL ? d->row->outline : NULL;
}

/* Reject the row at hand, if it is this one, by its serial, and its handlers
 * run: false when it is too late. Only the first reason counts. Raises on
 * memory. */
bool sl_dispatch_reject(lua_State *L, struct sl_script *s, uint64_t serial,
                        const char *reason, size_t len);

/* Make the run's body for the request table at index `request`: pushed. The
 * run's userdata is at index `run`. Raises, also on bad entries. */
void sl_dispatch_push_body(lua_State *L, int run, int request);

/* The callbacks; ctx is the struct sl_run. */
void sl_dispatch_events(struct sl_run *run, struct sl_events *events);

/* Push the row at hand as a userdata. Raises. */
void sl_dispatch_push_row(lua_State *L, struct sl_script *s, int metatable);

#endif
