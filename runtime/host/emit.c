/* emit.c - what an export calls; see serve.h and serving.h */
#include "host/serving.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

#define PROGRESS_NS (20u * 1000 * 1000)

/* ---- what a request says ---- */

const char *sl_request_text(const struct sl_request *rq, size_t *len)
{
	*len = rq->message.json.len;
	return rq->message.json.bytes;
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

/* Every emit calls this first. */
enum sl_emitted sl_request_obey(struct sl_request *rq)
{
	enum sl_order order = sl_request_order(rq);
	if (__builtin_expect(order == SL_ORDER_NONE, 1))
		return SL_EMITTED;
	if (rq->told == SL_ORDER_NONE)
		rq->failed_before = rq->failure.kind != SL_NONE;
	rq->told = order;
	return order == SL_ORDER_STOP ? SL_EMITTED_STOP : SL_EMITTED_CANCEL;
}

/* A parent that is gone wants no more rows. */
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
	        "stream \"%s\", sequence %" PRIu64 ": %zu bytes, over the cap of %" PRIu32,
	        sl_quote(quoted, sizeof quoted, name.bytes, name.len), s != NULL ? s->seal.rows : 0,
	        size, sl_request_cap(rq));
	sl_error_number(err, SL_D_SIZE, (int64_t)size);
	sl_error_number(err, SL_D_LIMIT, sl_request_cap(rq));
	return refuse_row(s, name, err);
}

/* Declares a stream; its frame leaves together with the first row. */
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
	enum sl_emitted order = sl_request_obey(rq);
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
	rq->line += rq->step; /* the runner counts like this: it does not see refused rows */
	return sl_emitter_put(rq->serve->emitter, &head, payload.bytes, false) == 0 ? SL_EMITTED
	                                                                            : gone(rq);
}

/* ---- what the features bring ---- */

static bool has(const struct sl_request *rq, enum sl_feature feature)
{
	return sl_features_have(rq->serve->features, feature);
}

void sl_request_place(struct sl_request *rq, const char *file, uint64_t line, uint64_t step)
{
	bool is_known = rq->line == line && rq->file == file && rq->step == step;
	rq->line = line;
	rq->file = file;
	rq->step = step;
	if (is_known || !has(rq, SL_FEATURE_PLACES))
		return;
	struct sl_place m = { sl_text_of(file != NULL ? file : ""), line, step };
	if (sl_place_encode(&rq->serve->out, rq->id, &m) == 0)
		sl_emit_out(rq, true);
}

bool sl_request_takes_bad_lines(const struct sl_request *rq)
{
	return has(rq, SL_FEATURE_BAD_LINES);
}

enum sl_emitted sl_request_bad_line(struct sl_request *rq, const struct sl_bad_line *line)
{
	enum sl_emitted order = sl_request_obey(rq);
	if (order != SL_EMITTED)
		return order;
	if (sl_bad_line_encode(&rq->serve->out, rq->id, line) != 0)
		return gone(rq);
	return sl_emit_out(rq, false);
}

bool sl_request_takes_stream(const struct sl_request *rq, struct sl_text stream)
{
	const struct sl_buffer *names = &rq->serve->streams;
	const char *at = sl_buffer_data(names), *end = at + sl_buffer_len(names);
	while (at < end) {
		size_t len = strlen(at); /* each has its NUL: on_streams has checked that */
		if (sl_text_equal((struct sl_text){ at, len }, stream))
			return true;
		at += len + 1;
	}
	return !rq->serve->chooses;
}

bool sl_request_has_room(struct sl_request *rq, struct sl_text stream)
{
	return rq->ledger.count < SL_STREAM_LIMIT || sl_ledger_find(&rq->ledger, stream.bytes, stream.len) != NULL;
}

uint64_t sl_request_sequence(struct sl_request *rq, struct sl_text stream)
{
	struct sl_stream *s = sl_ledger_find(&rq->ledger, stream.bytes, stream.len);
	return s != NULL ? s->seal.rows : 0;
}

enum sl_emitted sl_emit_out(struct sl_request *rq, bool hold)
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
	return (struct sl_text){ t.bytes, sl_utf8_floor(t.bytes, t.len, n) };
}

enum sl_emitted sl_request_diagnostic(struct sl_request *rq, struct sl_text code,
                                      struct sl_text message)
{
	enum { CODE_LIMIT = 256, OVERHEAD = 16 };
	enum sl_emitted order = sl_request_obey(rq);
	if (order == SL_EMITTED_CANCEL)
		return order;
	struct sl_diagnostic m = { .code = cut(code, CODE_LIMIT) };
	m.message = cut(message, sl_request_cap(rq) - CODE_LIMIT - OVERHEAD);
	if (sl_diagnostic_encode(&rq->serve->out, rq->id, &m) != 0)
		return order; /* no memory for a message: the rows matter more */
	enum sl_emitted put = sl_emit_out(rq, false);
	return put != SL_EMITTED ? put : order;
}

static bool progress_is_due(struct sl_request *rq)
{
	uint64_t now = (uint64_t)sl_now_ns(), earned = (now - rq->progress_ns) / PROGRESS_NS;
	if (earned > 0) {
		rq->progress_ns = now;
		rq->progress_budget += earned > SL_PROGRESS_BUDGET ? SL_PROGRESS_BUDGET : (int)earned;
		if (rq->progress_budget > SL_PROGRESS_BUDGET)
			rq->progress_budget = SL_PROGRESS_BUDGET;
	}
	if (rq->progress_budget == 0)
		return false;
	rq->progress_budget--;
	return true;
}

enum sl_emitted sl_emit_progress(struct sl_request *rq, const struct sl_progress *m, bool hold)
{
	rq->progress_waits = false;
	if (sl_progress_encode(&rq->serve->out, rq->id, m) != 0)
		return SL_EMITTED;
	return sl_emit_out(rq, hold);
}

enum sl_emitted sl_request_progress(struct sl_request *rq, const struct sl_progress *progress)
{
	enum sl_emitted order = sl_request_obey(rq);
	if (order != SL_EMITTED)
		return order;
	struct sl_progress m = *progress;
	m.phase = cut(m.phase, sizeof rq->phase);
	if (progress_is_due(rq))
		return sl_emit_progress(rq, &m, false);
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

struct sl_error *sl_request_failure(struct sl_request *rq)
{
	return &rq->failure;
}
