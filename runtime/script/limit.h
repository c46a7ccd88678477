/*
 * limit.h - the watchdog over handlers (room: script)
 *
 * A scope is one protected call of user Lua: a handler, or what lualib runs
 * through core.protect. While scopes may be open, a timer on the CPU time of
 * this thread ticks; each tick is charged to the open scopes, and a scope
 * that has had too many is expired: a hook is set on the running coroutine
 * and raises at every instruction until the protected call has returned, so
 * that a handler's own pcall cannot swallow it for long (FACTS, "Embedding
 * Lua", 1 to 3). A request's absolute deadline and the user's interrupt
 * (the second at once, the first after a second) expire a scope in the same
 * way; the interrupt spares commits and rollbacks, whose result would be
 * unknown. os.exit in the command also expires its scope, so that a run does
 * not end in the middle and leave temporary files.
 *
 * No hook is set until something has expired: a scope costs a few stores and
 * no system call. C functions that never return, and coroutines resumed
 * through a copy of coroutine.resume taken before the module was loaded, are
 * out of reach: see last_resort.h. The thread that holds the timer must be
 * the one that runs Lua. Signal SIGVTALRM is used.
 */
#pragma once

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <lua.h>

#include "base/error.h"

#define SL_HANDLER_LIMIT_MS 10000

struct sl_limit;

enum sl_expiry {
	SL_EXPIRY_NONE,
	SL_EXPIRY_CPU_TIME,
	SL_EXPIRY_DEADLINE,
	SL_EXPIRY_INTERRUPT,
	SL_EXPIRY_EXIT
};

enum sl_alarm_kind {
	SL_ALARM_DEADLINE, /* of a request */
	SL_ALARM_TICKER,   /* the CPU time */
	SL_ALARM_GRACE     /* the grace period of what was asked to end */
};

struct sl_alarm { /* a timer; embedded in what it watches; zero: not running */
	struct sl_limit *limit;
	bool running;
	enum sl_alarm_kind kind;
	volatile sig_atomic_t passed; /* the deadline has passed */
	timer_t timer;
	int64_t timeout_ms; /* of the request, for the message */
};

/* Tells an error report what was running. Fill in what is known (zeroes
 * elsewhere); the members after `explained` belong to limit.c. All borrowed. */
struct sl_scope {
	const char *handler;   /* "where", "on_summary"; NULL: not in a handler */
	const char *entry;     /* the handler is in streams[entry] of the policy; NULL: at the top */
	const char *stream;    /* of the row at hand; NULL: none */
	uint64_t sequence;
	uint64_t line;         /* of the input, from 1; 0: not known */
	const char *file;      /* which the line is in; NULL: it has no name */
	enum sl_kind kind;     /* of an ordinary error raised inside */
	bool from_loop;        /* called by the loop: not charged to the scopes around it */
	bool undisturbed;      /* the user's interrupts do not end it */
	const struct sl_alarm *deadline; /* of its request, or NULL */
	/* Rewrites the message of an ordinary error in better terms; or NULL. */
	void (*explain)(lua_State *L, const void *explained, struct sl_error *err);
	const void *explained;

	struct sl_scope *outer;
	lua_State *L, *was_running;
	volatile sig_atomic_t ticks;
	volatile sig_atomic_t asked;   /* a first signal has come while it was the innermost */
	volatile sig_atomic_t expired; /* enum sl_expiry */
	int64_t since_ns;              /* when it was asked, or expired */
};

struct sl_limit { /* embedded; must not move */
	_Atomic(struct sl_scope *) scope;   /* innermost, NULL: none */
	_Atomic(lua_State *) running;       /* coroutine that runs in it */
	volatile sig_atomic_t armed;        /* a hook was set somewhere */
	volatile sig_atomic_t ticks_allowed;
	volatile sig_atomic_t pauses;
	bool *strict;  /* the allocator's, or &no_strict */
	bool no_strict;
	int64_t handler_ms;
	int holders;
	struct sl_alarm ticker, grace;
	struct sl_alarm afterwards; /* for what comes after a request */
	int64_t deadline_ns, timeout_ms; /* of the latest request; 0: it had none */
	lua_Hook user_hook; /* the hook before the watchdog's */
	int user_mask, user_count;
};

