/*
 * sweep.h - no descendant is left behind (room: supervise)
 *
 * For the command only, whose process is its own: it becomes the subreaper of
 * everything it starts, so that a grandchild that left its process group ends
 * up as a child of ours, and is killed at the end. Children that were
 * there before us (a shell that execs the command leaves its own) are let be.
 */
#pragma once

/* At the start of the process, before anything is started. */
void sl_sweep_prepare(void);

/* At its end, when no supervisor is alive any more: kill what is left and
 * reap it. Takes a second at most. */
void sl_sweep(void);
