/* guardian.c - see guardian.h */
#include "host/guardian.h"

#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/sweep.h"

#define BUSY_MS 100  /* something may end soon */
#define IDLE_MS 1000

static bool prepared;

void sl_guardian_prepare(void)
{
	sl_sweep_prepare();
	prepared = true;
}

int sl_guardian_reap(enum sl_reap whom)
{
	return sl_children_reap(whom) > 0 && whom == SL_REAP_ALL ? BUSY_MS : IDLE_MS;
}

void sl_guardian_end(void)
{
	if (prepared)
		sl_sweep();
	if (getpgrp() == getpid())
		kill(0, SIGKILL);
}
