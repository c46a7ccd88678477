/* recording_maker.c - see recording_maker.h */
#include "supervise/recording_maker.h"

#include <errno.h>
#include <stdlib.h>

#include "record/recorder.h"

#define REQUEST_ID 1

struct sl_maker {
	struct sl_recorder *recorder;
	struct sl_ledger ledger;
	struct sl_buffer out; /* the frames of one call */
};

/* ---- bytes ---- */

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_SINK, ENOMEM, "no memory for a recording");
}

/* Adds what was encoded to the recording, as bytes of that side. */
static int put(struct sl_maker *m, enum sl_record_kind kind, int encoded, struct sl_error *err)
{
	if (encoded != 0)
		return no_memory(err);
	sl_recorder_add(m->recorder, kind, sl_buffer_data(&m->out), sl_buffer_len(&m->out));
	sl_buffer_consume(&m->out, sl_buffer_len(&m->out));
	return sl_recorder_check(m->recorder, err);
}

/* ---- the beginning ---- */

static int introduce(struct sl_maker *m, const struct sl_maker_options *o, struct sl_error *err)
{
	char transport = SL_TRANSPORT_PIPE;
	struct sl_export_name export = { o->export_name, SL_EXPORT_ROWS };
	struct sl_hello hello = {
		.version_min = SL_PROTOCOL_VERSION,
		.version_max = SL_PROTOCOL_VERSION,
		.max_frame = SL_FRAME_CAP_CEILING,
		.name = o->worker,
		.version = o->version,
		.runtime = sl_text_of("sluice " SLUICE_VERSION),
		.export_count = 1,
	};
	sl_recorder_add(m->recorder, SL_RECORD_START, &transport, 1);
	int rc = sl_buffer_append(&m->out, SL_MAGIC, SL_MAGIC_SIZE);
	return put(m, SL_RECORD_WORKER, rc != 0 ? rc : sl_hello_encode(&m->out, &hello, &export), err);
}

static int ask(struct sl_maker *m, const struct sl_maker_options *o, struct sl_error *err)
{
	struct sl_configure configure = { .version = SL_PROTOCOL_VERSION, .max_frame = SL_FRAME_CAP_CEILING };
	struct sl_request_message request = { SL_EXPORT_ROWS, o->export_name, o->request };
	if (put(m, SL_RECORD_RUNNER, sl_configure_encode(&m->out, 0, &configure), err) != 0)
		return -1;
	return put(m, SL_RECORD_RUNNER, sl_request_encode(&m->out, REQUEST_ID, &request), err);
}

struct sl_maker *sl_maker_open(const char *path, const struct sl_maker_options *o, struct sl_error *err)
{
	struct sl_maker *m = calloc(1, sizeof *m);
	if (m == NULL) {
		no_memory(err);
		return NULL;
	}
	m->recorder = sl_recorder_open(path, 0, SL_RECORDER_SMALL, err);
	if (m->recorder != NULL && introduce(m, o, err) == 0 && ask(m, o, err) == 0)
		return m;
	sl_maker_close(m, err);
	return NULL;
}

/* ---- what it sends ---- */

static struct sl_stream *declare(struct sl_maker *m, struct sl_text name, struct sl_error *err)
{
	struct sl_stream *s = sl_ledger_add(&m->ledger, name.bytes, name.len, err);
	if (s == NULL)
		return NULL;
	int rc = sl_raw_encode(&m->out, SL_FRAME_STREAM, REQUEST_ID, s->seal.stream, 0, name.bytes, name.len);
	return put(m, SL_RECORD_WORKER, rc, err) == 0 ? s : NULL;
}

int sl_maker_row(struct sl_maker *m, struct sl_text stream, struct sl_text json, struct sl_error *err)
{
	struct sl_stream *s = sl_ledger_find(&m->ledger, stream.bytes, stream.len);
	if (s == NULL && (s = declare(m, stream, err)) == NULL)
		return -1;
	int rc = sl_raw_encode(&m->out, SL_FRAME_ROW, REQUEST_ID, s->seal.stream, s->seal.rows, json.bytes, json.len);
	sl_stream_count(s, json.bytes, json.len);
	return put(m, SL_RECORD_WORKER, rc, err);
}

int sl_maker_diagnostic(struct sl_maker *m, const struct sl_diagnostic *d, struct sl_error *err)
{
	return put(m, SL_RECORD_WORKER, sl_diagnostic_encode(&m->out, REQUEST_ID, d), err);
}

int sl_maker_progress(struct sl_maker *m, const struct sl_progress *p, struct sl_error *err)
{
	return put(m, SL_RECORD_WORKER, sl_progress_encode(&m->out, REQUEST_ID, p), err);
}

/* ---- how it ends ---- */

int sl_maker_exit(struct sl_maker *m, bool signalled, uint32_t value, struct sl_error *err)
{
	char bytes[SL_RECORD_EXIT_SIZE];
	struct sl_record_exit e = { .signalled = signalled, .value = value };
	sl_record_exit_put(bytes, &e);
	sl_recorder_add(m->recorder, SL_RECORD_HANGUP, NULL, 0);
	sl_recorder_add(m->recorder, SL_RECORD_EXIT, bytes, sizeof bytes);
	return sl_recorder_check(m->recorder, err);
}

/* Sends the terminal, which was encoded; then the worker leaves as it is told to. */
static int leave(struct sl_maker *m, int encoded, struct sl_error *err)
{
	int rc = encoded != 0 ? encoded : sl_plain_encode(&m->out, SL_FRAME_READY, REQUEST_ID);
	if (put(m, SL_RECORD_WORKER, rc, err) != 0 ||
	    put(m, SL_RECORD_RUNNER, sl_plain_encode(&m->out, SL_FRAME_SHUTDOWN, 0), err) != 0)
		return -1;
	return sl_maker_exit(m, false, 0, err);
}

int sl_maker_summary(struct sl_maker *m, struct sl_text metadata, bool stopped, struct sl_error *err)
{
	struct sl_summary *s = calloc(1, sizeof *s);
	if (s == NULL)
		return no_memory(err);
	s->stopped = stopped;
	s->has_metadata = metadata.bytes != NULL;
	s->metadata = metadata;
	s->seal_count = m->ledger.count;
	for (uint32_t i = 0; i < s->seal_count; i++)
		s->seals[i] = m->ledger.streams[i]->seal;
	int rc = leave(m, sl_summary_encode(&m->out, REQUEST_ID, s), err);
	free(s);
	return rc;
}

int sl_maker_failure(struct sl_maker *m, const struct sl_error *failure, struct sl_error *err)
{
	return leave(m, sl_failure_encode(&m->out, REQUEST_ID, failure), err);
}

int sl_maker_close(struct sl_maker *m, struct sl_error *err)
{
	if (m == NULL)
		return 0;
	int rc = sl_recorder_close(m->recorder, err);
	sl_ledger_clear(&m->ledger);
	sl_buffer_clear(&m->out);
	free(m);
	return rc;
}
