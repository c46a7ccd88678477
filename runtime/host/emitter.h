/*
 * emitter.h - frames out: at once when idle, coalesced under load (room: host)
 *
 * One thread puts frames in; they leave through one descriptor, in order.
 *
 * When idle, the putting thread writes the frame before put returns, so that it
 * is on the wire even if the next thing that happens is SIGKILL. A budget of
 * such direct writes is refilled as long as they come slowly; when they do not,
 * the emitter is under load: frames only go into a ring, and the putting thread
 * writes once a batch is full. What does not fill a batch is written by a
 * second thread, which looks twice per millisecond and exists only once there
 * has been load. A write blocks when the reader is slow: that is the
 * backpressure, and it always falls between two frames.
 *
 * The ring is also written out when the process exits, or dies of a signal that
 * can be caught: handlers are installed for those that had none, and the
 * process still dies of the signal. After fork() the child's copy is dead: it
 * writes nothing, and its descriptor is closed.
 *
 * There is one emitter in a process. Putting is for one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "wire/frame.h"

struct sl_emitter;

/* fd: borrowed until free. NULL: no memory. */
struct sl_emitter *sl_emitter_new(int fd);

/* Accepts NULL. Does not flush. The signal handlers stay, with nothing to flush. */
void sl_emitter_free(struct sl_emitter *e);

/*
 * Put one frame: 0, or -1 when the reader is gone or this is a forked child.
 * payload: borrowed for the call. hold: another frame follows at once; let both
 * leave together.
 */
int sl_emitter_put(struct sl_emitter *e, const struct sl_header *head, const char *payload,
                   bool hold);

/* Put encoded frames. */
int sl_emitter_put_frames(struct sl_emitter *e, const char *bytes, size_t len, bool hold);

/* Write everything out now, and become idle again, with a full budget. */
int sl_emitter_flush(struct sl_emitter *e);
