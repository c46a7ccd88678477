/* session.c - see session.h */
#include "supervise/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MS 1000000
/* A worker that keeps streaming after stop gets this many graces in all. */
#define STOP_GRACES 5
/* Memory that an idle worker's buffers may keep, bytes. */
#define KEEP_IDLE (256u * 1024)

void sl_session_init(struct sl_session *s, struct sl_json *json, uint32_t max_frame,
                     const struct sl_features *known, bool tolerant, int64_t startup_ns)
{
	*s = (struct sl_session){
		.json = json,
		.max_frame = max_frame,
		.known = known,
		.wanted = sl_features_all(known),
		.startup_ns = startup_ns,
	};
	sl_decoder_init(&s->in, SL_FRAME_CAP_FLOOR);
	sl_decoder_expect_magic(&s->in, tolerant);
}

void sl_session_clear(struct sl_session *s)
{
	sl_decoder_clear(&s->in);
	sl_buffer_clear(&s->out);
	sl_buffer_clear(&s->hello_bytes);
	sl_buffer_clear(&s->result);
	sl_outline_clear(&s->outline);
	sl_ledger_clear(&s->ledger);
	sl_buffer_clear(&s->place.file);
}

void sl_session_sent(struct sl_session *s, size_t n)
{
	sl_buffer_consume(&s->out, n);
}

/* ---- frames ---- */

typedef int take(struct sl_session *s, const struct sl_frame *f, struct sl_error *err);

static const char *state_words(const struct sl_session *s)
{
	switch (s->state) {
	case SL_SESSION_HELLO: return "before its hello";
	case SL_SESSION_IDLE: return "while no request was running";
	case SL_SESSION_ACTIVE: return s->type == SL_EXPORT_CALL ? "in the middle of a call"
	                                                         : "in the middle of a request for rows";
	case SL_SESSION_SETTLING: return "after the end of its request";
	case SL_SESSION_OVER: break;
	}
	return "after the end";
}

static int out_of_place(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	return sl_fail(err, s->state == SL_SESSION_HELLO ? SL_HANDSHAKE : SL_PROTOCOL, 0,
	               "the worker sent a %s frame %s (byte %" PRIu64 ")",
	               sl_frame_kind_name(f->head.kind), state_words(s), f->offset);
}

/* Keep the payload: its strings are borrowed from it. */
static int take_hello(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_frame kept = *f;
	if (sl_buffer_append(&s->hello_bytes, f->payload, f->head.length) != 0)
		return sl_fail(err, SL_HANDSHAKE, ENOMEM, "no memory for the worker's hello");
	kept.payload = sl_buffer_data(&s->hello_bytes);
	if (sl_hello_parse(&kept, &s->hello, err) != 0) {
		err->kind = SL_HANDSHAKE;
		return -1;
	}
	if (s->hello.version_min > SL_PROTOCOL_VERSION || s->hello.version_max < SL_PROTOCOL_VERSION)
		return sl_fail(err, SL_HANDSHAKE, 0,
		               "the worker speaks protocol versions %u to %u, this sluice speaks %u",
		               s->hello.version_min, s->hello.version_max, SL_PROTOCOL_VERSION);
	if (s->hello.max_frame < SL_FRAME_CAP_FLOOR)
		return sl_fail(err, SL_HANDSHAKE, 0,
		               "the worker accepts frames of at most %" PRIu32 " bytes, and the minimum is %u",
		               s->hello.max_frame, SL_FRAME_CAP_FLOOR);
	if (s->max_frame > s->hello.max_frame)
		s->max_frame = s->hello.max_frame;
	s->features = sl_features_among(s->known, &s->hello.features) & s->wanted;
	struct sl_configure configure = { .version = SL_PROTOCOL_VERSION, .max_frame = s->max_frame };
	sl_features_list(s->known, s->features, &configure.features);
	if (sl_configure_encode(&s->out, 0, &configure) != 0)
		return sl_fail(err, SL_HANDSHAKE, ENOMEM, "no memory to answer the worker's hello");
	sl_decoder_set_cap(&s->in, s->max_frame);
	s->state = SL_SESSION_IDLE;
	s->startup_ns = 0;
	s->event.kind = SL_EVENT_HELLO;
	return 1;
}

