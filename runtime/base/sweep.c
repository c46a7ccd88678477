/* sweep.c - see sweep.h */
#include "base/sweep.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"

#define LONGEST_NS SL_NS_PER_S
#define NAP_NS     SL_NS_PER_MS
#define FREEZES    20 /* passes; each stops what appeared since the one before */

/* ---- children that existed before us ---- */

struct known {
	pid_t pid;
	int64_t start; /* because a pid may be reused */
};

static struct known *known;
static size_t known_count, known_room;

static void remember(pid_t child)
{
	if (known_count == known_room) {
		size_t room = known_room > 0 ? 2 * known_room : 16;
		struct known *more = realloc(known, room * sizeof *more);
		if (more == NULL)
			return;
		known = more;
		known_room = room;
	}
	known[known_count++] = (struct known){ child, sl_child_stat(child, SL_STAT_START) };
}

static bool is_known(pid_t child)
{
	for (size_t i = 0; i < known_count; i++)
		if (known[i].pid == child)
			return known[i].start == sl_child_stat(child, SL_STAT_START);
	return false;
}

void sl_sweep_prepare(void)
{
	sl_children_visit(remember);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* ---- stopping and killing the others ---- */

static struct sl_swept found;
static bool of_session; /* only those in our session */

static bool is_ours(pid_t child)
{
	if (is_known(child) || (of_session && sl_child_stat(child, SL_STAT_SESSION) != getsid(0)))
		return false;
	found.left++;
	found.first = child;
	return true;
}

static void stop(pid_t child)
{
	if (is_ours(child))
		kill(child, SIGSTOP);
}

/* Waits for this id only, so that no other child's exit status is lost. */
static void end(pid_t child)
{
	if (!is_ours(child))
		return;
	kill(child, SIGKILL);
	waitpid(child, NULL, WNOHANG);
}

static int visit_ours(void (*each)(pid_t child))
{
	found = (struct sl_swept){ 0, 0 };
	sl_children_visit(each);
	return found.left;
}

/* Repeats until nothing new appears, but gives up if processes are started faster than we stop them. */
static void freeze(void)
{
	for (int i = 0, before = 0; i < FREEZES && visit_ours(stop) != before; i++)
		before = found.left;
}

/* Children of killed processes become ours, so it repeats until none is left. */
struct sl_swept sl_sweep(void)
{
	int64_t until = sl_now_ns() + LONGEST_NS;
	for (freeze(); visit_ours(end) > 0 && sl_now_ns() < until; freeze())
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	return found;
}

struct sl_swept sl_sweep_session(void)
{
	of_session = true;
	sl_sweep();
	of_session = false;
	return found;
}
