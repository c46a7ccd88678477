/* guardian.c - see guardian.h */
#include "host/guardian.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/children.h"
#include "base/sweep.h"

#define BUSY_MS 100 /* something may end soon */
#define IDLE_MS 1000
#define LONGEST_SWEEP_S 2
#define EXIT_ORPHAN 1

static bool prepared;
static pid_t parent;
static atomic_flag ending = ATOMIC_FLAG_INIT; /* one sweep is enough, and only one may run */

static void end_all(void)
{
	if (prepared)
		sl_sweep();
	if (getpgrp() == getpid())
		kill(0, SIGKILL);
}

/* A stopped host must be woken when its runner ends: hence this signal, which also comes for
 * other reasons. */
static void on_continued(int sig)
{
	int saved = errno;
	(void)sig;
	if (getppid() != parent && !atomic_flag_test_and_set(&ending)) {
		end_all();
		_exit(EXIT_ORPHAN);
	}
	errno = saved;
}

/* A launcher's child has no runner to follow: it ends with its input. */
static void follow_the_runner(void)
{
	struct sigaction action = { .sa_handler = on_continued, .sa_flags = SA_RESTART };
	int death = 0;
	if (prctl(PR_GET_PDEATHSIG, &death) != 0 || death == 0)
		return;
	sigemptyset(&action.sa_mask);
	sigaction(SIGCONT, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGCONT);
	if (getppid() != parent)
		_exit(EXIT_ORPHAN);
}

void sl_guardian_prepare(void)
{
	parent = getppid();
	sl_sweep_prepare();
	follow_the_runner();
	prepared = true;
}

void sl_guardian_leave(bool all)
{
	if (!prepared || getsid(0) != getpid() || atomic_flag_test_and_set(&ending))
		return;
	if (all)
		sl_sweep();
	else
		sl_sweep_session();
}

int sl_guardian_reap_all(void *user)
{
	(void)user;
	return sl_children_reap(SL_REAP_ALL) > 0 ? BUSY_MS : IDLE_MS;
}

int sl_guardian_reap_old(void *user)
{
	(void)user;
	sl_children_reap(SL_REAP_OLD);
	return IDLE_MS;
}

/* The process ends when this returns, so if another thread is sweeping, wait for it. */
void sl_guardian_end(void *user)
{
	(void)user;
	if (atomic_flag_test_and_set(&ending))
		nanosleep(&(struct timespec){ .tv_sec = LONGEST_SWEEP_S }, NULL);
	else
		end_all();
}
