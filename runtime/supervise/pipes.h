/*
 * pipes.h - the pipes between runner and worker, and who gets which end
 * (room: supervise, private)
 *
 * Real pipes, not socketpairs (DESIGN section 4). Our ends do not block; the
 * child's ends do, so that a worker that emits faster than we read waits.
 */
#pragma once

#include <sys/types.h>

#include "supervise/supervise.h"

/* [0] is ours, [1] the child's; -1: absent, or no longer owned here. */
struct sl_pipes {
	int control[2], frames[2], out[2], err[2];
};

/* 0, or -1 and errno; _close either way. */
int sl_pipes_open(struct sl_pipes *q, enum sl_transport_kind transport);
void sl_pipes_close(struct sl_pipes *q);

/* Start the program of o on the child's ends. 0, or -1 and *err (spawn). */
int sl_pipes_launch(const struct sl_pipes *q, const struct sl_worker_options *o, pid_t *pid,
                    struct sl_error *err);
