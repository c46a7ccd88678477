/*
 * supervisor.h - the loop and what hangs on it (room: supervise, private)
 */
#ifndef SL_SUPERVISE_SUPERVISOR_H
#define SL_SUPERVISE_SUPERVISOR_H

#include <uv.h>

#include "base/clock.h"
#include "supervise/supervise.h"

struct sl_process;

struct sl_supervisor {
	uv_loop_t loop;
	uv_async_t wakeup;
	uv_timer_t bound;             /* of a turn's wait */
	struct sl_json *json;         /* one document at a time, shared */
	struct sl_process *processes; /* every process not yet freed */
	struct sl_worker *workers;
};

/* worker.c: the supervisor is going; the handle is dead from here on. */
void sl_worker_orphan(struct sl_worker *w);

#endif
