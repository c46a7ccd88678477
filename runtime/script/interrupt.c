/* interrupt.c - see interrupt.h */
#include "script/interrupt.h"

#include <signal.h>
#include <stddef.h>

#include "base/error.h"
#include "script/limit.h"
#include "supervise/supervise.h"

atomic_int sl_interrupt_total;

static atomic_int latest;
static _Atomic(struct sl_supervisor *) watched;
static _Atomic(struct sl_limit *) watched_limit;

int sl_script_interrupt(int sig)
{
	atomic_store(&latest, sig);
	int count = atomic_fetch_add(&sl_interrupt_total, 1) + 1;
	struct sl_supervisor *s = atomic_load(&watched);
	if (s != NULL)
		sl_supervisor_wake(s);
	struct sl_limit *limit = atomic_load(&watched_limit);
	if (limit != NULL)
		sl_limit_interrupt(limit, count > 1);
	return count;
}

void sl_interrupt_watch(struct sl_supervisor *s, struct sl_limit *limit)
{
	atomic_store(&watched, s);
	atomic_store(&watched_limit, limit);
}

int sl_interrupt_signal(void)
{
	return atomic_load(&latest);
}

const char *sl_interrupt_name(int sig)
{
	switch (sig) {
	case SIGINT: return "SIGINT";
	case SIGTERM: return "SIGTERM";
	case SIGHUP: return "SIGHUP";
	default: return "signal";
	}
}

int sl_interrupt_check(struct sl_error *err, const char *path)
{
	if (sl_interrupt_count() == 0)
		return 0;
	int sig = sl_interrupt_signal();
	sl_fail(err, SL_CANCELLED, 0, "interrupted by %s while reading %s", sl_interrupt_name(sig), path);
	sl_error_number(err, SL_D_SIGNAL, sig);
	return -1;
}

int sl_interrupt_news(void)
{
	static int told;
	int count = sl_interrupt_count(), news = count - told;
	told = count;
	return news;
}
