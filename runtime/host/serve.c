/* serve.c - see serve.h */
#include "host/serve.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/utf8.h"
#include "host/clock.h"
#include "host/emitter.h"
#include "wire/decoder.h"

#define READ_SIZE 4096
#define KEEP_BYTES (64u * 1024) /* of buffers, between requests */
#define EXIT_ORPHAN 1
#define EXIT_PROTOCOL 76
#define PROGRESS_BUDGET 32
#define PROGRESS_NS (20u * 1000 * 1000)
#define RUNTIME_NAME "sluice"

struct sl_request {
	struct sl_serve *serve;
	uint64_t id;
	struct sl_request_message message; /* borrowed from serve->text */
	uint64_t started_ns;
	struct sl_ledger ledger;
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

	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct sl_buffer next; /* the request that came */
	uint64_t next_id;
	bool has_next, busy, shutdown;

	/* the control thread's own */
	struct sl_decoder decoder;
	bool configured;
	uint64_t current; /* request that orders may be for */
};

/* ---- the control thread ---- */

static void complain(const char *what)
{
	dprintf(STDERR_FILENO, "sluice worker: %s\n", what);
}

/* There is no resynchronising, and no way to say so in frames: the serving
 * thread may be in the middle of one. */
static _Noreturn void protocol_fault(const char *what)
{
	complain(what);
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
	struct sl_error err;
	sl_error_clear(&err);
	if (sl_configure_parse(f, &m, &err) != 0)
		protocol_fault(err.message);
	if (m.version != SL_PROTOCOL_VERSION || m.max_frame < SL_FRAME_CAP_FLOOR
	    || m.max_frame > SL_FRAME_CAP_CEILING)
		protocol_fault("the runner configured a version or a frame cap that was not offered");
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
		protocol_fault("the runner used a request id again");
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

static void on_order(struct sl_serve *s, const struct sl_frame *f, enum sl_order order)
{
	static const uint64_t one = 1;
	if (f->head.request != s->current || atomic_load(&s->order) >= (int)order)
		return; /* late, or told already */
	if (atomic_exchange(&s->order, order) == SL_ORDER_NONE)
		(void)!write(s->wake, &one, sizeof one);
}

static void on_shutdown(struct sl_serve *s)
{
	pthread_mutex_lock(&s->lock);
	s->shutdown = true;
	pthread_cond_signal(&s->arrived);
	pthread_mutex_unlock(&s->lock);
}

static void on_frame(struct sl_serve *s, const struct sl_frame *f)
{
	if (s->configured == (f->head.kind == SL_FRAME_CONFIGURE))
		protocol_fault("the runner's first frame must be configure, and no other");
	switch (f->head.kind) {
	case SL_FRAME_CONFIGURE: on_configure(s, f); break;
	case SL_FRAME_REQUEST: on_request(s, f); break;
	case SL_FRAME_STOP: on_order(s, f, SL_ORDER_STOP); break;
	case SL_FRAME_CANCEL: on_order(s, f, SL_ORDER_CANCEL); break;
	case SL_FRAME_SHUTDOWN: on_shutdown(s); break;
	default: protocol_fault("the runner sent a frame that only workers send");
	}
}

/* false: told to end. */
static bool read_more(struct sl_serve *s)
{
	struct pollfd p[2] = { { .fd = s->in, .events = POLLIN }, { .fd = s->quit, .events = POLLIN } };
	if (poll(p, 2, -1) < 0)
		return true; /* interrupted */
	if (p[1].revents != 0)
		return false;
	size_t size;
	char *at = sl_decoder_room(&s->decoder, READ_SIZE, &size);
	if (at == NULL)
		protocol_fault("no memory for what the runner sends");
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
	struct sl_error err;
	sl_error_clear(&err);
	while (read_more(s)) {
		int rc;
		while ((rc = sl_decoder_next(&s->decoder, &frame, &err)) == 1)
			on_frame(s, &frame);
		if (rc < 0)
			protocol_fault(err.message);
		sl_decoder_trim(&s->decoder, KEEP_BYTES);
	}
	return NULL;
}

/* The signals are for the threads of the user. */
static int start_control(struct sl_serve *s)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&s->control, NULL, control_main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void end_control(struct sl_serve *s)
{
	static const uint64_t one = 1;
	(void)!write(s->quit, &one, sizeof one);
	pthread_join(s->control, NULL);
}

/* ---- what a request says ---- */

const char *sl_request_text(const struct sl_request *rq, size_t *len)
{
	*len = rq->message.json.len;
	return rq->message.json.bytes;
}

uint64_t sl_request_id(const struct sl_request *rq)
{
	return rq->id;
}

enum sl_order sl_request_order(const struct sl_request *rq)
{
	return (enum sl_order)atomic_load_explicit(&rq->serve->order, memory_order_relaxed);
}

int sl_request_wake_fd(const struct sl_request *rq)
{
	return rq->serve->wake;
}

uint32_t sl_request_cap(const struct sl_request *rq)
{
	return atomic_load_explicit(&rq->serve->cap, memory_order_relaxed);
}

/* ---- emitting ---- */

/* What every emit asks first. A parent that is gone wants no more rows. */
static enum sl_emitted look_at_orders(struct sl_request *rq)
{
	enum sl_order order = sl_request_order(rq);
	if (__builtin_expect(order == SL_ORDER_NONE, 1))
		return SL_EMITTED;
	if (rq->told == SL_ORDER_NONE)
		rq->failed_before = rq->failure.kind != SL_NONE;
	rq->told = order;
	return order == SL_ORDER_STOP ? SL_EMITTED_STOP : SL_EMITTED_CANCEL;
}

void sl_request_obey(struct sl_request *rq)
{
	look_at_orders(rq);
}

static enum sl_emitted gone(struct sl_request *rq)
{
	rq->told = SL_ORDER_CANCEL;
	return SL_EMITTED_CANCEL;
}

static enum sl_emitted refuse_row(struct sl_stream *s, struct sl_text name, struct sl_error *err)
{
	sl_error_text(err, SL_D_STREAM, name.bytes != NULL ? name.bytes : "", name.len);
	sl_error_number(err, SL_D_SEQUENCE, s != NULL ? (int64_t)s->seal.rows : 0);
	return SL_EMITTED_REFUSED;
}

static enum sl_emitted too_large(struct sl_request *rq, struct sl_stream *s, struct sl_text name,
                                 size_t size, struct sl_error *err)
{
	char quoted[64];
	sl_fail(err, SL_FRAME_TOO_LARGE, 0,
	        "row %" PRIu64 " of stream \"%s\" has %zu bytes, over the cap of %" PRIu32,
	        s != NULL ? s->seal.rows : 0, sl_quote(quoted, sizeof quoted, name.bytes, name.len),
	        size, sl_request_cap(rq));
	sl_error_number(err, SL_D_SIZE, (int64_t)size);
	sl_error_number(err, SL_D_LIMIT, sl_request_cap(rq));
	return refuse_row(s, name, err);
}

/* Declare a stream: its frame leaves together with the first row. */
static struct sl_stream *open_stream(struct sl_request *rq, struct sl_text name,
                                     struct sl_error *err)
{
	struct sl_stream *s = sl_ledger_add(&rq->ledger, name.bytes, name.len, err);
	if (s == NULL)
		return NULL;
	struct sl_header head = {
		.length = (uint32_t)name.len,
		.version = SL_PROTOCOL_VERSION,
		.kind = SL_FRAME_STREAM,
		.stream = s->seal.stream,
		.request = rq->id,
	};
	sl_emitter_put(rq->serve->emitter, &head, name.bytes, true);
	return s;
}

enum sl_emitted sl_request_row(struct sl_request *rq, struct sl_text stream,
                               struct sl_text payload, struct sl_error *err)
{
	enum sl_emitted order = look_at_orders(rq);
	if (order != SL_EMITTED)
		return order;
	struct sl_stream *s = sl_ledger_find(&rq->ledger, stream.bytes, stream.len);
	if (payload.len > sl_request_cap(rq))
		return too_large(rq, s, stream, payload.len, err);
	if (s == NULL && (s = open_stream(rq, stream, err)) == NULL)
		return refuse_row(NULL, stream, err);
	struct sl_header head = {
		.length = (uint32_t)payload.len,
		.version = SL_PROTOCOL_VERSION,
		.kind = SL_FRAME_ROW,
		.stream = s->seal.stream,
		.request = rq->id,
		.sequence = s->seal.rows,
	};
	sl_stream_count(s, payload.bytes, payload.len);
	return sl_emitter_put(rq->serve->emitter, &head, payload.bytes, false) == 0 ? SL_EMITTED
	                                                                            : gone(rq);
}

uint64_t sl_request_sequence(struct sl_request *rq, struct sl_text stream)
{
	struct sl_stream *s = sl_ledger_find(&rq->ledger, stream.bytes, stream.len);
	return s != NULL ? s->seal.rows : 0;
}

static enum sl_emitted put_out(struct sl_request *rq, bool hold)
{
	struct sl_buffer *out = &rq->serve->out;
	int rc = sl_emitter_put_frames(rq->serve->emitter, sl_buffer_data(out),
	                               sl_buffer_len(out), hold);
	sl_buffer_consume(out, sl_buffer_len(out));
	return rc == 0 ? SL_EMITTED : gone(rq);
}

/* At most n bytes, without cutting a character in two. */
static struct sl_text cut(struct sl_text t, size_t n)
{
	if (t.len <= n)
		return t;
	while (n > 0 && ((unsigned char)t.bytes[n] & 0xC0) == 0x80)
		n--;
	return (struct sl_text){ t.bytes, n };
}

enum sl_emitted sl_request_diagnostic(struct sl_request *rq, struct sl_text code,
                                      struct sl_text message)
{
	enum { CODE_LIMIT = 256, OVERHEAD = 16 };
	enum sl_emitted order = look_at_orders(rq);
	if (order == SL_EMITTED_CANCEL)
		return order;
	struct sl_diagnostic m = { .code = cut(code, CODE_LIMIT) };
	m.message = cut(message, sl_request_cap(rq) - CODE_LIMIT - OVERHEAD);
	if (sl_diagnostic_encode(&rq->serve->out, rq->id, &m) != 0)
		return order; /* no memory for a message: the rows matter more */
	enum sl_emitted put = put_out(rq, false);
	return put != SL_EMITTED ? put : order;
}

static bool progress_is_due(struct sl_request *rq)
{
	uint64_t now = sl_clock_ns(), earned = (now - rq->progress_ns) / PROGRESS_NS;
	if (earned > 0) {
		rq->progress_ns = now;
		rq->progress_budget += earned > PROGRESS_BUDGET ? PROGRESS_BUDGET : (int)earned;
		if (rq->progress_budget > PROGRESS_BUDGET)
			rq->progress_budget = PROGRESS_BUDGET;
	}
	if (rq->progress_budget == 0)
		return false;
	rq->progress_budget--;
	return true;
}

static enum sl_emitted send_progress(struct sl_request *rq, const struct sl_progress *m, bool hold)
{
	rq->progress_waits = false;
	if (sl_progress_encode(&rq->serve->out, rq->id, m) != 0)
		return SL_EMITTED;
	return put_out(rq, hold);
}

enum sl_emitted sl_request_progress(struct sl_request *rq, const struct sl_progress *progress)
{
	enum sl_emitted order = look_at_orders(rq);
	if (order != SL_EMITTED)
		return order;
	struct sl_progress m = *progress;
	m.phase = cut(m.phase, sizeof rq->phase);
	if (progress_is_due(rq))
		return send_progress(rq, &m, false);
	if (m.phase.len > 0)
		memcpy(rq->phase, m.phase.bytes, m.phase.len);
	m.phase.bytes = rq->phase;
	rq->progress = m;
	rq->progress_waits = true;
	return SL_EMITTED;
}

void sl_request_flush(struct sl_request *rq)
{
	sl_emitter_flush(rq->serve->emitter);
}

int sl_request_result(struct sl_request *rq, const char *json, size_t len)
{
	sl_buffer_consume(&rq->result, sl_buffer_len(&rq->result));
	rq->has_result = sl_buffer_append(&rq->result, json, len) == 0;
	return rq->has_result ? 0 : -1;
}

void sl_request_fail(struct sl_request *rq, const struct sl_error *why)
{
	if (rq->failure.kind == SL_NONE)
		rq->failure = *why;
}

void sl_request_fail_detail(struct sl_request *rq, enum sl_detail detail, int64_t value)
{
	sl_error_number(&rq->failure, detail, value);
}

const struct sl_error *sl_request_failure(const struct sl_request *rq)
{
	return &rq->failure;
}

/* ---- outcomes ---- */

static struct sl_text result_text(const struct sl_request *rq)
{
	return (struct sl_text){ sl_buffer_data(&rq->result), sl_buffer_len(&rq->result) };
}

static int collect_seals(struct sl_request *rq, struct sl_summary *m)
{
	m->seal_count = rq->ledger.count;
	if (m->seal_count == 0)
		return 0;
	m->seals = malloc(m->seal_count * sizeof *m->seals);
	if (m->seals == NULL)
		return -1;
	for (uint16_t i = 0; i < rq->ledger.count; i++)
		m->seals[i] = sl_ledger_stream(&rq->ledger, (uint16_t)(i + 1))->seal;
	return 0;
}

static int encode_summary(struct sl_request *rq, struct sl_buffer *out)
{
	struct sl_summary m = {
		.stopped = sl_request_order(rq) == SL_ORDER_STOP,
		.elapsed_ns = sl_clock_ns() - rq->started_ns,
		.has_metadata = rq->has_result,
	};
	if (rq->has_result)
		m.metadata = result_text(rq);
	int rc = collect_seals(rq, &m);
	if (rc == 0)
		rc = sl_summary_encode(out, rq->id, &m);
	sl_summary_clear(&m);
	return rc;
}

static int encode_reply(struct sl_request *rq, struct sl_buffer *out)
{
	struct sl_text json = rq->has_result ? result_text(rq) : sl_text_of("null");
	return sl_raw_encode(out, SL_FRAME_REPLY, rq->id, 0, 0, json.bytes, json.len);
}

/* Success, or the reason why there is none after all. */
static int encode_success(struct sl_request *rq, struct sl_buffer *out)
{
	bool call = rq->message.type == SL_EXPORT_CALL;
	if ((call ? encode_reply(rq, out) : encode_summary(rq, out)) != 0)
		return sl_fail(&rq->failure, SL_EXPORT_FAILED, ENOMEM, "no memory for the outcome");
	size_t size = sl_buffer_len(out) - SL_HEADER_SIZE;
	if (size <= sl_request_cap(rq))
		return 0;
	sl_buffer_consume(out, sl_buffer_len(out));
	sl_fail(&rq->failure, SL_FRAME_TOO_LARGE, 0,
	        "the export's %s has %zu bytes, over the cap of %" PRIu32,
	        call ? "reply" : "metadata", size, sl_request_cap(rq));
	sl_error_number(&rq->failure, SL_D_SIZE, (int64_t)size);
	return sl_error_number(&rq->failure, SL_D_LIMIT, sl_request_cap(rq));
}

static void encode_failure(struct sl_request *rq, struct sl_buffer *out)
{
	struct sl_text name = rq->message.export_name;
	sl_error_text(&rq->failure, SL_D_EXPORT, name.bytes, name.len);
	sl_failure_encode(out, rq->id, &rq->failure);
}

/* An order decides only if it did its work: an export that failed on its own
 * before it was told to stop has failed. */
static void decide(struct sl_request *rq)
{
	if (sl_request_order(rq) == SL_ORDER_CANCEL || rq->told == SL_ORDER_CANCEL) {
		sl_error_clear(&rq->failure);
		sl_fail(&rq->failure, SL_CANCELLED, 0, "the request was cancelled");
	} else if (rq->told == SL_ORDER_STOP && !rq->failed_before) {
		sl_error_clear(&rq->failure);
	}
}

static void finish(struct sl_request *rq)
{
	struct sl_serve *s = rq->serve;
	decide(rq);
	if (rq->progress_waits)
		send_progress(rq, &rq->progress, true);
	if (rq->failure.kind != SL_NONE || encode_success(rq, &s->out) != 0)
		encode_failure(rq, &s->out);
	sl_plain_encode(&s->out, SL_FRAME_READY, rq->id);
	pthread_mutex_lock(&s->lock);
	s->busy = false; /* before the parent can know, and send the next one */
	pthread_mutex_unlock(&s->lock);
	put_out(rq, true);
	sl_emitter_flush(s->emitter);
}

/* ---- one request after the other ---- */

static const char *type_name(enum sl_export_type type)
{
	return type == SL_EXPORT_CALL ? "a call, which gives one value" : "an export of rows";
}

static int find_export(struct sl_request *rq, uint32_t *which)
{
	const struct sl_service *service = rq->serve->service;
	struct sl_text name = rq->message.export_name;
	char quoted[128];
	sl_quote(quoted, sizeof quoted, name.len > 0 ? name.bytes : "", name.len);
	for (uint32_t i = 0; i < service->export_count; i++) {
		const struct sl_export_name *e = &service->exports[i];
		if (e->name.len != name.len || memcmp(e->name.bytes, name.bytes, name.len) != 0)
			continue;
		*which = i;
		if (e->type == rq->message.type)
			return 0;
		return sl_fail(&rq->failure, SL_EXPORT_FAILED, 0, "\"%s\" is %s, not %s", quoted,
		               type_name(e->type), type_name(rq->message.type));
	}
	return sl_fail(&rq->failure, SL_EXPORT_FAILED, 0, "the worker has no export \"%s\"", quoted);
}

static int read_request(struct sl_request *rq)
{
	struct sl_buffer *text = &rq->serve->text;
	struct sl_frame f = {
		.head = { .length = (uint32_t)(sl_buffer_len(text) - 1), .kind = SL_FRAME_REQUEST },
		.payload = sl_buffer_data(text),
	};
	return sl_request_parse(&f, &rq->message, &rq->failure);
}

static void run_request(struct sl_request *rq)
{
	uint32_t which = 0;
	const struct sl_service *service = rq->serve->service;
	if (read_request(rq) == 0 && find_export(rq, &which) == 0)
		service->run(service->user, rq, which);
	if (getpid() != rq->serve->pid)
		_exit(EXIT_SUCCESS); /* a forked child that came back here */
	finish(rq);
}

static void serve_one(struct sl_serve *s, uint64_t id)
{
	struct sl_request *rq = &s->request;
	*rq = (struct sl_request){ .serve = s, .id = id, .started_ns = sl_clock_ns() };
	rq->progress_budget = PROGRESS_BUDGET;
	rq->progress_ns = rq->started_ns;
	sl_ledger_init(&rq->ledger);
	sl_buffer_init(&rq->result);
	sl_error_clear(&rq->failure);
	run_request(rq);
	sl_buffer_clear(&rq->result);
	sl_ledger_clear(&rq->ledger);
	sl_buffer_consume(&s->text, sl_buffer_len(&s->text));
	sl_buffer_trim(&s->text, KEEP_BYTES);
	sl_buffer_trim(&s->out, KEEP_BYTES);
}

/* Wait for a request and make it s->text: its id, or 0 at shutdown. */
static uint64_t await_request(struct sl_serve *s)
{
	uint64_t id = 0;
	pthread_mutex_lock(&s->lock);
	while (!s->has_next && !s->shutdown)
		pthread_cond_wait(&s->arrived, &s->lock);
	if (s->has_next) {
		struct sl_buffer empty = s->text;
		s->text = s->next;
		s->next = empty;
		s->has_next = false;
		id = s->next_id;
	}
	pthread_mutex_unlock(&s->lock);
	return id;
}

/* ---- life ---- */

static int introduce(struct sl_serve *s, struct sl_error *err)
{
	const struct sl_service *service = s->service;
	struct sl_hello m = {
		.version_min = SL_PROTOCOL_VERSION,
		.version_max = SL_PROTOCOL_VERSION,
		.max_frame = SL_FRAME_CAP_CEILING,
		.name = sl_text_of(service->name != NULL ? service->name : ""),
		.version = sl_text_of(service->version != NULL ? service->version : ""),
		.runtime = sl_text_of(RUNTIME_NAME),
		.export_count = service->export_count,
	};
	if (service->export_count > SL_EXPORT_LIMIT)
		return sl_fail(err, SL_SPAWN, 0, "more than %d exports", SL_EXPORT_LIMIT);
	if (sl_buffer_append(&s->out, SL_MAGIC, SL_MAGIC_SIZE) != 0
	    || sl_hello_encode(&s->out, &m, service->exports) != 0)
		return sl_fail(err, SL_SPAWN, ENOMEM, "no memory to introduce the worker");
	if (sl_buffer_len(&s->out) - SL_MAGIC_SIZE - SL_HEADER_SIZE > SL_FRAME_CAP_FLOOR)
		return sl_fail(err, SL_SPAWN, 0, "the names of the exports are too long together");
	sl_emitter_put_frames(s->emitter, sl_buffer_data(&s->out), sl_buffer_len(&s->out), false);
	sl_buffer_consume(&s->out, sl_buffer_len(&s->out));
	return 0;
}

static int prepare(struct sl_serve *s, const struct sl_transport *t, struct sl_error *err)
{
	sl_decoder_init(&s->decoder, SL_FRAME_CAP_FLOOR);
	atomic_store(&s->cap, SL_FRAME_CAP_FLOOR);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->arrived, NULL);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->quit = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->emitter = sl_emitter_new(t->out);
	if (s->wake < 0 || s->quit < 0 || s->emitter == NULL)
		return sl_fail(err, SL_SPAWN, errno, "the worker could not be set up");
	return 0;
}

