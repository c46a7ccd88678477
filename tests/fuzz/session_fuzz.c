/*
 * session_fuzz.c - the conversation keeps its promises whatever a worker sends
 * and whenever the owner acts
 *
 * The input is a list of steps: nearly correct frames (so that the conversation
 * gets far), raw bytes, and the owner's actions. Promised: events come only in the
 * states that allow them, rows are in sequence, a request has at most one end,
 * a fault is the last event, and the bytes to be sent are whole frames.
 */
#include "fuzz/check.h"
#include "supervise/session.h"

/* The features that a worker may offer; the runner knows the first three. */
static const char *const names[] = { "places", "bad-lines", "streams", "d" };
static const struct sl_features theirs = { names, 4 };

struct model {
	struct sl_session session;
	uint64_t requests, ends;
	uint64_t rows[SL_STREAM_LIMIT + 1]; /* expected next, by stream id */
	uint64_t next_id;
	int64_t now;
	bool broken;
};

static void feed(struct model *m, const char *bytes, size_t n);

/* ---- the invariants ---- */

static void on_row(struct model *m, const struct sl_row *row)
{
	uint16_t id = row->stream->seal.stream;
	CHECK(m->session.state == SL_SESSION_ACTIVE && m->session.type == SL_EXPORT_ROWS);
	CHECK(row->sequence == m->rows[id]++);
	CHECK(row->stream->seal.rows == m->rows[id]);
	CHECK(row->line == 0 || sl_features_have(m->session.features, SL_FEATURE_PLACES));
}

static void on_event(struct model *m, const struct sl_session_event *e)
{
	switch (e->kind) {
	case SL_EVENT_HELLO:
		CHECK(m->session.state == SL_SESSION_IDLE && m->requests == 0);
		CHECK(m->session.max_frame >= SL_FRAME_CAP_FLOOR);
		CHECK((m->session.features & ~m->session.wanted) == 0);
		break;
	case SL_EVENT_ROW:
		on_row(m, &e->row);
		break;
	case SL_EVENT_DIAGNOSTIC:
	case SL_EVENT_PROGRESS:
		CHECK(m->session.state == SL_SESSION_ACTIVE);
		break;
	case SL_EVENT_BAD_LINE:
		CHECK(m->session.state == SL_SESSION_ACTIVE);
		CHECK(sl_features_have(m->session.features, SL_FEATURE_BAD_LINES));
		break;
	case SL_EVENT_REFUSED:
		CHECK(m->session.state == SL_SESSION_OVER && m->requests == 0);
		CHECK(m->session.failure.kind != SL_NONE);
		break;
	case SL_EVENT_DONE:
	case SL_EVENT_FAILED:
		CHECK(m->session.state == SL_SESSION_IDLE);
		CHECK(++m->ends == m->requests);
		CHECK((e->kind == SL_EVENT_FAILED) == (m->session.failure.kind != SL_NONE));
		break;
	}
}

static void take_events(struct model *m)
{
	struct sl_error err;
	int rc;
	sl_error_clear(&err);
	while ((rc = sl_session_next(&m->session, &err)) == 1) {
		CHECK(!m->broken);
		on_event(m, &m->session.event);
	}
	if (rc < 0) {
		CHECK(!m->broken && m->session.state == SL_SESSION_OVER);
		CHECK(err.kind == SL_PROTOCOL || err.kind == SL_HANDSHAKE
		      || err.kind == SL_FRAME_TOO_LARGE || err.kind == SL_ROW_MALFORMED);
		CHECK(err.have & 1u << SL_D_OFFSET);
		m->broken = true;
	}
}

static bool offers(const struct sl_hello *hello, struct sl_text name)
{
	for (uint32_t i = 0; i < hello->features.count; i++)
		if (sl_text_equal(hello->features.name[i], name))
			return true;
	return false;
}

/* What is configured is agreed, and was offered. */
static void check_configure(const struct model *m, const struct sl_frame *f)
{
	struct sl_configure c;
	struct sl_error err;
	sl_feature_set set;
	sl_error_clear(&err);
	CHECK(sl_configure_parse(f, &c, &err) == 0);
	CHECK(sl_features_picked(&sl_known_features, &c.features, &set, &err) == 0 && set == m->session.features);
	for (uint32_t i = 0; i < c.features.count; i++)
		CHECK(offers(&m->session.hello, c.features.name[i]));
}

