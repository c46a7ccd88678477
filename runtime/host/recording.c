/* recording.c - see recording.h */
#include "host/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/equal.h"
#include "wire/decoder.h"

#define LIST_SIZE 320

/* ---- the index ---- */

struct indexing {
	struct sl_recording *recording;
	struct sl_decoder runner;  /* what was sent to the current process */
	struct sl_answer opening;  /* of that process */
	enum sl_transport_kind transport;
	struct sl_answer *latest;  /* whose end is looked for */
	struct sl_asked *asked;    /* the latest request of that process */
	struct sl_buffer streams;  /* sent for the next request */
	size_t processes;
	bool chooses;
	bool started;              /* there is a process */
	bool greeted;              /* it was sent something, so it had said hello */
	bool has_greeted;          /* the chosen process was */
};

static void end_latest(struct indexing *x, bool shutdown)
{
	if (x->latest == NULL)
		return;
	x->latest->until = x->recording->file.reader.last;
	x->latest->has_until = true;
	x->latest->until_shutdown = shutdown;
	x->latest = NULL;
}

static struct sl_asked *one_more(struct sl_recording *r)
{
	if ((r->count & (r->count - 1)) == 0) { /* full, at 0, 1, 2, 4, … */
		struct sl_asked *more = realloc(r->asked, (r->count > 0 ? 2 * r->count : 1) * sizeof *more);
		if (more == NULL)
			return NULL;
		r->asked = more;
	}
	struct sl_asked *a = &r->asked[r->count++];
	*a = (struct sl_asked){ 0 };
	return a;
}

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_EXPORT_FAILED, ENOMEM, "no memory for the requests of a recording");
}

/* Takes over the opening of the current process, if that is the one to choose. */
static void choose_opening(struct indexing *x)
{
	struct sl_recording *r = x->recording;
	if (!x->started || x->has_greeted || (r->has_process && !x->greeted))
		return;
	r->opening = x->opening;
	r->transport = x->transport;
	r->has_process = true;
	x->has_greeted = x->greeted;
}

/* Leaves the parsed value in json. */
static uint64_t hash_of(struct sl_json *json, struct sl_text text)
{
	SL_ERROR(err);
	return sl_json_parse_copy(json, text.bytes, text.len, &err) == 0 ? sl_json_hash(sl_json_root(json)) : 0;
}

static int index_request(struct indexing *x, const struct sl_frame *f, uint64_t time_ns, struct sl_error *err)
{
	struct sl_request_message m;
	struct sl_recording *r = x->recording;
	if (sl_request_parse(f, &m, err) != 0)
		return -1;
	end_latest(x, false);
	choose_opening(x);
	struct sl_asked *a = one_more(r);
	if (a == NULL)
		return no_memory(err);
	a->answer.from = r->file.reader.place;
	a->answer.time_ns = time_ns;
	a->id = f->head.request;
	a->type = m.type;
	if (sl_buffer_set(&a->export_name, m.export_name.bytes, m.export_name.len) != 0 ||
	    sl_buffer_set(&a->json, m.json.bytes, m.json.len) != 0)
		return no_memory(err);
	a->hash = hash_of(r->one, m.json);
	a->streams = x->streams;
	a->chooses = x->chooses;
	x->streams = (struct sl_buffer){ 0 };
	x->chooses = false;
	x->asked = a;
	x->latest = &a->answer; /* invalid once another is added, but it has ended by then */
	return 0;
}

static int index_streams(struct indexing *x, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_stream_names m;
	if (sl_streams_parse(f, &m, err) != 0)
		return -1;
	x->chooses = true;
	return sl_buffer_set(&x->streams, m.names.bytes, m.names.len) == 0 ? 0 : no_memory(err);
}

