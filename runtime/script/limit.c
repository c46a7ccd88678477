/* limit.c - see limit.h */
#include "script/limit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/clock.h"
#include "lua/allocator.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define TICKS 50             /* per handler limit, if the limit is short */
#define LONGEST_TICK_MS 100
#define DEADLINE_REPEAT_MS 20 /* a handler may begin just after the deadline */

static const char key; /* its address is the registry key of the state's limit */

static struct sl_limit *limit_of(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	struct sl_limit *limit = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return limit;
}

/* ---- the hook ---- */

static bool expired(const struct sl_limit *limit)
{
	const struct sl_scope *s = atomic_load(&limit->scope);
	for (; s != NULL; s = s->outer)
		if (s->expired)
			return true;
	return false;
}

/* The text is seen only by a pcall inside the handler: the message handler
 * of the scope replaces it. */
static void on_hook(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	if (expired(limit_of(L)))
		luaL_error(L, "the handler was stopped");
	lua_sethook(L, NULL, 0, 0); /* a coroutine that was suspended when its scope ended */
}

static void remember_user_hook(struct sl_limit *limit, lua_State *L)
{
	if (limit->armed || lua_gethook(L) == on_hook)
		return;
	limit->user_hook = lua_gethook(L);
	limit->user_mask = lua_gethookmask(L);
	limit->user_count = lua_gethookcount(L);
}

/* lua_sethook is meant to be called from signal handlers, as lua.c does. */
static void arm(struct sl_limit *limit, lua_State *L)
{
	remember_user_hook(limit, L);
	limit->armed = 1;
	lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
}

static void disarm(struct sl_limit *limit, lua_State *L)
{
	limit->armed = 0;
	lua_sethook(L, limit->user_hook, limit->user_mask, limit->user_count);
}

void sl_limit_settle(struct sl_limit *limit, struct sl_scope *scope)
{
	if (!expired(limit))
		disarm(limit, scope->L);
	else if (scope->was_running != NULL)
		arm(limit, scope->was_running);
}

lua_State *sl_limit_switch(struct sl_limit *limit, lua_State *to)
{
	lua_State *from = atomic_exchange_explicit(&limit->running, to, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
	if (limit->armed && to != NULL && expired(limit))
		lua_sethook(to, on_hook, LUA_MASKCOUNT, 1);
	return from;
}

/* ---- expiry, in a signal handler ---- */

static struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / SL_NS_PER_S, .tv_nsec = ns % SL_NS_PER_S };
}

/* Call on_grace again after this time, unless it is due sooner. */
static void start_grace(struct sl_limit *limit, int64_t ns)
{
	struct itimerspec now, when = { .it_value = timespec_of(ns) };
	if (!limit->grace.running || timer_gettime(limit->grace.timer, &now) != 0)
		return;
	int64_t left = now.it_value.tv_sec * SL_NS_PER_S + now.it_value.tv_nsec;
	if (left == 0 || left > ns)
		timer_settime(limit->grace.timer, 0, &when, NULL);
}

static bool is_undisturbed(const struct sl_limit *limit)
{
	for (const struct sl_scope *s = atomic_load(&limit->scope); s != NULL; s = s->outer)
		if (s->undisturbed)
			return true;
	return false;
}

static int64_t grace_ns(const struct sl_limit *limit)
{
	return (is_undisturbed(limit) ? SL_LIMIT_LONG_GRACE_MS : SL_LIMIT_GRACE_MS) * SL_NS_PER_MS;
}

static void begin_grace(struct sl_limit *limit, struct sl_scope *scope)
{
	scope->since_ns = sl_now_ns();
	start_grace(limit, grace_ns(limit));
}

static void expire(struct sl_limit *limit, struct sl_scope *scope, enum sl_expiry why)
{
	lua_State *L = atomic_load(&limit->running);
	if (scope->expired == SL_EXPIRY_NONE) {
		scope->expired = why;
		begin_grace(limit, scope);
	}
	if (L != NULL)
		arm(limit, L);
}

