/* control.c - what the parent says; see serving.h */
#include "host/serving.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_SIZE 4096
#define FIRST_IDLE_MS 100
#define EXIT_ORPHAN 1
#define EXIT_PROTOCOL 76

/* The stream cannot be resynchronised, and the fault cannot be reported in frames:
 * the serving thread may be in the middle of one. */
static _Noreturn void protocol_fault(const char *what)
{
	dprintf(STDERR_FILENO, "sluice worker: %s\n", what);
	_exit(EXIT_PROTOCOL);
}

static _Noreturn void orphaned(struct sl_serve *s)
{
	if (s->service->orphaned != NULL)
		s->service->orphaned(s->service->user);
	_exit(EXIT_ORPHAN);
}

static void on_configure(struct sl_serve *s, const struct sl_frame *f)
{
	struct sl_configure m;
	SL_ERROR(err);
	if (sl_configure_parse(f, &m, &err) != 0)
		protocol_fault(err.message);
	if (m.version != SL_PROTOCOL_VERSION || m.max_frame < SL_FRAME_CAP_FLOOR
	    || m.max_frame > SL_FRAME_CAP_CEILING)
		protocol_fault("the runner configured a version or a frame cap that was not offered");
	if (sl_features_picked(&sl_known_features, &m.features, &s->features, &err) != 0)
		protocol_fault(err.message);
	if ((s->features & ~s->service->features) != 0)
		protocol_fault("the runner picked a feature that was not offered");
	s->configured = true;
	atomic_store(&s->cap, m.max_frame);
	sl_decoder_set_cap(&s->decoder, m.max_frame);
}

static void forget_orders(struct sl_serve *s)
{
	uint64_t ignored;
	if (atomic_exchange(&s->order, SL_ORDER_NONE) != SL_ORDER_NONE)
		(void)!read(s->wake, &ignored, sizeof ignored);
}

static void on_request(struct sl_serve *s, const struct sl_frame *f)
{
	if (f->head.request <= s->current)
		protocol_fault("the runner reused a request id");
	pthread_mutex_lock(&s->lock);
	if (s->busy)
		protocol_fault("the runner sent a request while another was running");
	s->current = s->next_id = f->head.request;
	forget_orders(s);
	if (sl_buffer_append(&s->next, f->payload, f->head.length) != 0
	    || sl_buffer_append(&s->next, "", 1) != 0) /* the NUL after the text */
		protocol_fault("no memory for the request");
	s->has_next = s->busy = true;
	pthread_cond_signal(&s->arrived);
	pthread_mutex_unlock(&s->lock);
}

static void on_streams(struct sl_serve *s, const struct sl_frame *f)
{
	struct sl_stream_names m;
	SL_ERROR(err);
	if (!sl_features_have(s->features, SL_FEATURE_STREAMS))
		protocol_fault("the runner sent a frame of a feature that was not negotiated");
	if (sl_streams_parse(f, &m, &err) != 0)
		protocol_fault(err.message);
	if (m.names.len > 0 && m.names.bytes[m.names.len - 1] != '\0')
		protocol_fault("the runner sent an unterminated stream name");
	pthread_mutex_lock(&s->lock);
	s->next_chooses = true;
	if (sl_buffer_set(&s->next_streams, m.names.bytes, m.names.len) != 0)
		protocol_fault("no memory for the names of streams");
	pthread_mutex_unlock(&s->lock);
}

static void give_order(struct sl_serve *s, const struct sl_frame *f, enum sl_order order)
{
	static const uint64_t one = 1;
	if (f->head.request != s->current || atomic_load(&s->order) >= (int)order)
		return; /* too late, or given already */
	if (atomic_exchange(&s->order, order) == SL_ORDER_NONE)
		(void)!write(s->wake, &one, sizeof one);
}

static void on_stop(struct sl_serve *s, const struct sl_frame *f)
{
	give_order(s, f, SL_ORDER_STOP);
}

static void on_cancel(struct sl_serve *s, const struct sl_frame *f)
{
	give_order(s, f, SL_ORDER_CANCEL);
}

static void on_shutdown(struct sl_serve *s, const struct sl_frame *f)
{
	(void)f;
	pthread_mutex_lock(&s->lock);
	s->shutdown = true;
	pthread_cond_signal(&s->arrived);
	pthread_mutex_unlock(&s->lock);
}

/* What each frame from a runner does, when kinds.h allows it. Only the serving thread
 * knows if a request is running: on_request asks under the lock. */
#define ON_RUNNER(name) on_##name
#define ON_WORKER(name) NULL
static void (*const handlers[])(struct sl_serve *s, const struct sl_frame *f) = {
#define ON(id, code, name, sender, when, header) [SL_FRAME_##id] = ON_##sender(name),
	SL_FRAME_KINDS(ON)
#undef ON
};

static void on_frame(struct sl_serve *s, const struct sl_frame *f)
{
	const struct sl_frame_rule *rule = sl_frame_rule(f->head.kind);
	if (rule->sender != SL_FROM_RUNNER)
		protocol_fault("the runner sent a frame that only workers send");
	if ((rule->when & (s->configured ? SL_AT_OPEN : SL_AT_OPENING)) == 0)
		protocol_fault("the first frame of the runner must be configure");
	handlers[f->head.kind](s, f);
}

/* False: it was told to end. */
static bool read_more(struct sl_serve *s)
{
	struct pollfd p[2] = { { .fd = s->in, .events = POLLIN }, { .fd = s->quit, .events = POLLIN } };
	int events = poll(p, 2, s->idle_ms);
	if (events == 0)
		s->idle_ms = s->service->idle(s->service->user);
	if (events <= 0)
		return true; /* timed out, or interrupted */
	if (p[1].revents != 0)
		return false;
	size_t size;
	char *at = sl_decoder_room(&s->decoder, READ_SIZE, &size);
	if (at == NULL)
		protocol_fault("no memory for the frames of the runner");
	ssize_t n = read(s->in, at, size);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		orphaned(s);
	if (n > 0)
		sl_decoder_fed(&s->decoder, (size_t)n);
	return true;
}

static void *control_main(void *arg)
{
	struct sl_serve *s = arg;
	struct sl_frame frame;
	SL_ERROR(err);
	pthread_mutex_lock(&s->lock);
	while (!s->hears)
		pthread_cond_wait(&s->arrived, &s->lock);
	pthread_mutex_unlock(&s->lock);
	while (read_more(s)) {
		int rc;
		while ((rc = sl_decoder_next(&s->decoder, &frame, &err)) == 1)
			on_frame(s, &frame);
		if (rc < 0)
			protocol_fault(err.message);
		sl_decoder_trim(&s->decoder, SL_SERVE_KEEP_BYTES);
	}
	return NULL;
}

/* Signals are for the user's threads. */
int sl_control_start(struct sl_serve *s)
{
	sigset_t all, old;
	s->idle_ms = s->service->idle != NULL ? FIRST_IDLE_MS : -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&s->control, NULL, control_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

void sl_control_go(struct sl_serve *s)
{
	pthread_mutex_lock(&s->lock);
	s->hears = true;
	pthread_cond_signal(&s->arrived);
	pthread_mutex_unlock(&s->lock);
}

void sl_control_end(struct sl_serve *s)
{
	static const uint64_t one = 1;
	(void)!write(s->quit, &one, sizeof one);
	pthread_join(s->control, NULL);
}
