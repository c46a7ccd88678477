/*
 * serving.h - inside serve.h (room: host, private)
 *
 * serve.c runs one request after the other and decides how each ended; emit.c
 * is what an export says while it runs; control.c is the thread that hears
 * what the parent says.
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
#define SL_PROGRESS_BUDGET 32            /* progress frames at once */

struct sl_request {
	struct sl_serve *serve;
	uint64_t id;
	struct sl_request_message message; /* borrowed from serve->text */
	uint64_t started_ns;
	struct sl_ledger ledger;
	uint64_t line, step; /* where the runner takes the next row to be; 0: it does not know */
	const char *file;
	struct sl_buffer result;
	bool has_result;
	enum sl_order told; /* an emit has said so */
	bool failed_before; /* it was told: a failure of its own */
	struct sl_error failure;

	int progress_budget;
	uint64_t progress_ns; /* when the budget was counted last */
	bool progress_waits;  /* the newest, not sent yet */
	struct sl_progress progress;
	char phase[256];
};

/* What the parent sends is read by the control thread; what it writes here is
 * read by the serving thread: the atomics at any time, the rest under lock. */
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
	sl_feature_set features; /* agreed, before the first request is there */

	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct sl_buffer next; /* the request that came */
	uint64_t next_id;
	struct sl_buffer next_streams, streams; /* names that the policy takes: of the next request, of this */
	bool next_chooses, chooses;             /* there are such names, maybe none */
	bool has_next, busy, shutdown, hears;

	/* the control thread's own */
	struct sl_decoder decoder;
	bool configured;
	int idle_ms; /* until the service's idle(); -1: never */
	uint64_t current; /* request that orders may be for */
};

/* emit.c: put what stands in serve->out; a progress frame. hold: more follows. */
enum sl_emitted sl_emit_out(struct sl_request *rq, bool hold);
enum sl_emitted sl_emit_progress(struct sl_request *rq, const struct sl_progress *m, bool hold);

/* control.c: 0 or an errno; it hears nothing before it is told to go; and its end. */
int sl_control_start(struct sl_serve *s);
void sl_control_go(struct sl_serve *s);
void sl_control_end(struct sl_serve *s);