void sl_limit_init(struct sl_limit *limit, lua_State *L); /* raises on memory */
void sl_limit_clear(struct sl_limit *limit);
void sl_limit_set(struct sl_limit *limit, int64_t handler_ms);

/* The ticker runs while it is held: 0, or -1 and *err (sink). */
int sl_limit_hold(struct sl_limit *limit, struct sl_error *err);
void sl_limit_release(struct sl_limit *limit);

/* In between no CPU time is charged: around work of our own that takes time in
 * proportion to the user's data, and that a hook could not stop anyway. */
void sl_limit_pause(struct sl_limit *limit);
void sl_limit_resume(struct sl_limit *limit);

/* Expire scopes with this deadline from deadline_ns (monotonic) on. If the
 * system has no timer left, only the supervisor's own check remains. */
void sl_limit_deadline(struct sl_limit *limit, struct sl_alarm *a,
                       int64_t deadline_ns, int64_t timeout_ms);
void sl_limit_deadline_end(struct sl_alarm *a);

/* Begin, and end, a deadline for handlers of the outcome (limit->afterwards): the
 * rest of the latest request's time, but at least least_ms; none if the request
 * had none. */
const struct sl_alarm *sl_limit_afterwards(struct sl_limit *limit, int64_t least_ms);
void sl_limit_afterwards_end(struct sl_limit *limit);

/* The user's signal: expire what runs, at once or, after a first signal, if it still
 * runs a second later (async-signal-safe). */
void sl_limit_interrupt(struct sl_limit *limit, bool at_once);

/* Has what runs been asked to end, or been expired? Then a wait within it should end. */
bool sl_limit_is_ending(const struct sl_limit *limit);

/* From now on, a scope that is still there SL_LIMIT_GRACE_MS after it was expired is
 * reported to `stuck`, in a signal handler. A commit or rollback gets longer, because its
 * result would be unknown. For the whole process; call it before any limit is held. */
#define SL_LIMIT_GRACE_MS      1000
#define SL_LIMIT_LONG_GRACE_MS 60000

typedef void sl_limit_stuck(struct sl_limit *limit, const struct sl_scope *scope);
void sl_limit_on_stuck(sl_limit_stuck *stuck);

/* Expire the innermost scope, which has called os.exit; false: there is none. */
bool sl_limit_exit(struct sl_limit *limit);

/* Coroutine `to` is about to run, or runs again; returns the one that ran before. */
lua_State *sl_limit_switch(struct sl_limit *limit, lua_State *to);

/* Out of line: a hook was set; remove it, or move it to an expired scope around this one. */
void sl_limit_settle(struct sl_limit *limit, struct sl_scope *scope);

/* Around each lua_pcall of user code, both in the same C function. */
static inline void sl_limit_enter(struct sl_limit *limit, struct sl_scope *scope, lua_State *L)
{
	scope->outer = atomic_load_explicit(&limit->scope, memory_order_relaxed);
	scope->L = L;
	scope->was_running = atomic_load_explicit(&limit->running, memory_order_relaxed);
	scope->ticks = 0;
	scope->asked = 0;
	scope->expired = SL_EXPIRY_NONE;
	*limit->strict = true;
	atomic_store_explicit(&limit->running, L, memory_order_relaxed);
	atomic_store_explicit(&limit->scope, scope, memory_order_release);
}

static inline void sl_limit_leave(struct sl_limit *limit, struct sl_scope *scope)
{
	atomic_store_explicit(&limit->scope, scope->outer, memory_order_release);
	atomic_store_explicit(&limit->running, scope->was_running, memory_order_relaxed);
	*limit->strict = scope->outer != NULL;
	atomic_signal_fence(memory_order_seq_cst);
	if (limit->armed)
		sl_limit_settle(limit, scope);
}
