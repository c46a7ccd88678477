/*
 * limit.h - the watchdog over handlers (room: script)
 *
 * A scope is one protected call of user Lua: a handler, or what lualib runs
 * through core.protect. While scopes may be open, a timer on the CPU time of
 * this thread ticks; each tick is charged to the open scopes, and a scope
 * that has had too many is expired: a hook is put on the running coroutine
 * and raises at every instruction until the protected call has returned, so
 * that a handler's own pcall cannot swallow it for long (FACTS, "Embedding
 * Lua", 1 to 3). A request's absolute deadline and the user's interrupt
 * (the second at once, the first after a second) expire a scope in the same way; that one
 * spares commits and rollbacks, which would leave nobody knows what. So does os.exit, as the
 * command has it: a run does not end in the middle, with temporary files left.
 *
 * No hook stands while nothing has expired: the cost of a scope is a few
 * stores, no system call. C functions that never return, and coroutines
 * resumed through a copy of coroutine.resume taken before the module was
 * loaded, are out of reach: see last_resort.h. The thread that holds the timer
 * must be the one that runs Lua. Signal SIGVTALRM is taken.
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
	SL_ALARM_GRACE     /* of what was asked to end */
};

struct sl_alarm { /* a timer; embedded in what it watches; zero: not running */
	struct sl_limit *limit;
	bool running;
	enum sl_alarm_kind kind;
	volatile sig_atomic_t passed; /* the deadline is over */
	timer_t timer;
	int64_t timeout_ms; /* of the request, for the message */
};

/* Where the error report finds what was running. Fill in what is known
 * (zeroes elsewhere); the rest belongs to limit.c. All borrowed. */
struct sl_scope {
	const char *handler;   /* "where", "on_summary"; NULL: not a handler's doing */
	const char *entry;     /* it stands in streams[entry] of the policy; NULL: at the top */
	const char *stream;    /* of the row at hand; NULL: none */
	uint64_t sequence;
	uint64_t line;         /* that it came from, from 1; 0: not known */
	const char *file;      /* that the line is in; NULL: it has no name */
	enum sl_kind kind;     /* of an ordinary error raised inside */
	bool from_loop;        /* called by the loop: not charged to scopes around it */
	bool undisturbed;      /* the user's interrupts do not end it */
	const struct sl_alarm *deadline; /* of its request, or NULL */
	/* What is said of an ordinary error in it, said better; or NULL. */
	void (*explain)(lua_State *L, const void *explained, struct sl_error *err);
	const void *explained;

	struct sl_scope *outer;
	lua_State *L, *was_running;
	volatile sig_atomic_t ticks;
	volatile sig_atomic_t asked;   /* a first signal has come while it was the innermost */
	volatile sig_atomic_t expired; /* enum sl_expiry */
	int64_t since_ns;              /* that it is asked, or expired */
};

struct sl_limit { /* embedded; must not move */
	_Atomic(struct sl_scope *) scope;   /* innermost, NULL: none */
	_Atomic(lua_State *) running;       /* coroutine that runs in it */
	volatile sig_atomic_t armed;        /* a hook was put somewhere */
	volatile sig_atomic_t ticks_allowed;
	volatile sig_atomic_t pauses;
	bool *strict;  /* of the allocator, or no_strict */
	bool no_strict;
	int64_t handler_ms;
	int holders;
	struct sl_alarm ticker, grace;
	struct sl_alarm afterwards; /* for what comes after a request */
	int64_t deadline_ns, timeout_ms; /* of the latest request; 0: it had none */
	lua_Hook user_hook; /* what stood there before the watchdog's hook */
	int user_mask, user_count;
};

void sl_limit_init(struct sl_limit *limit, lua_State *L); /* raises on memory */
void sl_limit_clear(struct sl_limit *limit);
void sl_limit_set(struct sl_limit *limit, int64_t handler_ms);

/* The ticker runs while somebody holds it: 0, or -1 and *err (sink). */
int sl_limit_hold(struct sl_limit *limit, struct sl_error *err);
void sl_limit_release(struct sl_limit *limit);

/* In between no CPU time is charged: around work of our own that takes as long
 * as the user's data is large, and that a hook could not stop anyway. */
void sl_limit_pause(struct sl_limit *limit);
void sl_limit_resume(struct sl_limit *limit);

/* Expire scopes of this deadline from deadline_ns (monotonic) on. Without a
 * timer (the system has none left) the supervisor's own check remains. */
void sl_limit_deadline(struct sl_limit *limit, struct sl_alarm *a,
                       int64_t deadline_ns, int64_t timeout_ms);
void sl_limit_deadline_end(struct sl_alarm *a);

/* Begin, and end: a deadline for what hears of the outcome, limit->afterwards: what is
 * left of the latest request's time, and at least so many milliseconds; none
 * if that had none. */
const struct sl_alarm *sl_limit_afterwards(struct sl_limit *limit, int64_t least_ms);
void sl_limit_afterwards_end(struct sl_limit *limit);

/* The user's signal: expire what runs, at once or, at a first one, where it still
 * runs a second later (async-signal-safe). */
void sl_limit_interrupt(struct sl_limit *limit, bool at_once);

/* What runs is asked to end, or has been expired: work that waits within it should end. */
bool sl_limit_is_ending(const struct sl_limit *limit);

/* From now on, what is still there SL_LIMIT_GRACE_MS after it was expired is told to
 * `stuck`, in a signal handler. What commits or rolls back gets longer, as nobody
 * would know what it has done. For the whole process; before any limit is held. */
#define SL_LIMIT_GRACE_MS      1000
#define SL_LIMIT_LONG_GRACE_MS 60000

typedef void sl_limit_stuck(struct sl_limit *limit, const struct sl_scope *scope);
void sl_limit_on_stuck(sl_limit_stuck *stuck);

/* The innermost scope has called os.exit; false: there is none. */
bool sl_limit_exit(struct sl_limit *limit);

/* A coroutine is about to run, or has come back (limit follows it). */
lua_State *sl_limit_switch(struct sl_limit *limit, lua_State *to);

/* Out of line: an expired scope was left, or one around it is expired. */
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