static void charge(struct sl_limit *limit, int ticks)
{
	struct sl_scope *s = limit->pauses > 0 ? NULL : atomic_load(&limit->scope);
	for (; s != NULL; s = s->from_loop ? NULL : s->outer) {
		s->ticks += ticks;
		if (s->ticks > limit->ticks_allowed)
			expire(limit, s, SL_EXPIRY_CPU_TIME);
	}
}

static void deadline_passed(struct sl_limit *limit, struct sl_alarm *a)
{
	a->passed = 1;
	struct sl_scope *s = atomic_load(&limit->scope);
	for (; s != NULL; s = s->outer)
		if (s->deadline == a)
			expire(limit, s, SL_EXPIRY_DEADLINE);
}

static sl_limit_stuck *on_stuck;

/* The grace period of what was asked to end may be over. */
static void on_grace(struct sl_limit *limit)
{
	int64_t grace = grace_ns(limit), now = sl_now_ns();
	for (struct sl_scope *s = atomic_load(&limit->scope); s != NULL; s = s->outer) {
		if (!s->expired && !s->asked)
			continue;
		if (now < s->since_ns + grace)
			start_grace(limit, s->since_ns + grace - now);
		else if (s->expired || is_undisturbed(limit))
			on_stuck(limit, s);
		else
			expire(limit, s, SL_EXPIRY_INTERRUPT);
	}
}

static void on_alarm(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	int saved = errno;
	struct sl_alarm *a = info->si_code == SI_TIMER ? info->si_value.sival_ptr : NULL;
	if (a != NULL && a->kind == SL_ALARM_TICKER)
		charge(a->limit, 1 + info->si_overrun);
	else if (a != NULL && a->kind == SL_ALARM_GRACE)
		on_grace(a->limit);
	else if (a != NULL)
		deadline_passed(a->limit, a);
	errno = saved;
}

void sl_limit_interrupt(struct sl_limit *limit, bool at_once)
{
	struct sl_scope *innermost = atomic_load(&limit->scope);
	if (innermost == NULL)
		return;
	if (at_once && !is_undisturbed(limit)) {
		expire(limit, innermost, SL_EXPIRY_INTERRUPT);
	} else if (!innermost->asked && !innermost->expired) {
		innermost->asked = 1;
		begin_grace(limit, innermost);
	}
}

bool sl_limit_is_ending(const struct sl_limit *limit)
{
	const struct sl_scope *innermost = atomic_load(&limit->scope);
	return expired(limit) || (innermost != NULL && innermost->asked && !is_undisturbed(limit));
}

bool sl_limit_exit(struct sl_limit *limit)
{
	struct sl_scope *innermost = atomic_load(&limit->scope);
	if (innermost != NULL)
		expire(limit, innermost, SL_EXPIRY_EXIT);
	return innermost != NULL;
}

/* ---- timers ---- */

/* The handler is never removed: a late signal's default action would end the process. */
static int take_signal(void)
{
	struct sigaction action = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_RESTART };
	sigset_t one;
	sigemptyset(&action.sa_mask);
	sigemptyset(&one);
	sigaddset(&one, SIGVTALRM);
	if (sigaction(SIGVTALRM, &action, NULL) != 0)
		return -1;
	return pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

static int alarm_start(struct sl_alarm *a, clockid_t clock, int flags, int64_t first_ns,
                       int64_t every_ns)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGVTALRM };
	struct itimerspec when = { .it_value = timespec_of(first_ns),
	                           .it_interval = timespec_of(every_ns) };
	event.sigev_value.sival_ptr = a;
	event.sigev_notify_thread_id = gettid();
	if (take_signal() != 0 || timer_create(clock, &event, &a->timer) != 0)
		return -1;
	a->running = true;
	return timer_settime(a->timer, flags, &when, NULL);
}

/* A signal of this timer that is still queued is delivered before this
 * returns, because it is meant for this very thread: a is free after it. */
static void alarm_end(struct sl_alarm *a)
{
	if (a->running)
		timer_delete(a->timer);
	a->running = false;
}