static void release(struct sl_serve *s)
{
	sl_emitter_free(s->emitter);
	if (s->wake >= 0)
		close(s->wake);
	if (s->quit >= 0)
		close(s->quit);
	pthread_cond_destroy(&s->arrived);
	pthread_mutex_destroy(&s->lock);
	sl_decoder_clear(&s->decoder);
	sl_buffer_clear(&s->next);
	sl_buffer_clear(&s->text);
	sl_buffer_clear(&s->out);
	free(s);
}

static int serve_all(struct sl_serve *s, struct sl_error *err)
{
	if (introduce(s, err) != 0)
		return -1;
	int rc = start_control(s);
	if (rc != 0)
		return sl_fail(err, SL_SPAWN, rc, "no thread for the worker");
	uint64_t id;
	while ((id = await_request(s)) != 0)
		serve_one(s, id);
	end_control(s);
	return 0;
}

int sl_serve(const struct sl_transport *t, const struct sl_service *service)
{
	struct sl_error err;
	sl_error_clear(&err);
	struct sl_serve *s = calloc(1, sizeof *s);
	if (s == NULL) {
		sl_fail(&err, SL_SPAWN, ENOMEM, "no memory for the worker");
		return sl_serve_refuse(t, &err);
	}
	s->service = service;
	s->in = t->in;
	s->pid = getpid();
	int rc = prepare(s, t, &err);
	if (rc == 0)
		rc = serve_all(s, &err);
	release(s);
	return rc == 0 ? EXIT_SUCCESS : sl_serve_refuse(t, &err);
}

static int write_fully(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int sl_serve_refuse(const struct sl_transport *t, const struct sl_error *why)
{
	struct sl_buffer out;
	sl_buffer_init(&out);
	signal(SIGPIPE, SIG_IGN);
	if (sl_buffer_append(&out, SL_MAGIC, SL_MAGIC_SIZE) == 0
	    && sl_failure_encode(&out, 0, why) == 0)
		write_fully(t->out, sl_buffer_data(&out), sl_buffer_len(&out));
	sl_buffer_clear(&out);
	return sl_error_exit_code(why);
}
