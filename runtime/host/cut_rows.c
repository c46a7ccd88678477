/* cut_rows.c - see cut_rows.h */
#include "host/cut_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "wire/message.h"

static enum sl_cut_verdict no_memory(struct sl_error *err)
{
	sl_fail(err, SL_SINK, ENOMEM, "no memory to cut a recording");
	return SL_CUT_ERROR;
}

/* ---- streams ---- */

static bool is_wanted(const struct sl_cut_options *o, struct sl_text name)
{
	for (size_t i = 0; i < o->only_count; i++)
		if (sl_text_equal(o->only[i], name))
			return true;
	return o->only_count == 0;
}

/* Returns the stream's index in the report, to which it is added if need be; SIZE_MAX: no memory. */
static size_t reported(struct sl_cut_report *r, struct sl_text name)
{
	for (size_t i = 0; i < r->count; i++)
		if (sl_text_equal(sl_text_of(r->streams[i].name), name))
			return i;
	if ((r->count & (r->count - 1)) == 0) { /* full at each power of two */
		struct sl_cut_stream *more = realloc(r->streams, (r->count > 0 ? 2 * r->count : 1) * sizeof *more);
		if (more == NULL)
			return SIZE_MAX;
		r->streams = more;
	}
	char *copied = strndup(name.bytes, name.len);
	if (copied == NULL)
		return SIZE_MAX;
	r->streams[r->count] = (struct sl_cut_stream){ .name = copied };
	return r->count++;
}

enum sl_cut_verdict sl_cut_stream(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err)
{
	SL_ERROR(why);
	struct sl_text name = { f->payload, f->head.length };
	if (sl_ledger_declare(&c->arrived, f->head.stream, name.bytes, name.len, &why) != 0)
		return SL_CUT_FAULT;
	if (sl_ledger_declare(&c->kept, f->head.stream, name.bytes, name.len, err) != 0)
		return SL_CUT_ERROR;
	size_t i = f->head.stream - 1u;
	c->streams[i].in_report = reported(c->report, name);
	c->streams[i].is_wanted = is_wanted(c->options, name);
	return c->streams[i].in_report != SIZE_MAX ? SL_CUT_COPY : no_memory(err);
}

/* ---- places ---- */

/* The place is sent again before the next row that stays. */
enum sl_cut_verdict sl_cut_place(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_place m;
	SL_ERROR(why);
	if (sl_place_parse(f, &m, &why) != 0)
		return SL_CUT_FAULT;
	c->recorded.line = m.line;
	c->recorded.told++;
	c->step = m.step;
	return sl_buffer_set(&c->file, m.file.bytes, m.file.len) == 0 ? SL_CUT_DONE : no_memory(err);
}

static int put_place(struct sl_cut_rows *c, uint64_t request)
{
	struct sl_place m = { sl_text_of_buffer(&c->file), c->recorded.line, c->step };
	if (c->recorded.told == c->copied.told && c->recorded.line == c->copied.line)
		return 0;
	c->copied = c->recorded;
	return sl_place_encode(c->out, request, &m);
}

/* ---- rows ---- */

/* As far from what is due in the copy as `sequence` was from what was due. */
static uint64_t same_distance(uint64_t sequence, uint64_t was_due, uint64_t is_due)
{
	uint64_t back = was_due - sequence;
	if (sequence >= was_due)
		return is_due + (sequence - was_due);
	return is_due >= back ? is_due - back : is_due + back;
}

static void put_sequence(const struct sl_frame *f, uint64_t sequence)
{
	struct sl_header h = f->head;
	h.sequence = sequence;
	sl_header_put((unsigned char *)f->payload - SL_HEADER_SIZE, &h);
}

static enum sl_cut_verdict fault_of_row(const struct sl_cut_rows *c, const struct sl_frame *f)
{
	const struct sl_stream *arrived = sl_ledger_stream(&c->arrived, f->head.stream);
	const struct sl_stream *kept = sl_ledger_stream(&c->kept, f->head.stream);
	if (arrived != NULL && kept != NULL)
		put_sequence(f, same_distance(f->head.sequence, arrived->seal.rows, kept->seal.rows));
	return SL_CUT_FAULT;
}

/* Is it one JSON value? Its document is only made when something looks into it, or when it is small. */
static bool is_json(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *why)
{
	bool by_pieces = c->options->where == NULL && f->head.length >= SL_OUTLINE_LEAST;
	return (by_pieces && sl_outline_read(&c->outline, c->json, f->payload, f->head.length)) ||
	       sl_json_parse(c->json, f->payload, f->head.length, why) == 0;
}

