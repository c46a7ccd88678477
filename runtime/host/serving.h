/*
 * serving.h - the internals of serve.h (room: host, private)
 *
 * serve.c runs one request after the other and decides how each ended; emit.c
 * is what an export calls while it runs; control.c is the thread that reads
 * what the parent sends.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "host/emitter.h"
#include "host/serve.h"
#include "wire/decoder.h"
#include "wire/feature.h"
#include "wire/ledger.h"

#define SL_SERVE_KEEP_BYTES (64u * 1024) /* of buffers, between requests */
#define SL_PROGRESS_BUDGET 32            /* progress frames in one burst */

struct sl_request {
	struct sl_serve *serve;
	uint64_t id;
	struct sl_request_message message; /* borrowed from serve->text */
	uint64_t started_ns;
	struct sl_ledger ledger;
	uint64_t line, step; /* where the runner expects the next row; 0: it does not know */
	const char *file;
	struct sl_buffer result;
	bool has_result;
	enum sl_order told; /* the order that an emit has returned */
	bool failed_before; /* it had failed on its own before that */
	struct sl_error failure;

	int progress_budget;
	uint64_t progress_ns; /* when the budget was last topped up */
	bool progress_waits;  /* `progress` has not been sent yet */
	struct sl_progress progress;
	char phase[256];
};

/* The control thread reads what the parent sends and stores it here for the
 * serving thread, which reads the atomics at any time, the rest under lock. */
struct sl_serve {
	const struct sl_service *service;
	int in;
	struct sl_emitter *emitter;
	struct sl_request request;
	struct sl_buffer text; /* the request frame's payload */
	struct sl_buffer out;  /* frames under construction */
	pid_t pid;

	pthread_t control;
	int wake; /* eventfd: there is an order */
	int quit; /* eventfd: the control thread is to end */
	atomic_int order;
	atomic_uint cap;
	sl_feature_set features; /* agreed before the first request arrives */

	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct sl_buffer next; /* the request that has arrived */
	uint64_t next_id;
	struct sl_buffer next_streams, streams; /* names that the policy takes: for the next request, for this */
	bool next_chooses, chooses;             /* such names were sent, maybe none */
	bool has_next, busy, shutdown, hears;

	/* the control thread's own */
	struct sl_decoder decoder;
	bool configured;
	int idle_ms; /* until the service's idle(); -1: never */
	uint64_t current; /* the request that orders may apply to */
};

/* emit.c: send what is in serve->out; send a progress frame. hold: more follows. */
enum sl_emitted sl_emit_out(struct sl_request *rq, bool hold);
enum sl_emitted sl_emit_progress(struct sl_request *rq, const struct sl_progress *m, bool hold);

/* control.c. _start: 0 or an errno; the thread reads nothing before _go. _end joins it. */
int sl_control_start(struct sl_serve *s);
void sl_control_go(struct sl_serve *s);
void sl_control_end(struct sl_serve *s);
