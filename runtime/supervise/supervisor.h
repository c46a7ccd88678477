/*
 * supervisor.h - the loop and what belongs to it (room: supervise, private)
 */
#pragma once

#include <sys/queue.h>
#include <uv.h>

#include "supervise/supervise.h"

struct sl_process;

struct sl_supervisor {
	uv_loop_t loop;
	uv_async_t wakeup;
	uv_timer_t bound;             /* of a turn's wait */
	struct sl_json *json;         /* shared: one document at a time */
	LIST_HEAD(sl_processes, sl_process) processes; /* every one not yet freed */
	LIST_HEAD(sl_workers, sl_worker) workers;
};