static int64_t tick_ms(const struct sl_limit *limit)
{
	int64_t tick = limit->handler_ms / TICKS;
	return tick < 1 ? 1 : tick > LONGEST_TICK_MS ? LONGEST_TICK_MS : tick;
}

static int ticker_start(struct sl_limit *limit)
{
	int64_t ns = tick_ms(limit) * SL_NS_PER_MS;
	limit->ticker = (struct sl_alarm){ .limit = limit, .kind = SL_ALARM_TICKER };
	return alarm_start(&limit->ticker, CLOCK_THREAD_CPUTIME_ID, 0, ns, ns);
}

void sl_limit_on_stuck(sl_limit_stuck *stuck)
{
	on_stuck = stuck;
}

/* Once made, the timer stays. */
static int grace_make(struct sl_limit *limit)
{
	if (on_stuck == NULL || limit->grace.running)
		return 0;
	limit->grace = (struct sl_alarm){ .limit = limit, .kind = SL_ALARM_GRACE };
	return alarm_start(&limit->grace, CLOCK_MONOTONIC, 0, 0, 0);
}

int sl_limit_hold(struct sl_limit *limit, struct sl_error *err)
{
	if (limit->holders++ > 0)
		return 0;
	if (ticker_start(limit) == 0 && grace_make(limit) == 0)
		return 0;
	int os = errno;
	sl_limit_release(limit);
	return sl_fail(err, SL_SINK, os, "cannot create a timer for handlers");
}

void sl_limit_release(struct sl_limit *limit)
{
	if (--limit->holders == 0)
		alarm_end(&limit->ticker);
}

void sl_limit_pause(struct sl_limit *limit)
{
	limit->pauses++;
}

void sl_limit_resume(struct sl_limit *limit)
{
	limit->pauses--;
}

void sl_limit_deadline(struct sl_limit *limit, struct sl_alarm *a, int64_t deadline_ns,
                       int64_t timeout_ms)
{
	*a = (struct sl_alarm){ .limit = limit, .timeout_ms = timeout_ms };
	if (deadline_ns > 0)
		alarm_start(a, CLOCK_MONOTONIC, TIMER_ABSTIME, deadline_ns,
		            DEADLINE_REPEAT_MS * SL_NS_PER_MS);
}

const struct sl_alarm *sl_limit_afterwards(struct sl_limit *limit, int64_t least_ms)
{
	struct sl_alarm *a = &limit->afterwards;
	int64_t least_ns = sl_now_ns() + least_ms * SL_NS_PER_MS;
	int64_t ns = limit->deadline_ns > least_ns ? limit->deadline_ns : least_ns;
	alarm_end(a);
	sl_limit_deadline(limit, a, limit->deadline_ns > 0 ? ns : 0, limit->timeout_ms);
	return a;
}

void sl_limit_afterwards_end(struct sl_limit *limit)
{
	alarm_end(&limit->afterwards);
}

void sl_limit_deadline_end(struct sl_alarm *a)
{
	alarm_end(a);
}

/* ---- set up ---- */

void sl_limit_set(struct sl_limit *limit, int64_t handler_ms)
{
	limit->handler_ms = handler_ms;
	/* The first tick may come right after the scope began, so one more is allowed. */
	limit->ticks_allowed = (sig_atomic_t)((handler_ms + tick_ms(limit) - 1) / tick_ms(limit));
	if (limit->holders == 0)
		return;
	alarm_end(&limit->ticker);
	ticker_start(limit);
}

void sl_limit_init(struct sl_limit *limit, lua_State *L)
{
	memset(limit, 0, sizeof *limit);
	struct sl_allocator *a = sl_allocator_of(L);
	limit->strict = a != NULL ? &a->strict : &limit->no_strict;
	sl_limit_set(limit, SL_HANDLER_LIMIT_MS);
	lua_pushlightuserdata(L, limit);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}

void sl_limit_clear(struct sl_limit *limit)
{
	alarm_end(&limit->ticker);
	alarm_end(&limit->grace);
	alarm_end(&limit->afterwards);
}
