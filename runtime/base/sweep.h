/*
 * sweep.h - no descendant is left behind (room: base)
 *
 * For our own processes, the command or a worker's host: each becomes the
 * subreaper of everything it starts, so that a grandchild that left its process
 * group becomes our child and is killed at the end. Children that existed
 * before us (a shell that execs the command leaves its own) are left alone.
 */
#pragma once

#include <sys/types.h>

/* Call it when the process starts, before it starts any child. */
void sl_sweep_prepare(void);

struct sl_swept { /* what a sweep could not remove */
	int left;    /* processes; 0: none */
	pid_t first; /* one of them */
};

/* Call it at the end: stops the remaining descendants, so that they start nothing
 * more, then kills and reaps them. Takes at most a second. Async-signal-safe; must
 * not be called while another thread is in it. */
struct sl_swept sl_sweep(void);

/* The same, for processes in our own session only. */
struct sl_swept sl_sweep_session(void);
