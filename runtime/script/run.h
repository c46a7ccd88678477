/*
 * run.h - one request in progress: what handlers get as `run` (room: script)
 *
 * A run is a userdata. While its outcome is awaited it is active: the registry
 * holds a reference to its body (event.h) and with it the run, so that a script
 * may drop every handle and the request still ends properly. Its user values
 * hold the parts of it that are Lua values.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lauxlib.h>
#include <lua.h>

#include "script/state.h"

#define SL_RUN "sluice.Run"

/* User values. */
enum {
	SL_RUN_WORKER = 1, /* the handle, kept alive */
	SL_RUN_REQUEST,    /* the table that describes the request */
	SL_RUN_OUTCOME,    /* summary or failure */
	SL_RUN_CAUSE,      /* the error object of the handler that failed */
	SL_RUN_PROGRESS,   /* the last progress, a table */
	SL_RUN_PULLED,     /* the row that next() will return */
	SL_RUN_VALUES = SL_RUN_PULLED
};

struct sl_handle;
struct sl_route; /* route.h */

struct sl_run {
	struct sl_script *script;
	int body;                    /* its reference while active, otherwise LUA_NOREF */
	struct sl_worker *worker;    /* NULL once there is an outcome, or the handle is closed */
	LIST_ENTRY(sl_run) entry;    /* of script->runs while active */
	bool active;
	struct sl_route **routes;    /* [stream id - 1]; NULL: no row yet */
	size_t route_count;
	struct sl_alarm deadline;
	uint64_t resting;            /* the turn since which it is paused because of script->rest_ns; 0: not */
	int64_t begun_ns;
	uint64_t elapsed_ns;         /* once done */
	struct sl_error error;       /* once failed */
	bool done, success;
	bool pull, paused;           /* paused: SL_RUN_PULLED is full */
	bool interrupted;            /* a signal has cancelled it */
	bool on_diagnostic, on_progress, on_bad_line, on_violation; /* has such a handler */
	bool writes_fates; /* records what became of each row, for fates() */
	uint64_t bad_lines;          /* so far */
	enum sl_export_type type;
};

/* Push a new run for a request of the worker; not active yet. Raises. */
struct sl_run *sl_run_new(lua_State *L, struct sl_script *s);

/* Make the run active with the body on top, which is popped: a C closure whose
 * first upvalue is the run. The watchdog is held from here on. Raises on memory,
 * or if the watchdog cannot be started. */
void sl_run_activate(lua_State *L, struct sl_run *run);

/* Make it inactive and release the watchdog. Cannot raise. */
void sl_run_deactivate(lua_State *L, struct sl_run *run);

/* The route of a stream id, or NULL; and a new one for it (raises). */
static inline struct sl_route *sl_run_route(const struct sl_run *run, unsigned id)
{
	return id <= run->route_count ? run->routes[id - 1] : NULL;
}

struct sl_route *sl_run_add_route(lua_State *L, struct sl_run *run, const struct sl_stream *stream);

/* Push the table of Run:counts(). Raises. */
void sl_run_push_counts(lua_State *L, int index);

/* Cancel it with this reason. Callbacks enter L. */
void sl_run_cancel(lua_State *L, struct sl_run *run, const struct sl_error *why);

/* Has this turn been long enough? Many rows may have arrived at once, and their handlers
 * take time: the rest is left for another turn. */
bool sl_run_is_tired(const struct sl_run *run);

/* Resume each run that has rested since an earlier turn; call it in the loop (loop.h). */
void sl_run_resume_all(struct sl_script *s);

/* Cancel each active run that the user's signal has not cancelled yet. */
void sl_run_interrupt_all(struct sl_script *s);

/* Cancel each active run whose rows go to this taker. */
void sl_run_taker_failed(struct sl_script *s, const void *taker, const struct sl_error *why);

/* Make the metatable. Raises. */
void sl_run_open(lua_State *L);