/* Everything that the session wants to send is whole frames that only parents send. */
static void check_sent(struct model *m)
{
	struct sl_decoder d;
	struct sl_frame f;
	struct sl_error err;
	size_t n = sl_buffer_len(&m->session.out);
	if (n == 0)
		return;
	sl_error_clear(&err);
	sl_decoder_init(&d, SL_FRAME_CAP_CEILING);
	CHECK(sl_decoder_feed(&d, sl_buffer_data(&m->session.out), n) == 0);
	while (sl_decoder_next(&d, &f, &err) == 1) {
		CHECK(sl_frame_rule(f.head.kind)->sender == SL_FROM_RUNNER);
		if (f.head.kind == SL_FRAME_CONFIGURE)
			check_configure(m, &f);
	}
	CHECK(err.kind == SL_NONE && sl_decoder_end(&d, &err) == 0);
	sl_decoder_clear(&d);
	sl_session_sent(&m->session, n);
}

/* ---- steps: what the worker sends ---- */

static void feed(struct model *m, const char *bytes, size_t n)
{
	CHECK(sl_decoder_feed(&m->session.in, bytes, n) == 0);
	take_events(m);
}

static void feed_buffer(struct model *m, struct sl_buffer *b)
{
	feed(m, sl_buffer_data(b), sl_buffer_len(b));
	sl_buffer_clear(b);
}

static void send_hello(struct model *m, struct input *in)
{
	struct sl_buffer b;
	struct sl_export_name exports[] = { { sl_text_of("index"), SL_EXPORT_ROWS },
		                            { sl_text_of("size"), SL_EXPORT_CALL } };
	struct sl_hello hello = { .version_max = 1 + take_byte(in) % 2, .version_min = take_byte(in) % 3,
		                  .max_frame = SL_FRAME_CAP_FLOOR - 1 + take_byte(in), .export_count = 2 };
	sl_features_list(&theirs, take_byte(in), &hello.features);
	sl_buffer_init(&b);
	CHECK(sl_hello_encode(&b, &hello, exports) == 0);
	feed_buffer(m, &b);
}

/* A row that is correct except for what the input changes. */
static void send_row(struct model *m, struct input *in)
{
	static const char *const payloads[] = { "1", "null", "{\"a\":[]}", "", "[1" };
	struct sl_buffer b;
	uint8_t how = take_byte(in);
	uint16_t id = 1 + (how >> 6);
	uint64_t sequence = m->rows[id] + (how % 8 == 7);
	const char *payload = payloads[(how >> 3) % 8 < 5 ? (how >> 3) % 8 : 0];
	sl_buffer_init(&b);
	CHECK(sl_raw_encode(&b, SL_FRAME_ROW, m->session.request, id, sequence, payload,
	                    strlen(payload)) == 0);
	feed_buffer(m, &b);
}

static void send_stream(struct model *m, struct input *in)
{
	struct sl_buffer b;
	uint8_t how = take_byte(in);
	char name[2] = { (char)('a' + how % 5), (char)(how < 250 ? 'x' : 0xFF) };
	sl_buffer_init(&b);
	CHECK(sl_raw_encode(&b, SL_FRAME_STREAM, m->session.request,
	                    (uint16_t)(m->session.ledger.count + 1 + (how % 16 == 15)), 0, name, 2) == 0);
	feed_buffer(m, &b);
}

/* Accepted only if the feature is agreed. */
static void send_place(struct model *m, struct input *in)
{
	struct sl_buffer b;
	struct sl_place p = { sl_text_of(take_byte(in) & 1 ? "f" : ""), take_byte(in), take_byte(in) % 3 };
	sl_buffer_init(&b);
	CHECK(sl_place_encode(&b, m->session.request, &p) == 0);
	feed_buffer(m, &b);
}

static void send_bad_line(struct model *m, struct input *in)
{
	struct sl_buffer b;
	struct sl_bad_line l = { .file = sl_text_of(""), .line = take_byte(in), .reason = sl_text_of("no"), .bytes = sl_text_of("x") };
	sl_buffer_init(&b);
	CHECK(sl_bad_line_encode(&b, m->session.request, &l) == 0);
	feed_buffer(m, &b);
}

