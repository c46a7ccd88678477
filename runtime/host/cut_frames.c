/* cut_frames.c - see cut_frames.h */
#include "host/cut_frames.h"

#include <errno.h>

#include "wire/message.h"

#define OPENING_MOST (SL_PREAMBLE_LIMIT + SL_MAGIC_SIZE)

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_SINK, ENOMEM, "no memory to cut a recording");
}

static int copy(struct sl_cut_frames *c, const void *bytes, size_t n, struct sl_error *err)
{
	return n == 0 || sl_buffer_append(&c->out, bytes, n) == 0 ? 0 : no_memory(err);
}

static int copy_frame(struct sl_cut_frames *c, const struct sl_frame *f, struct sl_error *err)
{
	return copy(c, f->payload - SL_HEADER_SIZE, SL_HEADER_SIZE + f->head.length, err);
}

static int encoded(int rc, struct sl_error *err)
{
	return rc == 0 ? 0 : no_memory(err);
}

/* ---- the first fault, after which the runner hears no more ---- */

/* Copies all that is left in `in`, unchanged. */
static int copy_rest(struct sl_cut_frames *c, struct sl_error *err)
{
	size_t n = sl_buffer_len(&c->in);
	int rc = copy(c, sl_buffer_data(&c->in), n, err);
	sl_buffer_consume(&c->in, n);
	return rc;
}

/* Copies the header, and blanks in place of the n bytes of its payload that are there. */
static int copy_blank(struct sl_cut_frames *c, const void *header, size_t n, struct sl_error *err)
{
	if (copy(c, header, SL_HEADER_SIZE, err) != 0)
		return -1;
	char *to = sl_buffer_room(&c->out, n);
	if (to == NULL)
		return no_memory(err);
	memset(to, ' ', n);
	sl_buffer_added(&c->out, n);
	return 0;
}

/* A payload that the runner does not look at when its frame is a fault, and that may hold rows. */
static bool may_hide(const struct sl_header *h)
{
	const struct sl_frame_rule *rule = sl_frame_rule(h->kind);
	return h->kind == SL_FRAME_ROW || rule == NULL || rule->sender == SL_FROM_RUNNER;
}

/* The header at the front of `in` is invalid. */
static int broken_header(struct sl_cut_frames *c, struct sl_error *err)
{
	c->state = c->redaction != NULL ? SL_CUT_SILENT : SL_CUT_RAW;
	if (c->redaction == NULL)
		return copy_rest(c, err);
	int rc = copy(c, sl_buffer_data(&c->in), SL_HEADER_SIZE, err);
	sl_buffer_consume(&c->in, sl_buffer_len(&c->in));
	return rc;
}

/* The frame at the front of `in` is a fault. */
static int fault(struct sl_cut_frames *c, const struct sl_frame *f, struct sl_error *err)
{
	const char *header = f->payload - SL_HEADER_SIZE;
	c->state = c->redaction != NULL ? SL_CUT_SILENT : SL_CUT_RAW;
	if (c->redaction == NULL)
		return copy_rest(c, err);
	int rc = may_hide(&f->head) ? copy_blank(c, header, f->head.length, err) : copy_frame(c, f, err);
	sl_buffer_consume(&c->in, sl_buffer_len(&c->in));
	return rc;
}

/* ---- other frames ---- */

/* The text of a bad line may hold what is redacted elsewhere. */
static int take_bad_line(struct sl_cut_frames *c, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_bad_line m;
	SL_ERROR(why);
	if (c->redaction == NULL)
		return copy_frame(c, f, err);
	if (sl_bad_line_parse(f, &m, &why) != 0)
		return fault(c, f, err);
	m.bytes = sl_text_of("");
	return encoded(sl_bad_line_encode(&c->out, f->head.request, &m), err);
}

static int take_failure(struct sl_cut_frames *c, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_error m;
	SL_ERROR(why);
	c->at = c->at == SL_AT_OPENING ? 0 : SL_AT_SETTLING;
	c->report->failures++;
	sl_error_clear(&m);
	if (c->redaction == NULL || sl_failure_parse(f, &m, &why) != 0 || sl_error_get_text(&m, SL_D_TEXT) == NULL)
		return copy_frame(c, f, err);
	m.have &= ~(1u << SL_D_TEXT);
	return encoded(sl_failure_encode(&c->out, f->head.request, &m), err);
}

