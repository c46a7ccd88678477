/*
 * hearing.h - what the runner says to a recording (room: host, private)
 *
 * A thread, with all signals blocked, reads it. A cancel, and the runner's end, end the
 * process there and then; the rest is looked at when it suits.
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
	struct sl_text streams; /* names that the user takes, each with a NUL; NULL: not told */
};

#define SL_HEARING_NONE UINT64_MAX /* an id that no request has */

struct sl_hearing { /* embedded; not to be moved once it has been started */
	int fd;
	pthread_t thread;
	struct sl_decoder decoder; /* the thread's own */

	pthread_mutex_t lock;
	pthread_cond_t news;
	struct sl_buffer next, text; /* payloads of the request that came, and of the one at hand */
	uint64_t next_id;
	struct sl_buffer next_streams, streams;
	bool next_chooses, has_next, shutdown;
	atomic_ullong current;       /* the latest request's id */
	atomic_ullong stop;          /* the id of the request that is to stop */
	_Atomic sl_feature_set features; /* that were picked */
};

/* 0, or an errno. */
int sl_hearing_start(struct sl_hearing *h, int fd);

/* Wait for a request; false: told to leave. */
bool sl_hearing_next(struct sl_hearing *h, struct sl_heard *out);

/* Whether this request has been told to stop. */
static inline bool sl_hearing_stop(struct sl_hearing *h, uint64_t id)
{
	return atomic_load_explicit(&h->stop, memory_order_relaxed) == id;
}

static inline sl_feature_set sl_hearing_features(struct sl_hearing *h)
{
	return atomic_load_explicit(&h->features, memory_order_relaxed);
}

/* Until then (monotonic clock), or until there is news. */
void sl_hearing_sleep(struct sl_hearing *h, int64_t until_ns);