static enum sl_cut_verdict not_json(const struct sl_stream *s, const struct sl_frame *f, const struct sl_error *why,
                                    struct sl_error *err)
{
	sl_fail(err, SL_ROW_MALFORMED, 0, "row %" PRIu64 " of stream \"%s\" is not valid JSON (%s) and cannot be redacted; "
	        "leave --redact out", f->head.sequence, s->name, why->message);
	sl_error_text(err, SL_D_STREAM, s->name, s->name_len);
	sl_error_number(err, SL_D_SEQUENCE, (int64_t)f->head.sequence);
	return SL_CUT_ERROR;
}

/* 1, 0, or -1 and *err. */
static int is_chosen(struct sl_cut_rows *c, const struct sl_stream *s, const struct sl_frame *f, struct sl_error *err)
{
	const struct sl_cut_options *o = c->options;
	struct sl_cut_row row = { { s->name, s->name_len }, { f->payload, f->head.length }, f->head.sequence, c->json };
	if (!c->streams[f->head.stream - 1].is_wanted || row.sequence < o->first || row.sequence > o->last)
		return 0;
	return o->where != NULL ? o->where(o->ctx, &row, err) : 1;
}

static enum sl_cut_verdict keep_row(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_stream *kept = sl_ledger_stream(&c->kept, f->head.stream);
	char *payload = (char *)f->payload; /* in our own buffer */
	if (c->redaction != NULL && sl_redact_row(c->redaction, payload, f->head.length) != 0)
		return no_memory(err);
	if (put_place(c, f->head.request) != 0)
		return no_memory(err);
	put_sequence(f, kept->seal.rows);
	sl_stream_count(kept, payload, f->head.length);
	c->report->streams[c->streams[f->head.stream - 1].in_report].kept++;
	c->copied.line += c->step;
	return SL_CUT_COPY;
}

enum sl_cut_verdict sl_cut_row(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err)
{
	SL_ERROR(why);
	struct sl_stream *s = sl_ledger_receive(&c->arrived, f->head.stream, f->head.sequence, f->payload,
	                                        f->head.length, &why);
	if (s == NULL)
		return fault_of_row(c, f);
	if (!is_json(c, f, &why)) {
		if (why.os == ENOMEM)
			return no_memory(err);
		s->seal.rows--; /* back to the sequence that was due */
		return c->redaction != NULL ? not_json(s, f, &why, err) : fault_of_row(c, f);
	}
	c->report->streams[c->streams[f->head.stream - 1].in_report].rows++;
	int chosen = is_chosen(c, s, f, err);
	enum sl_cut_verdict v = chosen > 0 ? keep_row(c, f, err) : chosen == 0 ? SL_CUT_DONE : SL_CUT_ERROR;
	c->recorded.line += c->step;
	return v;
}

/* ---- the summary ---- */

/* A correct seal stays correct, and a wrong one stays as wrong. */
static void reseal(const struct sl_cut_rows *c, struct sl_seal *seal)
{
	const struct sl_stream *arrived = sl_ledger_stream(&c->arrived, seal->stream);
	const struct sl_stream *kept = sl_ledger_stream(&c->kept, seal->stream);
	if (arrived == NULL || kept == NULL)
		return;
	seal->rows = same_distance(seal->rows, arrived->seal.rows, kept->seal.rows);
	seal->bytes = same_distance(seal->bytes, arrived->seal.bytes, kept->seal.bytes);
	seal->checksum ^= arrived->seal.checksum ^ kept->seal.checksum;
}

enum sl_cut_verdict sl_cut_summary(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err)
{
	SL_ERROR(why);
	struct sl_summary *m = malloc(sizeof *m);
	if (m == NULL)
		return no_memory(err);
	enum sl_cut_verdict v = SL_CUT_FAULT;
	if (sl_summary_parse(f, m, &why) == 0) {
		for (uint32_t i = 0; i < m->seal_count; i++)
			reseal(c, &m->seals[i]);
		c->report->metadata += m->has_metadata;
		v = sl_summary_encode(c->out, f->head.request, m) == 0 ? SL_CUT_DONE : no_memory(err);
	}
	free(m);
	return v;
}

/* ---- its life ---- */

int sl_cut_rows_init(struct sl_cut_rows *c)
{
	c->json = sl_json_new();
	return c->json != NULL ? 0 : -1;
}

void sl_cut_rows_clear(struct sl_cut_rows *c)
{
	sl_json_free(c->json);
	sl_outline_clear(&c->outline);
	sl_buffer_clear(&c->file);
	sl_ledger_clear(&c->arrived);
	sl_ledger_clear(&c->kept);
}

void sl_cut_rows_request(struct sl_cut_rows *c)
{
	sl_ledger_clear(&c->arrived);
	sl_ledger_clear(&c->kept);
	c->recorded = c->copied = (struct sl_cut_place){ 0 };
	c->step = 0;
}