static int carry_out(struct sl_cut_frames *c, const struct sl_frame *f, enum sl_cut_verdict verdict, struct sl_error *err)
{
	switch (verdict) {
	case SL_CUT_ERROR: return -1;
	case SL_CUT_DONE: return 0;
	case SL_CUT_COPY: return copy_frame(c, f, err);
	case SL_CUT_FAULT: break;
	}
	return fault(c, f, err);
}

/* A frame that is allowed at this point of the conversation. */
static int take_frame(struct sl_cut_frames *c, const struct sl_frame *f, struct sl_error *err)
{
	switch (f->head.kind) {
	case SL_FRAME_STREAM: return carry_out(c, f, sl_cut_stream(&c->rows, f, err), err);
	case SL_FRAME_ROW: return carry_out(c, f, sl_cut_row(&c->rows, f, err), err);
	case SL_FRAME_PLACE: return carry_out(c, f, sl_cut_place(&c->rows, f, err), err);
	case SL_FRAME_BAD_LINE: return take_bad_line(c, f, err);
	case SL_FRAME_FAILURE: return take_failure(c, f, err);
	case SL_FRAME_SUMMARY:
		c->at = SL_AT_SETTLING;
		return carry_out(c, f, sl_cut_summary(&c->rows, f, err), err);
	case SL_FRAME_REPLY:
		c->report->replies++;
		c->at = SL_AT_SETTLING;
		break;
	case SL_FRAME_HELLO:
	case SL_FRAME_READY:
		c->at = SL_AT_IDLE;
		break;
	case SL_FRAME_DIAGNOSTIC:
		c->report->diagnostics++;
		break;
	case SL_FRAME_PROGRESS:
		c->report->progress++;
		break;
	}
	return copy_frame(c, f, err);
}

static bool is_in_place(const struct sl_cut_frames *c, const struct sl_header *h)
{
	const struct sl_frame_rule *rule = sl_frame_rule(h->kind);
	bool running = (c->at & (SL_AT_RUNNING | SL_AT_SETTLING)) != 0;
	if (running && rule->header >= SL_HAS_REQUEST && h->request != c->request)
		return false;
	return rule->sender == SL_FROM_WORKER && (rule->when & c->at) != 0;
}

/* ---- bytes of the worker ---- */

static bool is_header(const struct sl_cut_frames *c, const struct sl_header *h)
{
	return h->version == SL_PROTOCOL_VERSION && sl_frame_rule(h->kind) != NULL && h->length <= c->cap;
}

/* A fault consumes all of `in`. */
static int walk_frames(struct sl_cut_frames *c, struct sl_error *err)
{
	while (c->state == SL_CUT_FRAMES && sl_buffer_len(&c->in) >= SL_HEADER_SIZE) {
		struct sl_frame f = { .payload = sl_buffer_data(&c->in) + SL_HEADER_SIZE };
		sl_header_get(&f.head, (const unsigned char *)sl_buffer_data(&c->in));
		if (!is_header(c, &f.head))
			return broken_header(c, err);
		if (sl_buffer_len(&c->in) - SL_HEADER_SIZE < f.head.length)
			return 0;
		if ((is_in_place(c, &f.head) ? take_frame(c, &f, err) : fault(c, &f, err)) != 0)
			return -1;
		if (c->state == SL_CUT_FRAMES)
			sl_buffer_consume(&c->in, SL_HEADER_SIZE + f.head.length);
	}
	return 0;
}

/* Text before the magic stays; once no magic can follow, the bytes are not looked at any more. */
static int walk_opening(struct sl_cut_frames *c, struct sl_error *err)
{
	size_t len = sl_buffer_len(&c->in);
	const char *bytes = sl_buffer_data(&c->in);
	const char *magic = len > 0 ? memmem(bytes, len, SL_MAGIC, SL_MAGIC_SIZE) : NULL;
	size_t before = magic != NULL ? (size_t)(magic - bytes) : 0;
	if (magic != NULL && (before == 0 || c->tolerant)) {
		int rc = copy(c, bytes, before + SL_MAGIC_SIZE, err);
		sl_buffer_consume(&c->in, before + SL_MAGIC_SIZE);
		c->report->printed += before;
		c->state = SL_CUT_FRAMES;
		return rc;
	}
	if (magic != NULL || len > (c->tolerant ? OPENING_MOST : SL_MAGIC_SIZE - 1)) {
		c->report->printed += len;
		c->state = SL_CUT_RAW;
	}
	return 0;
}