/* A worker may report failures of its own side, not kinds that the runner decides. */
static void keep_failure(struct sl_session *s)
{
	if (!sl_kind_is_anyones(s->failure.kind))
		s->failure.kind = SL_EXPORT_FAILED;
}

static int take_refusal(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	if (f->head.request != 0)
		return out_of_place(s, f, err);
	if (sl_failure_parse(f, &s->failure, err) != 0)
		return -1;
	keep_failure(s);
	s->state = SL_SESSION_OVER;
	s->event.kind = SL_EVENT_REFUSED;
	return 1;
}

static int take_stream(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	return sl_ledger_declare(&s->ledger, f->head.stream, f->payload, f->head.length, err);
}

static int take_row(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_stream *stream = sl_ledger_receive(&s->ledger, f->head.stream, f->head.sequence,
	                                             f->payload, f->head.length, err);
	if (stream == NULL)
		return -1;
	bool large = f->head.length >= SL_OUTLINE_LEAST &&
	             sl_outline_read(&s->outline, s->json, f->payload, f->head.length);
	if (!large && sl_json_parse(s->json, f->payload, f->head.length, err) != 0) {
		sl_error_text(err, SL_D_STREAM, stream->name, stream->name_len);
		return sl_error_number(err, SL_D_SEQUENCE, (int64_t)f->head.sequence);
	}
	s->event.kind = SL_EVENT_ROW;
	s->event.row = (struct sl_row){
		.stream = stream,
		.sequence = f->head.sequence,
		.text = f->payload,
		.len = f->head.length,
		.json = large ? NULL : s->json,
		.outline = large ? &s->outline : NULL,
		.line = s->place.line,
		.file = sl_buffer_len(&s->place.file) > 0 ? sl_buffer_data(&s->place.file) : NULL,
	};
	s->place.line += s->place.step;
	return 1;
}

/* Is the feature agreed that brings a kind of frames? */
static bool has(const struct sl_session *s, enum sl_feature feature)
{
	return s->known == &sl_known_features && sl_features_have(s->features, feature);
}

static int take_place(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_place m;
	if (!has(s, SL_FEATURE_PLACES))
		return out_of_place(s, f, err);
	if (sl_place_parse(f, &m, err) != 0)
		return -1;
	s->place.line = m.line;
	s->place.step = m.step;
	if (sl_buffer_set(&s->place.file, m.file.bytes, m.file.len) != 0 ||
	    (m.file.len > 0 && sl_buffer_append(&s->place.file, "", 1) != 0))
		return sl_fail(err, SL_PROTOCOL, ENOMEM, "no memory for the name of a file");
	return 0;
}

static int take_bad_line(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	if (!has(s, SL_FEATURE_BAD_LINES))
		return out_of_place(s, f, err);
	s->event.kind = SL_EVENT_BAD_LINE;
	return sl_bad_line_parse(f, &s->event.bad_line, err) == 0 ? 1 : -1;
}

static int take_diagnostic(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	s->event.kind = SL_EVENT_DIAGNOSTIC;
	return sl_diagnostic_parse(f, &s->event.diagnostic, err) == 0 ? 1 : -1;
}

static int take_progress(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	s->event.kind = SL_EVENT_PROGRESS;
	return sl_progress_parse(f, &s->event.progress, err) == 0 ? 1 : -1;
}

/* The result outlives the frame: it is reported only after ready. */
static int keep_result(struct sl_session *s, const char *what, const char *text, size_t len,
                       struct sl_error *err)
{
	SL_ERROR(why);
	if (sl_json_parse_copy(s->json, text, len, &why) != 0)
		return sl_fail(err, SL_PROTOCOL, 0, "the worker's %s is not valid JSON: %s", what, why.message);
	if (sl_buffer_append(&s->result, text, len) != 0)
		return sl_fail(err, SL_PROTOCOL, ENOMEM, "no memory for the worker's %s", what);
	s->has_result = true;
	return 0;
}

static int settle(struct sl_session *s, const struct sl_frame *f)
{
	s->terminal = f->head.kind;
	s->state = SL_SESSION_SETTLING;
	return 0;
}

static int take_summary(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_summary m;
	if (sl_summary_parse(f, &m, err) != 0 ||
	    sl_ledger_check(&s->ledger, m.seals, m.seal_count, err) != 0)
		return -1;
	if (m.has_metadata && keep_result(s, "metadata", m.metadata.bytes, m.metadata.len, err) != 0)
		return -1;
	s->stopped = m.stopped;
	return settle(s, f);
}

