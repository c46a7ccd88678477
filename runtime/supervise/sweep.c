/* sweep.c - see sweep.h */
#include "supervise/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fixed.h"

#define LONGEST_NS SL_NS_PER_S
#define NAP_NS     SL_NS_PER_MS
#define FREEZES    20 /* passes, of which each stops what those before it had started */

/* ---- files of /proc, by system calls only ---- */

struct entries { /* of a directory */
	int fd;
	ssize_t len, at;
	_Alignas(struct dirent64) char room[2048];
};

static struct entries entries_of(const char *path)
{
	return (struct entries){ .fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
}

/* The next name that is a number, or -1. */
static pid_t next_number(struct entries *e)
{
	while (e->fd >= 0) {
		if (e->at >= e->len) {
			e->len = getdents64(e->fd, e->room, sizeof e->room);
			e->at = 0;
			if (e->len <= 0)
				break;
		}
		const struct dirent64 *d = (const struct dirent64 *)(const void *)(e->room + e->at);
		e->at += d->d_reclen;
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
			return (pid_t)atoi(d->d_name);
	}
	if (e->fd >= 0)
		close(e->fd);
	return -1;
}

static int open_of(const char *before, pid_t number, const char *after)
{
	SL_FIXED(path, 64);
	sl_fixed_text(&path, before);
	sl_fixed_number(&path, number);
	sl_fixed_text(&path, after);
	return open(path.bytes, O_RDONLY | O_CLOEXEC);
}

/* The n-th field of /proc/PID/stat, n > 2; -1: there is no such process. The second,
 * the name in parentheses, may hold anything. */
static int64_t stat_field(pid_t pid, int n)
{
	char line[1024];
	int fd = open_of("/proc/", pid, "/stat");
	ssize_t len = fd >= 0 ? read(fd, line, sizeof line - 1) : -1;
	if (fd >= 0)
		close(fd);
	line[len > 0 ? len : 0] = '\0';
	const char *at = strrchr(line, ')');
	for (int i = 2; at != NULL && i < n; i++)
		at = strchr(at + 1, ' ');
	return at != NULL ? atoll(at + 1) : -1;
}

#define STAT_PARENT 4
#define STAT_START  22

/* ---- who our children are ---- */

typedef void visit(pid_t child);

static void visit_list(int fd, visit *each)
{
	char block[4096];
	ssize_t n;
	pid_t pid = 0;
	while ((n = read(fd, block, sizeof block)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (block[i] >= '0' && block[i] <= '9') {
				pid = pid * 10 + (block[i] - '0');
			} else if (pid > 0) {
				each(pid);
				pid = 0;
			}
		}
}

/* One file for each thread, for whichever of them started the child. */
static bool visit_children_files(visit *each)
{
	bool readable = false;
	struct entries threads = entries_of("/proc/self/task");
	for (pid_t thread; (thread = next_number(&threads)) > 0;) {
		int fd = open_of("/proc/self/task/", thread, "/children");
		if (fd < 0)
			continue;
		readable = true;
		visit_list(fd, each);
		close(fd);
	}
	return readable;
}

static void visit_processes(visit *each)
{
	struct entries processes = entries_of("/proc");
	for (pid_t pid; (pid = next_number(&processes)) > 0;)
		if (stat_field(pid, STAT_PARENT) == getpid())
			each(pid);
}

static void visit_children(visit *each)
{
	if (!visit_children_files(each)) /* not in every kernel */
		visit_processes(each);
}

/* ---- those from before us ---- */

struct known {
	pid_t pid;
	int64_t start; /* a number may be used again */
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
	known[known_count++] = (struct known){ child, stat_field(child, STAT_START) };
}

static bool is_known(pid_t child)
{
	for (size_t i = 0; i < known_count; i++)
		if (known[i].pid == child)
			return known[i].start == stat_field(child, STAT_START);
	return false;
}

void sl_sweep_prepare(void)
{
	visit_children(remember);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* ---- what is done about the others ---- */

static struct sl_swept found;

static bool is_ours(pid_t child)
{
	if (is_known(child))
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

/* By its own id: nobody else's exit is taken away. */
static void end(pid_t child)
{
	if (!is_ours(child))
		return;
	kill(child, SIGKILL);
	waitpid(child, NULL, WNOHANG);
}

static int visit_ours(visit *each)
{
	found = (struct sl_swept){ 0, 0 };
	visit_children(each);
	return found.left;
}

/* Until nothing new appears, or what starts processes is quicker than we are. */
static void freeze(void)
{
	for (int i = 0, before = 0; i < FREEZES && visit_ours(stop) != before; i++)
		before = found.left;
}

/* Children of those that are killed become ours: look until none is left. */
struct sl_swept sl_sweep(void)
{
	int64_t until = sl_now_ns() + LONGEST_NS;
	for (freeze(); visit_ours(end) > 0 && sl_now_ns() < until; freeze())
		nanosleep(&(struct timespec){ .tv_nsec = NAP_NS }, NULL);
	return found;
}
