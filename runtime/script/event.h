/*
 * event.h - an event of a run on its way into Lua (room: script)
 *
 * Callbacks of the supervisor enter Lua through the run's body, a C closure
 * that protect.c calls: it calls the event's own function, which can use the
 * closure's upvalues. An error raised there ends the request.
 */
#pragma once

#include <lua.h>

#include "script/run.h"

/* Upvalues of a run's body. */
#define SL_BODY_RUN lua_upvalueindex(1)
#define SL_BODY_SLOTS lua_upvalueindex(2)     /* of its routes (route.h) */
#define SL_BODY_METATABLE lua_upvalueindex(3) /* of rows */

struct sl_event { /* on the C stack of a callback */
	void (*handle)(lua_State *L, struct sl_event *e);
	struct sl_run *run;
	const void *what; /* of the supervisor */
	struct sl_scope scope;
};

/* Push the body of the run whose userdata is at index `run`; the metatable of rows
 * is on top, and is popped. Raises. */
void sl_event_push_body(lua_State *L, int run);

void sl_event_init(struct sl_event *e, struct sl_run *run, const void *what,
                   void (*handle)(lua_State *L, struct sl_event *e));

/* Go on with the next thing, with a fresh handler limit. */
void sl_event_renew(struct sl_event *e, const void *what);

/* Call it: 0; or -1 and *err, kept for the run. */
int sl_event_call(struct sl_event *e, struct sl_error *err);

/* The same; if it fails, the request is cancelled with that error. */
int sl_event_contain(struct sl_event *e);
