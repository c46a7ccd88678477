/*
 * dispatch.h - from the supervisor's callbacks to handlers (room: script)
 *
 * A row goes through the steps of its stream: where, map, on_row, writer. The
 * steps are looked up once per stream and request. A row becomes a userdata
 * only when a step wants to see one: expressions and the writer work on the
 * bytes and the document that the supervisor holds.
 */
#ifndef SL_SCRIPT_DISPATCH_H
#define SL_SCRIPT_DISPATCH_H

#include <lua.h>

#include "script/run.h"
#include "supervise/supervise.h"

/* A row while it is handled; on the C stack of the callback. */
struct sl_delivery {
	const struct sl_row *row;
	struct sl_route *route;
	/* The row as it is now: as it came, or with the payload that map gave. */
	uint64_t serial;
	const struct sl_json *json; /* its document; NULL: not parsed */
	const char *text;
	size_t len;
};

/* Make the run's body for the request table at index `request`: pushed. The
 * run's userdata is at index `run`. Raises, also on bad entries. */
void sl_dispatch_push_body(lua_State *L, int run, int request);

/* The callbacks; ctx is the struct sl_run. */
void sl_dispatch_events(struct sl_run *run, struct sl_events *events);

/* Push the row at hand as a userdata. Raises. */
void sl_dispatch_push_row(lua_State *L, struct sl_script *s, int metatable);

#endif