static int take_reply(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	if (keep_result(s, "reply", f->payload, f->head.length, err) != 0)
		return -1;
	return settle(s, f);
}

static int take_failure(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	if (s->state == SL_SESSION_HELLO)
		return take_refusal(s, f, err);
	if (sl_failure_parse(f, &s->failure, err) != 0)
		return -1;
	keep_failure(s);
	return settle(s, f);
}

static int take_ready(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	(void)f;
	(void)err;
	s->state = SL_SESSION_IDLE;
	s->request_ns = s->idle_ns = s->stop_ns = s->stop_most_ns = s->settle_ns = 0;
	s->event.kind = s->terminal == SL_FRAME_FAILURE ? SL_EVENT_FAILED : SL_EVENT_DONE;
	return 1;
}

/* What each frame from a worker does, when kinds.h allows it. */
#define TAKE_WORKER(name) take_##name
#define TAKE_RUNNER(name) NULL
static take *const takes[] = {
#define TAKE(id, code, name, sender, when, header) [SL_FRAME_##id] = TAKE_##sender(name),
	SL_FRAME_KINDS(TAKE)
#undef TAKE
};

static enum sl_when place_of(const struct sl_session *s)
{
	static const enum sl_when places[] = {
		[SL_SESSION_HELLO] = SL_AT_OPENING,
		[SL_SESSION_IDLE] = SL_AT_IDLE,
		[SL_SESSION_SETTLING] = SL_AT_SETTLING,
	};
	if (s->state == SL_SESSION_ACTIVE)
		return s->type == SL_EXPORT_CALL ? SL_AT_CALL : SL_AT_ROWS;
	return places[s->state];
}

static bool of_another_request(const struct sl_session *s, const struct sl_frame *f,
                               const struct sl_frame_rule *rule)
{
	bool running = s->state == SL_SESSION_ACTIVE || s->state == SL_SESSION_SETTLING;
	return running && rule->header >= SL_HAS_REQUEST && f->head.request != s->request;
}

static int other_request(const struct sl_session *s, const struct sl_frame *f,
                         struct sl_error *err)
{
	return sl_fail(err, SL_PROTOCOL, 0,
	               "the worker sent a %s frame of request %" PRIu64 " during request %" PRIu64 " (byte %" PRIu64 ")",
	               sl_frame_kind_name(f->head.kind), f->head.request, s->request, f->offset);
}

static int route_frame(struct sl_session *s, const struct sl_frame *f, struct sl_error *err)
{
	const struct sl_frame_rule *rule = sl_frame_rule(f->head.kind);
	int rc;
	if (of_another_request(s, f, rule))
		rc = other_request(s, f, err);
	else if (rule->sender == SL_FROM_WORKER && (rule->when & place_of(s)) != 0)
		rc = takes[f->head.kind](s, f, err);
	else
		rc = out_of_place(s, f, err);
	if (rc < 0) {
		s->state = SL_SESSION_OVER;
		sl_error_number(err, SL_D_OFFSET, (int64_t)f->offset); /* where the frame began */
	}
	return rc;
}

int sl_session_next(struct sl_session *s, struct sl_error *err)
{
	struct sl_frame f;
	while (s->state != SL_SESSION_OVER) {
		int rc = sl_decoder_next(&s->in, &f, err);
		if (rc == 1)
			rc = route_frame(s, &f, err);
		else if (rc == 0)
			return 0;
		else
			s->state = SL_SESSION_OVER;
		if (rc != 0)
			return rc;
	}
	return 0;
}

bool sl_session_has_row(const struct sl_session *s)
{
	return s->state == SL_SESSION_ACTIVE && sl_decoder_has(&s->in, SL_FRAME_ROW);
}

int sl_session_end(const struct sl_session *s, struct sl_error *err)
{
	return sl_decoder_end(&s->in, err);
}

/* ---- requests ---- */

