/* children.c - see children.h */
#include "base/children.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fixed.h"

/* ---- files of /proc ---- */

struct entries { /* of a directory */
	int fd;
	ssize_t len, at;
	_Alignas(struct dirent64) char room[2048];
};

static void open_entries(struct entries *e, const char *path)
{
	e->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e->len = e->at = 0;
}

/* The next name that is a number. Returns -1 at the end and closes the directory. */
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
	e->fd = -1;
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

/* ---- one process ---- */

/* The part after the process name, which is in parentheses and may contain anything:
 * " S 1 ...", or "" if the process is gone. */
static const char *read_stat(pid_t pid, char line[1024])
{
	int fd = open_of("/proc/", pid, "/stat");
	ssize_t len = fd >= 0 ? read(fd, line, 1023) : -1;
	if (fd >= 0)
		close(fd);
	line[len > 0 ? len : 0] = '\0';
	const char *end = strrchr(line, ')');
	return end != NULL ? end + 1 : "";
}

int64_t sl_child_stat(pid_t pid, enum sl_stat_field field)
{
	char line[1024];
	const char *at = read_stat(pid, line);
	for (int i = 3; at != NULL && i < (int)field; i++)
		at = strchr(*at != '\0' ? at + 1 : at, ' ');
	return at != NULL && *at != '\0' ? atoll(at) : -1;
}

bool sl_child_is_zombie(pid_t pid)
{
	char line[1024];
	return strncmp(read_stat(pid, line), " Z", 2) == 0;
}

/* ---- all children ---- */

static void visit_list(int fd, void (*each)(pid_t child))
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

/* There is one file for each thread, with the children that it started. */
static bool visit_files(void (*each)(pid_t child))
{
	bool readable = false;
	struct entries threads;
	open_entries(&threads, "/proc/self/task");
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

void sl_children_visit(void (*each)(pid_t child))
{
	struct entries processes;
	if (visit_files(each)) /* not in every kernel */
		return;
	open_entries(&processes, "/proc");
	for (pid_t pid; (pid = next_number(&processes)) > 0;)
		if (sl_child_stat(pid, SL_STAT_PARENT) == getpid())
			each(pid);
}

/* ---- our own children ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t *own;
static size_t own_count, own_room;

static size_t find_own(pid_t pid)
{
	size_t i = 0;
	while (i < own_count && own[i] != pid)
		i++;
	return i;
}

static bool has_room(void)
{
	if (own_count < own_room)
		return true;
	size_t room = own_room > 0 ? 2 * own_room : 16;
	pid_t *more = realloc(own, room * sizeof *more);
	if (more == NULL)
		return false;
	own = more;
	own_room = room;
	return true;
}

void sl_children_own(pid_t pid)
{
	pthread_mutex_lock(&lock);
	if (has_room())
		own[own_count++] = pid;
	pthread_mutex_unlock(&lock);
}

void sl_children_disown(pid_t pid)
{
	pthread_mutex_lock(&lock);
	size_t i = find_own(pid);
	if (i < own_count)
		own[i] = own[--own_count];
	pthread_mutex_unlock(&lock);
}

static bool is_own(pid_t pid)
{
	pthread_mutex_lock(&lock);
	bool found = find_own(pid) < own_count;
	pthread_mutex_unlock(&lock);
	return found;
}

/* ---- reaping the others ---- */

#define SEEN_ROOM 256 /* the rest is seen at a later call */

struct seen { /* zombies */
	size_t count;
	pid_t pid[SEEN_ROOM];
};

static enum sl_reap which;
static struct seen before, now;
static int left;

static bool was_seen(pid_t child)
{
	for (size_t i = 0; i < before.count; i++)
		if (before.pid[i] == child)
			return true;
	return false;
}

static bool is_due(pid_t child)
{
	if (!sl_child_is_zombie(child))
		return false;
	if (which == SL_REAP_OTHER_SESSIONS)
		return sl_child_stat(child, SL_STAT_SESSION) != getsid(0);
	if (which == SL_REAP_ALL || was_seen(child))
		return true;
	if (now.count < SEEN_ROOM)
		now.pid[now.count++] = child;
	return false;
}

static void reap(pid_t child)
{
	if (is_own(child))
		return;
	left++;
	if (is_due(child) && waitpid(child, NULL, WNOHANG) == child)
		left--;
}

int sl_children_reap(enum sl_reap whom)
{
	which = whom;
	left = 0;
	now.count = 0;
	sl_children_visit(reap);
	before = now;
	return left;
}