static int index_runner(struct indexing *x, const struct sl_record *rec, struct sl_error *err)
{
	struct sl_frame f;
	int rc;
	x->greeted = true;
	if (sl_decoder_feed(&x->runner, rec->bytes, rec->len) != 0)
		return no_memory(err);
	while ((rc = sl_decoder_next(&x->runner, &f, err)) == 1) {
		if (f.head.kind == SL_FRAME_REQUEST && index_request(x, &f, rec->time_ns, err) != 0)
			return -1;
		if (f.head.kind == SL_FRAME_STREAMS && index_streams(x, &f, err) != 0)
			return -1;
		if (f.head.kind == SL_FRAME_STOP && x->asked != NULL)
			x->asked->stopped = true;
		if (f.head.kind == SL_FRAME_SHUTDOWN)
			end_latest(x, true);
	}
	return rc;
}

static void index_start(struct indexing *x, const struct sl_record *rec)
{
	choose_opening(x);
	sl_decoder_clear(&x->runner);
	sl_decoder_init(&x->runner, SL_FRAME_CAP_CEILING);
	x->opening = (struct sl_answer){ .from = x->recording->file.reader.place, .time_ns = rec->time_ns };
	x->latest = &x->opening;
	x->asked = NULL;
	x->started = true;
	x->processes++;
	x->greeted = false;
	x->transport = rec->len > 0 && rec->bytes[0] == SL_TRANSPORT_STDIO ? SL_TRANSPORT_STDIO : SL_TRANSPORT_PIPE;
}

static void index_cut(struct sl_recording *r, const struct sl_record *rec)
{
	struct sl_frame f;
	struct sl_decoder d;
	SL_ERROR(err);
	sl_decoder_init(&d, SL_FRAME_CAP_CEILING);
	if (sl_decoder_feed(&d, rec->bytes, rec->len) == 0 && sl_decoder_next(&d, &f, &err) == 1)
		sl_failure_parse(&f, &r->not_started, &err);
	sl_decoder_clear(&d);
}

static int make_index(struct indexing *x, struct sl_error *err)
{
	const uint32_t kinds = SL_RECORD_BIT(SL_RECORD_START) | SL_RECORD_BIT(SL_RECORD_RUNNER) |
	                       SL_RECORD_BIT(SL_RECORD_CUT);
	struct sl_recording *r = x->recording;
	struct sl_record rec;
	int rc;
	while ((rc = sl_record_next(&r->file.reader, kinds, &rec, err)) == 1) {
		if (rec.kind == SL_RECORD_START)
			index_start(x, &rec);
		else if (rec.kind == SL_RECORD_CUT && !x->started)
			index_cut(r, &rec);
		else if (rec.kind == SL_RECORD_RUNNER && x->started && index_runner(x, &rec, err) != 0)
			return -1;
	}
	if (rc == 0)
		choose_opening(x);
	return rc;
}

/* Checks what will not always be played. */
static int verify(struct sl_recording *r, size_t processes, struct sl_error *err)
{
	const struct sl_answer *only = r->count > 0 ? &r->asked[0].answer : &r->opening;
	if (r->count > 1 || processes > 1)
		return sl_record_verify(&r->file.reader, r->file.reader.first, err);
	return only->has_until ? sl_record_verify(&r->file.reader, only->until, err) : 0;
}

int sl_recording_open(struct sl_recording *r, const char *path, struct sl_error *err)
{
	*r = (struct sl_recording){ .one = sl_json_new(), .other = sl_json_new(), .file.fd = -1 };
	if (r->one == NULL || r->other == NULL)
		return no_memory(err);
	if (sl_record_file_open(&r->file, path, err) != 0)
		return -1;
	struct indexing x = { .recording = r };
	sl_decoder_init(&x.runner, SL_FRAME_CAP_CEILING);
	int rc = make_index(&x, err);
	if (rc == 0)
		rc = verify(r, x.processes, err);
	sl_decoder_clear(&x.runner);
	sl_buffer_clear(&x.streams);
	return rc == 0 ? 0 : sl_record_file_name(&r->file, err);
}