/* Lists the exports of one type as "a, b, c", cut to fit; returns how many there are. */
static size_t list_exports(const struct sl_session *s, enum sl_export_type type,
                           char *out, size_t size, struct sl_text *last)
{
	size_t at = 0, count = 0, used = 0;
	struct sl_export_name e;
	out[0] = '\0';
	while (sl_hello_export(&s->hello, &at, &e)) {
		if (e.type != type)
			continue;
		*last = e.name;
		if (used + e.name.len + 3 < size) {
			if (count > 0)
				used += (size_t)sprintf(out + used, ", ");
			memcpy(out + used, e.name.bytes, e.name.len);
			used += e.name.len;
			out[used] = '\0';
		}
		count++;
	}
	return count;
}

static int no_such_export(const struct sl_session *s, const struct sl_request_options *o,
                          struct sl_error *err)
{
	bool call = o->type == SL_EXPORT_CALL;
	size_t at = 0;
	struct sl_export_name e;
	int len = (int)o->export_name.len;
	const char *name = o->export_name.bytes;
	while (sl_hello_export(&s->hello, &at, &e))
		if (sl_text_equal(e.name, o->export_name))
			return sl_fail(err, SL_USAGE, 0,
			               call ? "\"%.*s\" streams rows; it is not a call"
			                    : "\"%.*s\" is a call; it does not stream rows", len, name);
	char list[256];
	struct sl_text last;
	size_t count = list_exports(s, o->type, list, sizeof list, &last);
	return sl_fail(err, SL_USAGE, 0, "the worker has no %s \"%.*s\"; it has: %s",
	               call ? "call" : "export", len, name, count > 0 ? list : "none");
}

int sl_session_choose(const struct sl_session *s, const struct sl_request_options *o,
                      struct sl_text *name, struct sl_error *err)
{
	if (o->export_name.len == 0) {
		char list[256];
		size_t count = list_exports(s, o->type, list, sizeof list, name);
		if (count == 1)
			return 0;
		if (count == 0)
			return sl_fail(err, SL_USAGE, 0, "the worker has no export to run");
		sl_fail(err, SL_USAGE, 0, "the worker has several exports; name one of: %s", list);
		return sl_error_text(err, SL_D_OPTION, "--export", 8);
	}
	size_t at = 0;
	struct sl_export_name e;
	while (sl_hello_export(&s->hello, &at, &e))
		if (e.type == o->type && sl_text_equal(e.name, o->export_name)) {
			*name = e.name;
			return 0;
		}
	no_such_export(s, o, err);
	return sl_error_text(err, SL_D_EXPORT, o->export_name.bytes, o->export_name.len);
}

int sl_session_request(struct sl_session *s, uint64_t id, enum sl_export_type type,
                       struct sl_text name, struct sl_text json, struct sl_text streams,
                       int64_t request_ns, int64_t idle_limit_ns, int64_t now_ns,
                       struct sl_error *err)
{
	struct sl_request_message m = { type, name, json };
	struct sl_stream_names n = { streams };
	size_t first = sl_buffer_len(&s->out);
	if (streams.bytes != NULL && has(s, SL_FEATURE_STREAMS) && sl_streams_encode(&s->out, id, &n) != 0)
		return sl_fail(err, SL_USAGE, ENOMEM, "no memory for the request");
	size_t before = sl_buffer_len(&s->out);
	if (sl_request_encode(&s->out, id, &m) != 0)
		return sl_fail(err, SL_USAGE, ENOMEM, "no memory for the request");
	size_t size = sl_buffer_len(&s->out) - before - SL_HEADER_SIZE;
	if (size > s->max_frame) {
		s->out.end = s->out.start + first;
		sl_fail(err, SL_FRAME_TOO_LARGE, 0,
		        "a request of %zu bytes, over the cap of %" PRIu32, size, s->max_frame);
		sl_error_number(err, SL_D_SIZE, (int64_t)size);
		return sl_error_number(err, SL_D_LIMIT, s->max_frame);
	}
	sl_ledger_clear(&s->ledger);
	sl_buffer_consume(&s->result, sl_buffer_len(&s->result));
	sl_error_clear(&s->failure);
	s->has_result = s->stopped = s->stop_sent = false;
	s->request = id;
	s->type = type;
	s->place.line = s->place.step = 0;
	sl_buffer_consume(&s->place.file, sl_buffer_len(&s->place.file));
	s->state = SL_SESSION_ACTIVE;
	s->request_ns = request_ns;
	s->idle_limit_ns = idle_limit_ns;
	s->idle_ns = s->stop_ns = s->stop_most_ns = s->settle_ns = s->rest_ns = 0;
	sl_session_touch(s, now_ns);
	return 0;
}