static void send_summary(struct model *m, struct input *in)
{
	struct sl_buffer b;
	uint8_t how = take_byte(in);
	struct sl_summary s = { .stopped = how & 1, .has_metadata = how & 2,
		                .metadata = sl_text_of(how & 4 ? "{}" : "{"),
		                .seal_count = m->session.ledger.count };
	for (uint16_t i = 0; i < s.seal_count; i++)
		s.seals[i] = sl_ledger_stream(&m->session.ledger, (uint16_t)(i + 1))->seal;
	if (s.seal_count > 0 && how % 16 == 15)
		s.seals[0].checksum ^= 1;
	sl_buffer_init(&b);
	CHECK(sl_summary_encode(&b, m->session.request, &s) == 0);
	feed_buffer(m, &b);
}

/* Any kind, with a payload from the input. */
static void send_frame(struct model *m, struct input *in)
{
	struct sl_buffer b;
	size_t n;
	enum sl_frame_kind kind = (enum sl_frame_kind)(take_byte(in) % 27);
	uint64_t request = m->session.request + (take_byte(in) % 16 == 15);
	const char *payload = take_bytes(in, take_byte(in) % 64, &n);
	sl_buffer_init(&b);
	CHECK(sl_raw_encode(&b, kind, request, take_byte(in) % 4, take_byte(in) % 4, payload, n) == 0);
	feed_buffer(m, &b);
}

static void send_ready(struct model *m, struct input *in)
{
	struct sl_buffer b;
	(void)in;
	sl_buffer_init(&b);
	CHECK(sl_plain_encode(&b, SL_FRAME_READY, m->session.request) == 0);
	feed_buffer(m, &b);
}

static void send_bytes(struct model *m, struct input *in)
{
	size_t n;
	const char *bytes = take_bytes(in, take_byte(in), &n);
	feed(m, bytes, n);
}

/* ---- steps: what the owner does ---- */

static void ask(struct model *m, struct input *in)
{
	uint8_t how = take_byte(in);
	struct sl_error err;
	sl_error_clear(&err);
	if (m->session.state != SL_SESSION_IDLE)
		return;
	CHECK(sl_session_request(&m->session, ++m->next_id, how & 1 ? SL_EXPORT_CALL : SL_EXPORT_ROWS,
	                         sl_text_of("index"), sl_text_of("null"), sl_text_of("a"), how & 2 ? m->now + 50 : 0,
	                         how & 4 ? 10 : 0, m->now, &err) == 0);
	m->requests++;
	memset(m->rows, 0, sizeof m->rows);
	CHECK((sl_session_deadline(&m->session) != 0) == ((how & 6) != 0));
}

static void order(struct model *m, struct input *in)
{
	switch (take_byte(in) % 4) {
	case 0: sl_session_stop(&m->session, 20, m->now); break;
	case 1: sl_session_cancel(&m->session); break;
	case 2: sl_session_shutdown(&m->session); break;
	case 3: sl_session_touch(&m->session, m->now); break;
	}
}

/* A deadline that has passed is reported; one that has not is not. */
static void wait(struct model *m, struct input *in)
{
	struct sl_error err;
	sl_error_clear(&err);
	m->now += take_byte(in) % 32;
	int64_t deadline = sl_session_deadline(&m->session);
	bool late = deadline != 0 && deadline <= m->now;
	CHECK((sl_session_check(&m->session, m->now, &err) != 0) == late);
	CHECK((err.kind != SL_NONE) == late);
}

typedef void step(struct model *m, struct input *in);

static step *const steps[] = { send_hello, send_row, send_row, send_stream, send_summary, send_ready, send_place, send_bad_line,
	                       send_frame, send_bytes, ask, order, wait };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_json *json;
	struct input in = { data, size };
	struct model *m = calloc(1, sizeof *m);
	if (json == NULL)
		json = sl_json_new();
	CHECK(m != NULL && json != NULL);
	m->now = 1;
	uint8_t how = take_byte(&in);
	sl_session_init(&m->session, json, SL_FRAME_CAP_DEFAULT, &sl_known_features, how & 1, 1000000);
	if (how & 4)
		m->session.wanted &= ~((sl_feature_set)1 << SL_FEATURE_BAD_LINES);
	if (how & 2)
		feed(m, SL_MAGIC, SL_MAGIC_SIZE);
	while (in.left > 0) {
		steps[take_byte(&in) % (sizeof steps / sizeof *steps)](m, &in);
		check_sent(m);
	}
	CHECK(m->requests - m->ends <= 1);
	sl_session_clear(&m->session);
	free(m);
	return 0;
}
