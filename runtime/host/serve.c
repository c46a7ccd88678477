/* serve.c - see serve.h and serving.h */
#include "host/serving.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define RUNTIME_NAME "sluice"

/* ---- outcomes ---- */

static int encode_summary(struct sl_request *rq, struct sl_buffer *out)
{
	struct sl_summary m = {
		.stopped = sl_request_order(rq) == SL_ORDER_STOP,
		.elapsed_ns = (uint64_t)sl_now_ns() - rq->started_ns,
		.has_metadata = rq->has_result,
		.seal_count = rq->ledger.count,
	};
	if (rq->has_result)
		m.metadata = sl_text_of_buffer(&rq->result);
	for (uint32_t i = 0; i < m.seal_count; i++)
		m.seals[i] = sl_ledger_stream(&rq->ledger, (uint16_t)(i + 1))->seal;
	return sl_summary_encode(out, rq->id, &m);
}

static int encode_reply(struct sl_request *rq, struct sl_buffer *out)
{
	struct sl_text json = rq->has_result ? sl_text_of_buffer(&rq->result) : sl_text_of("null");
	return sl_raw_encode(out, SL_FRAME_REPLY, rq->id, 0, 0, json.bytes, json.len);
}

/* Encodes success, or sets the reason why there is none after all. */
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

/* An order decides only if it took effect: an export that failed on its own
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
		sl_emit_progress(rq, &rq->progress, true);
	if (rq->failure.kind != SL_NONE || encode_success(rq, &s->out) != 0)
		encode_failure(rq, &s->out);
	sl_plain_encode(&s->out, SL_FRAME_READY, rq->id);
	pthread_mutex_lock(&s->lock);
	s->busy = false; /* before the parent can know and send the next one */
	pthread_mutex_unlock(&s->lock);
	sl_emit_out(rq, true);
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
		if (!sl_text_equal(e->name, name))
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
	fflush(stdout); /* a last line without a newline belongs to this request */
	finish(rq);
}

static void serve_one(struct sl_serve *s, uint64_t id)
{
	struct sl_request *rq = &s->request;
	uint64_t now = (uint64_t)sl_now_ns();
	*rq = (struct sl_request){ .serve = s, .id = id, .started_ns = now, .progress_ns = now,
		                   .progress_budget = SL_PROGRESS_BUDGET };
	run_request(rq);
	sl_buffer_clear(&rq->result);
	sl_ledger_clear(&rq->ledger);
	sl_buffer_consume(&s->text, sl_buffer_len(&s->text));
	sl_buffer_trim(&s->text, SL_SERVE_KEEP_BYTES);
	sl_buffer_trim(&s->out, SL_SERVE_KEEP_BYTES);
}

/* Waits for a request and makes it s->text. Returns its id, or 0 at shutdown. */
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
		struct sl_buffer streams = s->streams;
		s->streams = s->next_streams;
		s->next_streams = streams;
		s->chooses = s->next_chooses;
		s->next_chooses = false;
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
	sl_features_list(&sl_known_features, service->features, &m.features);
	if (sl_buffer_append(&s->out, SL_MAGIC, SL_MAGIC_SIZE) != 0
	    || sl_hello_encode(&s->out, &m, service->exports) != 0)
		return sl_fail(err, SL_SPAWN, ENOMEM, "no memory to introduce the worker");
	if (sl_buffer_len(&s->out) - SL_MAGIC_SIZE - SL_HEADER_SIZE > SL_FRAME_CAP_FLOOR)
		return sl_fail(err, SL_SPAWN, 0, "the names of the exports are too long in total");
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
	sl_buffer_clear(&s->next_streams);
	sl_buffer_clear(&s->streams);
	sl_buffer_clear(&s->text);
	sl_buffer_clear(&s->out);
	free(s);
}

static int serve_all(struct sl_serve *s, struct sl_error *err)
{
	int rc = sl_control_start(s); /* after the hello it would be too late to report a failure */
	if (rc != 0)
		return sl_fail(err, SL_SPAWN, rc, "cannot start a thread for the worker: %s", strerror(rc));
	bool introduced = introduce(s, err) == 0;
	sl_control_go(s);
	if (!introduced) {
		sl_control_end(s);
		return -1;
	}
	uint64_t id;
	while ((id = await_request(s)) != 0)
		serve_one(s, id);
	sl_control_end(s);
	return 0;
}

int sl_serve(const struct sl_transport *t, const struct sl_service *service)
{
	SL_ERROR(err);
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

static void write_fully(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, bytes, len));
		if (n < 0)
			return;
		bytes += n;
		len -= (size_t)n;
	}
}

int sl_serve_refuse(const struct sl_transport *t, const struct sl_error *why)
{
	struct sl_buffer out = { 0 };
	signal(SIGPIPE, SIG_IGN);
	if (sl_buffer_append(&out, SL_MAGIC, SL_MAGIC_SIZE) == 0
	    && sl_failure_encode(&out, 0, why) == 0)
		write_fully(t->out, sl_buffer_data(&out), sl_buffer_len(&out));
	sl_buffer_clear(&out);
	return sl_error_exit_code(why);
}