void sl_session_stop(struct sl_session *s, int64_t grace_ns, int64_t now_ns)
{
	if (s->state != SL_SESSION_ACTIVE || s->stop_sent)
		return;
	s->stop_sent = true;
	s->stop_grace_ns = grace_ns;
	s->stop_ns = now_ns + grace_ns;
	s->stop_most_ns = now_ns + STOP_GRACES * grace_ns;
	sl_plain_encode(&s->out, SL_FRAME_STOP, s->request);
}

void sl_session_cancel(struct sl_session *s)
{
	if (s->state == SL_SESSION_ACTIVE)
		sl_plain_encode(&s->out, SL_FRAME_CANCEL, s->request);
}

void sl_session_shutdown(struct sl_session *s)
{
	if (s->state != SL_SESSION_HELLO && s->state != SL_SESSION_OVER)
		sl_plain_encode(&s->out, SL_FRAME_SHUTDOWN, 0);
	s->rest_ns = 0;
}

void sl_session_rest(struct sl_session *s, int64_t until_ns)
{
	s->rest_ns = until_ns;
	sl_decoder_trim(&s->in, KEEP_IDLE);
}

/* ---- time ---- */

void sl_session_touch(struct sl_session *s, int64_t now_ns)
{
	if (s->idle_limit_ns > 0)
		s->idle_ns = now_ns + s->idle_limit_ns;
	if (s->stop_ns != 0) {
		int64_t next = now_ns + s->stop_grace_ns;
		s->stop_ns = next < s->stop_most_ns ? next : s->stop_most_ns;
	}
	if (s->state == SL_SESSION_SETTLING && s->settle_ns == 0)
		s->settle_ns = now_ns + (int64_t)SL_SETTLE_MS * MS;
}

static int64_t nearer(int64_t a, int64_t b)
{
	return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

void sl_session_bound_start(struct sl_session *s, int64_t deadline_ns)
{
	s->startup_ns = nearer(s->startup_ns, deadline_ns);
}

int64_t sl_session_deadline(const struct sl_session *s)
{
	switch (s->state) {
	case SL_SESSION_HELLO:
		return s->startup_ns;
	case SL_SESSION_IDLE:
		return s->rest_ns;
	case SL_SESSION_ACTIVE:
	case SL_SESSION_SETTLING:
		return nearer(nearer(s->request_ns, s->settle_ns), nearer(s->idle_ns, s->stop_ns));
	case SL_SESSION_OVER:
		break;
	}
	return 0;
}

static bool passed(int64_t deadline, int64_t now_ns)
{
	return deadline != 0 && now_ns >= deadline;
}

bool sl_session_due(const struct sl_session *s, int64_t now_ns)
{
	return passed(sl_session_deadline(s), now_ns);
}

int sl_session_check(const struct sl_session *s, int64_t now_ns, struct sl_error *err)
{
	if (s->state == SL_SESSION_HELLO)
		return passed(s->startup_ns, now_ns)
			? sl_fail(err, SL_STARTUP_TIMEOUT, 0, "the worker did not introduce itself in time")
			: 0;
	if (s->state != SL_SESSION_ACTIVE && s->state != SL_SESSION_SETTLING)
		return 0;
	if (passed(s->request_ns, now_ns))
		return sl_fail(err, SL_REQUEST_TIMEOUT, 0, "the request did not end in time");
	if (passed(s->stop_ns, now_ns))
		return sl_fail(err, SL_CANCELLED, 0,
		               "the worker did not end within %" PRId64 " ms of being asked to stop",
		               s->stop_grace_ns / MS);
	if (passed(s->settle_ns, now_ns))
		return sl_fail(err, SL_PROTOCOL, 0,
		               "the worker sent its %s, but not ready within %d ms",
		               sl_frame_kind_name((uint8_t)s->terminal), SL_SETTLE_MS);
	if (passed(s->idle_ns, now_ns)) {
		sl_fail(err, SL_IDLE_TIMEOUT, 0, "the worker sent nothing for %" PRId64 " ms",
		        s->idle_limit_ns / MS);
		return sl_error_number(err, SL_D_TIMEOUT_MS, s->idle_limit_ns / MS);
	}
	return 0;
}
