/*
 * hearing.h - what the runner says to a recording (room: host, private)
 *
 * A thread with all signals blocked reads it. A cancel, or the runner's end, ends the process
 * at once; the rest is looked at when the player gets to it.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "wire/decoder.h"
#include "wire/feature.h"

struct sl_heard { /* a request; what it points to is borrowed until the next */
	uint64_t id;
	struct sl_request_message message;
	struct sl_text streams; /* names that the user takes, each with a NUL; bytes NULL: not sent */
};

#define SL_HEARING_NONE UINT64_MAX /* an id that no request has */

struct sl_hearing { /* embedded; must not move once it has been started */
	int fd;
	pthread_t thread;
	struct sl_decoder decoder; /* the thread's own */

	pthread_mutex_t lock;
	pthread_cond_t news;
	struct sl_buffer next, text; /* payloads of the request that has arrived, and of the current one */
	uint64_t next_id;
	struct sl_buffer next_streams, streams;
	bool next_chooses, has_next, shutdown;
	atomic_ullong current;       /* the latest request's id */
	atomic_ullong stop;          /* the id of the request that must stop */
	_Atomic sl_feature_set features; /* that the runner picked */
};

/* 0, or an errno. */
int sl_hearing_start(struct sl_hearing *h, int fd);

/* Waits for a request. False: told to leave. */
bool sl_hearing_next(struct sl_hearing *h, struct sl_heard *out);

/* Has this request been told to stop? */
static inline bool sl_hearing_stop(struct sl_hearing *h, uint64_t id)
{
	return atomic_load_explicit(&h->stop, memory_order_relaxed) == id;
}

static inline sl_feature_set sl_hearing_features(struct sl_hearing *h)
{
	return atomic_load_explicit(&h->features, memory_order_relaxed);
}

/* Sleeps until then (monotonic clock), or until there is news. */
void sl_hearing_sleep(struct sl_hearing *h, int64_t until_ns);
