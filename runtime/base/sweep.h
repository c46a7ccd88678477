/*
 * sweep.h - no descendant is left behind (room: base)
 *
 * For a process that is our own, the command or a worker's host: it becomes the
 * subreaper of everything it starts, so that a grandchild that left its process group
 * ends up as a child of ours, and is killed at the end. Children that were
 * there before us (a shell that execs the command leaves its own) are let be.
 */
#pragma once

#include <sys/types.h>

/* At the start of the process, before anything is started. */
void sl_sweep_prepare(void);

struct sl_swept { /* what a sweep had to leave */
	int left;    /* processes; 0: none */
	pid_t first; /* one of them */
};

/* At its end: stop what is left, so that it starts nothing more, kill and reap it.
 * Takes a second at most. Async-signal-safe; not to be called while another call
 * of it, in another thread, is on its way. */
struct sl_swept sl_sweep(void);

/* The same of those in our own session only. */
struct sl_swept sl_sweep_session(void);
