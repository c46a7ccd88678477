/* hearing.c - see hearing.h */
#include "host/hearing.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define READ_SIZE 4096
#define EXIT_ORPHAN 1
#define EXIT_PROTOCOL 76

static _Noreturn void protocol_fault(const char *what)
{
	dprintf(STDERR_FILENO, "sluice worker: %s\n", what);
	_exit(EXIT_PROTOCOL);
}

static void on_configure(struct sl_hearing *h, const struct sl_frame *f)
{
	struct sl_configure m;
	SL_ERROR(err);
	if (sl_configure_parse(f, &m, &err) != 0)
		protocol_fault(err.message);
	atomic_store(&h->features, sl_features_among(&sl_known_features, &m.features));
	sl_decoder_set_cap(&h->decoder, m.max_frame);
}

static void on_request(struct sl_hearing *h, const struct sl_frame *f)
{
	pthread_mutex_lock(&h->lock);
	if (h->has_next || sl_buffer_set(&h->next, f->payload, f->head.length) != 0)
		protocol_fault("the runner sent a request while another was waiting, or there is no memory for it");
	h->next_id = f->head.request;
	h->has_next = true;
	atomic_store(&h->current, f->head.request);
	pthread_cond_signal(&h->news);
	pthread_mutex_unlock(&h->lock);
}

static void on_streams(struct sl_hearing *h, const struct sl_frame *f)
{
	struct sl_stream_names m;
	SL_ERROR(err);
	if (sl_streams_parse(f, &m, &err) != 0)
		protocol_fault(err.message);
	pthread_mutex_lock(&h->lock);
	if (sl_buffer_set(&h->next_streams, m.names.bytes, m.names.len) != 0)
		protocol_fault("no memory for the names of streams");
	h->next_chooses = true;
	pthread_mutex_unlock(&h->lock);
}

static void tell(struct sl_hearing *h, const struct sl_frame *f)
{
	pthread_mutex_lock(&h->lock);
	if (f->head.kind == SL_FRAME_STOP)
		atomic_store(&h->stop, f->head.request);
	else
		h->shutdown = true;
	pthread_cond_signal(&h->news);
	pthread_mutex_unlock(&h->lock);
}

static void on_frame(struct sl_hearing *h, const struct sl_frame *f)
{
	switch (f->head.kind) {
	case SL_FRAME_CONFIGURE: on_configure(h, f); break;
	case SL_FRAME_REQUEST: on_request(h, f); break;
	case SL_FRAME_CANCEL:
		if (f->head.request == atomic_load(&h->current))
			_exit(EXIT_SUCCESS);
		break;
	case SL_FRAME_STOP:
	case SL_FRAME_SHUTDOWN: tell(h, f); break;
	case SL_FRAME_STREAMS: on_streams(h, f); break;
	default: protocol_fault("the runner sent a frame that only workers send");
	}
}

static void *hearing_main(void *arg)
{
	struct sl_hearing *h = arg;
	struct sl_frame f;
	SL_ERROR(err);
	for (;;) {
		size_t size;
		char *at = sl_decoder_room(&h->decoder, READ_SIZE, &size);
		ssize_t n = at != NULL ? TEMP_FAILURE_RETRY(read(h->fd, at, size)) : -1;
		if (n <= 0)
			_exit(EXIT_ORPHAN);
		sl_decoder_fed(&h->decoder, (size_t)n);
		int rc;
		while ((rc = sl_decoder_next(&h->decoder, &f, &err)) == 1)
			on_frame(h, &f);
		if (rc < 0)
			protocol_fault(err.message);
	}
	return NULL;
}

int sl_hearing_start(struct sl_hearing *h, int fd)
{
	sigset_t all, old;
	pthread_condattr_t monotonic;
	h->fd = fd;
	atomic_store(&h->stop, SL_HEARING_NONE);
	sl_decoder_init(&h->decoder, SL_FRAME_CAP_FLOOR);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->news, &monotonic);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&h->thread, NULL, hearing_main, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

/* An invalid message is the runner's fault, as in a live worker. */
static void read_message(struct sl_hearing *h, struct sl_heard *out)
{
	SL_ERROR(err);
	struct sl_frame f = {
		.head = { .length = (uint32_t)sl_buffer_len(&h->text), .kind = SL_FRAME_REQUEST },
		.payload = sl_buffer_data(&h->text),
	};
	if (sl_request_parse(&f, &out->message, &err) != 0)
		protocol_fault(err.message);
}

bool sl_hearing_next(struct sl_hearing *h, struct sl_heard *out)
{
	pthread_mutex_lock(&h->lock);
	while (!h->has_next && !h->shutdown)
		pthread_cond_wait(&h->news, &h->lock);
	bool got = h->has_next;
	struct sl_buffer empty = h->text;
	h->text = h->next;
	h->next = empty;
	h->has_next = false;
	empty = h->streams;
	h->streams = h->next_streams;
	h->next_streams = empty;
	out->streams = (struct sl_text){ h->next_chooses ? sl_buffer_data(&h->streams) : NULL, sl_buffer_len(&h->streams) };
	if (h->next_chooses && out->streams.bytes == NULL)
		out->streams.bytes = "";
	h->next_chooses = false;
	out->id = h->next_id;
	pthread_mutex_unlock(&h->lock);
	if (got)
		read_message(h, out);
	return got;
}

void sl_hearing_sleep(struct sl_hearing *h, int64_t until_ns)
{
	struct timespec until = { until_ns / SL_NS_PER_S, until_ns % SL_NS_PER_S };
	pthread_mutex_lock(&h->lock);
	while (!h->shutdown && atomic_load(&h->stop) != atomic_load(&h->current) && sl_now_ns() < until_ns)
		if (pthread_cond_timedwait(&h->news, &h->lock, &until) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&h->lock);
}
