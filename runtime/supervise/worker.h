/*
 * worker.h - inside a worker's handle (room: supervise, private)
 *
 * The handle joins the request machine, which knows no process, with its
 * current process, which knows no request.
 */
#pragma once

#include "supervise/process.h"
#include "supervise/request.h"

struct sl_worker {
	struct sl_supervisor *supervisor; /* NULL: orphaned */
	LIST_ENTRY(sl_worker) link;
	struct sl_worker_options options; /* deep copy */
	struct sl_request request;
	struct sl_process *process;       /* whose session the request machine has */
	struct sl_recorder *recorder;     /* NULL: none */
	bool leaving; /* shutdown was asked for */
	struct sl_exit_report exit;
	struct sl_buffer last_tail; /* of the latest generation that ended */
};

/* The supervisor is going; the handle is dead from here on. */
void sl_worker_orphan(struct sl_worker *w);
