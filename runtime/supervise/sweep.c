/* sweep.c - see sweep.h */
#include "supervise/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KNOWN_LIMIT 64 /* children from before us that are told apart */
#define ROUND_MS 5
#define ROUNDS 200

static pid_t known[KNOWN_LIMIT];
static int known_count;

/* ---- who our children are ---- */

typedef void visit(pid_t child);

/* One file for each thread, for whichever of them started the child. */
static bool visit_children_files(visit *each)
{
	bool readable = false;
	DIR *threads = opendir("/proc/self/task");
	for (struct dirent *d; threads != NULL && (d = readdir(threads)) != NULL;) {
		char path[300];
		int pid;
		snprintf(path, sizeof path, "/proc/self/task/%s/children", d->d_name);
		FILE *f = d->d_name[0] != '.' ? fopen(path, "re") : NULL;
		if (f == NULL)
			continue;
		readable = true;
		while (fscanf(f, "%d", &pid) == 1)
			each((pid_t)pid);
		fclose(f);
	}
	if (threads != NULL)
		closedir(threads);
	return readable;
}

/* The parent of a process, or -1. Its name, in parentheses, may hold anything. */
static pid_t parent_of(const char *pid)
{
	char path[300], line[512];
	int parent = -1;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return -1;
	if (fgets(line, sizeof line, f) != NULL) {
		const char *name_end = strrchr(line, ')');
		if (name_end == NULL || sscanf(name_end + 1, " %*c %d", &parent) != 1)
			parent = -1;
	}
	fclose(f);
	return (pid_t)parent;
}

static void visit_processes(visit *each)
{
	DIR *proc = opendir("/proc");
	for (struct dirent *d; proc != NULL && (d = readdir(proc)) != NULL;)
		if (d->d_name[0] >= '1' && d->d_name[0] <= '9' && parent_of(d->d_name) == getpid())
			each((pid_t)atoi(d->d_name));
	if (proc != NULL)
		closedir(proc);
}

static void visit_children(visit *each)
{
	if (!visit_children_files(each)) /* not in every kernel */
		visit_processes(each);
}

/* ---- what is done about them ---- */

static void remember(pid_t child)
{
	if (known_count < KNOWN_LIMIT)
		known[known_count++] = child;
}

static bool is_known(pid_t child)
{
	for (int i = 0; i < known_count; i++)
		if (known[i] == child)
			return true;
	return false;
}

static int left;

/* By its own id: nobody else's exit is taken away. */
static void end(pid_t child)
{
	if (is_known(child))
		return;
	left++;
	kill(child, SIGKILL);
	waitpid(child, NULL, WNOHANG);
}

void sl_sweep_prepare(void)
{
	visit_children(remember);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* Children of those that are killed become ours: look until none is left. */
void sl_sweep(void)
{
	struct timespec pause = { .tv_nsec = ROUND_MS * 1000000L };
	for (int i = 0; i < ROUNDS; i++) {
		left = 0;
		visit_children(end);
		if (left == 0)
			return;
		nanosleep(&pause, NULL);
	}
}