int sl_cut_frames_worker(struct sl_cut_frames *c, const char *bytes, size_t n, struct sl_error *err)
{
	if (c->state == SL_CUT_SILENT)
		return 0;
	if (sl_buffer_append(&c->in, bytes, n) != 0)
		return no_memory(err);
	if (c->state == SL_CUT_OPENING && walk_opening(c, err) != 0)
		return -1;
	if (c->state == SL_CUT_FRAMES)
		return walk_frames(c, err);
	return c->state == SL_CUT_RAW ? copy_rest(c, err) : 0;
}

int sl_cut_frames_rest(struct sl_cut_frames *c, struct sl_error *err)
{
	struct sl_header h;
	size_t n = sl_buffer_len(&c->in);
	if (c->state != SL_CUT_FRAMES || c->redaction == NULL || n < SL_HEADER_SIZE) {
		c->report->printed += c->state == SL_CUT_OPENING ? n : 0;
		return copy_rest(c, err);
	}
	sl_header_get(&h, (const unsigned char *)sl_buffer_data(&c->in));
	if (!may_hide(&h))
		return copy_rest(c, err);
	int rc = copy_blank(c, sl_buffer_data(&c->in), n - SL_HEADER_SIZE, err);
	sl_buffer_consume(&c->in, n);
	return rc;
}

/* ---- bytes of the runner ---- */

static void begin_request(struct sl_cut_frames *c, uint64_t id, enum sl_export_type type)
{
	c->report->requests++;
	c->request = id;
	if (c->at == SL_AT_IDLE)
		c->at = type == SL_EXPORT_CALL ? SL_AT_CALL : SL_AT_ROWS;
	sl_cut_rows_request(&c->rows);
}

int sl_cut_frames_runner(struct sl_cut_frames *c, const char *bytes, size_t n, struct sl_error *err)
{
	struct sl_frame f;
	struct sl_configure configure;
	struct sl_request_message request;
	int rc;
	if (sl_decoder_feed(&c->runner, bytes, n) != 0)
		return no_memory(err);
	while ((rc = sl_decoder_next(&c->runner, &f, err)) == 1) {
		if (f.head.kind == SL_FRAME_CONFIGURE) {
			if (sl_configure_parse(&f, &configure, err) != 0)
				return -1;
			c->cap = configure.max_frame;
		} else if (f.head.kind == SL_FRAME_REQUEST) {
			if (sl_request_parse(&f, &request, err) != 0)
				return -1;
			begin_request(c, f.head.request, request.type);
		}
	}
	return rc;
}

/* ---- its life ---- */

int sl_cut_frames_init(struct sl_cut_frames *c, const struct sl_cut_options *o, struct sl_cut_report *report,
                       struct sl_redaction *redaction, struct sl_error *err)
{
	*c = (struct sl_cut_frames){ .report = report, .redaction = redaction };
	c->rows = (struct sl_cut_rows){ .options = o, .report = report, .redaction = redaction, .out = &c->out };
	sl_cut_frames_start(c, SL_TRANSPORT_PIPE);
	return sl_cut_rows_init(&c->rows) == 0 ? 0 : no_memory(err);
}

void sl_cut_frames_start(struct sl_cut_frames *c, enum sl_transport_kind transport)
{
	c->state = SL_CUT_OPENING;
	c->tolerant = transport == SL_TRANSPORT_STDIO;
	c->cap = SL_FRAME_CAP_FLOOR;
	c->at = SL_AT_OPENING;
	sl_decoder_clear(&c->runner);
	sl_decoder_init(&c->runner, SL_FRAME_CAP_CEILING);
}

void sl_cut_frames_clear(struct sl_cut_frames *c)
{
	sl_cut_rows_clear(&c->rows);
	sl_decoder_clear(&c->runner);
	sl_buffer_clear(&c->in);
	sl_buffer_clear(&c->out);
}
