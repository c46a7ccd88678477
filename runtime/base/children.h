/*
 * children.h - the children of this process, as listed in /proc (room: base)
 *
 * Includes the children of all its threads and those that it has adopted as a
 * subreaper (prctl(2)). Uses only system calls: async-signal-safe, except for
 * sl_children_own, _disown and _reap. Without /proc, none are found.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Calls each(child) for every child; it may end children. */
void sl_children_visit(void (*each)(pid_t child));

/* Numeric fields of /proc/PID/stat (proc(5)); -1 if the process is gone. */
enum sl_stat_field { SL_STAT_PARENT = 4, SL_STAT_SESSION = 6, SL_STAT_START = 22 };

int64_t sl_child_stat(pid_t pid, enum sl_stat_field field);
bool sl_child_is_zombie(pid_t pid);

/* The ids of the children that we started and will wait for: sl_children_reap leaves them
 * alone. Code that starts a child calls _own, and _disown once it has been waited for. */
void sl_children_own(pid_t pid);
void sl_children_disown(pid_t pid);

/* Which children to reap, of those that have ended and are not our own. Most were adopted,
 * but other code in this process may have started some and wait for them itself. */
enum sl_reap {
	SL_REAP_ALL,
	SL_REAP_OTHER_SESSIONS, /* children that other code starts are in ours */
	SL_REAP_OLD             /* those that had already ended at the previous call */
};

/* Reaps them, each by its own id. Not async-signal-safe; call it from one thread only. Returns
 * how many children that are not our own are left, running or not. */
int sl_children_reap(enum sl_reap whom);
