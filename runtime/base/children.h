/*
 * children.h - the children of this process, as /proc has them (room: base)
 *
 * Of all its threads, and also those that it has adopted as a subreaper
 * (prctl(2)). By system calls only: async-signal-safe, but for sl_children_own and
 * _disown. Where there is no /proc, there are none.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Call each(child) for every one; it may end children. */
void sl_children_visit(void (*each)(pid_t child));

/* Fields of proc(5)'s stat that are numbers; -1 if the process is gone. */
enum sl_stat_field { SL_STAT_PARENT = 4, SL_STAT_SESSION = 6, SL_STAT_START = 22 };

int64_t sl_child_stat(pid_t pid, enum sl_stat_field field);
bool sl_child_is_zombie(pid_t pid);

/* Those that we have started, and will wait for, by their ids: no other's exit may be
 * taken away. Whoever starts one says so, and again when it has been waited for. */
void sl_children_own(pid_t pid);
void sl_children_disown(pid_t pid);

/* Whom to wait for, of those that have ended and are not our own: they were adopted; but
 * other code of this process may have started some, and wait for them itself. */
enum sl_reap {
	SL_REAP_ALL,
	SL_REAP_OTHER_SESSIONS, /* what other code starts is in ours */
	SL_REAP_OLD             /* that had ended at the call before this one already */
};

/* Wait for them, each by its own id. Not async-signal-safe; one thread may call it. How many
 * that are not our own are left, running or not. */
int sl_children_reap(enum sl_reap whom);