void sl_recording_close(struct sl_recording *r)
{
	for (size_t i = 0; i < r->count; i++) {
		sl_buffer_clear(&r->asked[i].export_name);
		sl_buffer_clear(&r->asked[i].json);
		sl_buffer_clear(&r->asked[i].streams);
	}
	free(r->asked);
	sl_json_free(r->one);
	sl_json_free(r->other);
	sl_record_file_close(&r->file);
}

/* ---- finding ---- */

static bool same_bytes(const struct sl_buffer *b, struct sl_text t)
{
	return sl_buffer_len(b) == t.len && (t.len == 0 || memcmp(sl_buffer_data(b), t.bytes, t.len) == 0);
}

static bool same_export(const struct sl_asked *a, const struct sl_request_message *m)
{
	return a->type == m->type && same_bytes(&a->export_name, m->export_name);
}

/* The value to compare with is in r->one. */
static bool same_value(struct sl_recording *r, const struct sl_asked *a, uint64_t hash)
{
	SL_ERROR(err);
	return a->hash == hash &&
	       sl_json_parse_copy(r->other, sl_buffer_data(&a->json), sl_buffer_len(&a->json), &err) == 0 &&
	       sl_json_equal(sl_json_root(r->one), sl_json_root(r->other));
}

/* Of equal requests, the one with this id is better: asking the same in the same order gives the
 * same, even from another process. Otherwise the one that was the answer least often. */
static bool is_better(const struct sl_asked *a, const struct sl_asked *best, uint64_t id)
{
	if (best == NULL || (a->id == id) != (best->id == id))
		return best == NULL || a->id == id;
	return a->used < best->used;
}

/* "index {"root":"src"}, check null" */
static void list_requests(const struct sl_recording *r, char out[LIST_SIZE])
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < r->count; i++) {
		char name[64], json[96];
		const struct sl_asked *a = &r->asked[i];
		sl_quote(name, sizeof name, sl_buffer_data(&a->export_name), sl_buffer_len(&a->export_name));
		sl_quote(json, sizeof json, sl_buffer_data(&a->json), sl_buffer_len(&a->json));
		if (used + strlen(name) + strlen(json) + 16 > LIST_SIZE) {
			strcpy(out + used, ", …");
			return;
		}
		used += (size_t)sprintf(out + used, "%s%s %s", i > 0 ? ", " : "", name, json);
	}
}

static int not_found(const struct sl_recording *r, const struct sl_request_message *m, bool has_export,
                     struct sl_error *err)
{
	char list[LIST_SIZE], name[64];
	list_requests(r, list);
	sl_quote(name, sizeof name, m->export_name.bytes, m->export_name.len);
	if (r->count == 0)
		return sl_fail(err, SL_USAGE, 0, "the recording has no request");
	return sl_fail(err, SL_USAGE, 0, has_export ? "the recording has several requests of %s, but none with this value; it has: %s"
	                                            : "the recording has no request of %s; it has: %s", name, list);
}

struct sl_asked *sl_recording_find(struct sl_recording *r, uint64_t id,
                                   const struct sl_request_message *m, bool *differs,
                                   struct sl_error *err)
{
	struct sl_asked *best = NULL, *of_export = NULL;
	size_t of_exports = 0;
	uint64_t hash = hash_of(r->one, m->json);
	for (size_t i = 0; i < r->count; i++) {
		struct sl_asked *a = &r->asked[i];
		if (!same_export(a, m))
			continue;
		of_export = a;
		of_exports++;
		if (same_value(r, a, hash) && is_better(a, best, id))
			best = a;
	}
	*differs = best == NULL;
	if (best == NULL && of_exports == 1)
		best = of_export;
	if (best != NULL) {
		best->used++;
		return best;
	}
	not_found(r, m, of_exports > 0, err);
	sl_record_file_name(&r->file, err);
	return NULL;
}
