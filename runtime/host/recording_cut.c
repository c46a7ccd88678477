/* recording_cut.c - see recording_cut.h */
#include "host/recording_cut.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cut_frames.h"
#include "record/file.h"
#include "record/recorder.h"
#include "wire/message.h"

struct cutting {
	const struct sl_cut_options *options;
	struct sl_cut_report *report;
	struct sl_record_file from;
	struct sl_recorder *to;
	char *part; /* the file's name until the end */
	struct sl_redaction redaction;
	struct sl_cut_frames frames;
};

/* ---- records ---- */

static void flush_out(struct cutting *x)
{
	struct sl_buffer *out = &x->frames.out;
	if (sl_buffer_len(out) > 0)
		sl_recorder_add(x->to, SL_RECORD_WORKER, sl_buffer_data(out), sl_buffer_len(out));
	sl_buffer_consume(out, sl_buffer_len(out));
}

static int flush_rest(struct cutting *x, struct sl_error *err)
{
	int rc = sl_cut_frames_rest(&x->frames, err);
	flush_out(x);
	return rc;
}

static int take_worker(struct cutting *x, const struct sl_record *rec, struct sl_error *err)
{
	int rc = sl_cut_frames_worker(&x->frames, rec->bytes, rec->len, err);
	flush_out(x);
	return rc;
}

/* Follows what the record means for the frames; the record itself is copied afterwards. */
static int follow(struct cutting *x, const struct sl_record *rec, struct sl_error *err)
{
	switch (rec->kind) {
	case SL_RECORD_START:
		if (flush_rest(x, err) != 0)
			return -1;
		sl_cut_frames_start(&x->frames, rec->len > 0 && rec->bytes[0] == SL_TRANSPORT_STDIO ? SL_TRANSPORT_STDIO
		                                                                                 : SL_TRANSPORT_PIPE);
		return 0;
	case SL_RECORD_RUNNER:
		return sl_cut_frames_runner(&x->frames, rec->bytes, rec->len, err);
	case SL_RECORD_STDOUT:
	case SL_RECORD_STDERR:
		x->report->printed += rec->len;
		return 0;
	case SL_RECORD_CUT:
		x->report->failures++;
		return flush_rest(x, err);
	default: /* the process ends, or the recording */
		return flush_rest(x, err);
	}
}

static int take_record(struct cutting *x, const struct sl_record *rec, struct sl_error *err)
{
	sl_recorder_set_time(x->to, rec->time_ns);
	if (rec->kind == SL_RECORD_WORKER)
		return take_worker(x, rec, err);
	if (follow(x, rec, err) != 0)
		return -1;
	if (rec->kind != SL_RECORD_END) /* the recorder adds its own */
		sl_recorder_add(x->to, rec->kind, rec->bytes, rec->len);
	return 0;
}

/* The copy itself is finished, so it must say that the original was not. */
static int end_unfinished(struct cutting *x, struct sl_error *err)
{
	struct sl_buffer frame = { 0 };
	const char *slash = strrchr(x->from.path, '/');
	SL_ERROR(why);
	sl_fail(&why, SL_EXPORT_FAILED, 0, "%s was not finished", slash != NULL ? slash + 1 : x->from.path);
	sl_error_text(&why, SL_D_STAGE, SL_RECORD_UNFINISHED, strlen(SL_RECORD_UNFINISHED));
	if (flush_rest(x, err) != 0)
		return -1;
	int rc = sl_failure_encode(&frame, x->frames.request, &why);
	if (rc == 0)
		sl_recorder_add(x->to, SL_RECORD_CUT, sl_buffer_data(&frame), sl_buffer_len(&frame));
	sl_buffer_clear(&frame);
	return rc == 0 ? 0 : sl_fail(err, SL_SINK, ENOMEM, "no memory to end %s", x->options->to);
}

static int copy_records(struct cutting *x, struct sl_error *err)
{
	struct sl_record rec;
	int rc;
	while ((rc = sl_record_next(&x->from.reader, SL_RECORD_ALL, &rec, err)) == 1)
		if (x->options->stop(err, x->from.path) != 0 || take_record(x, &rec, err) != 0 ||
		    sl_recorder_check(x->to, err) != 0)
			return -1;
	if (rc < 0)
		return sl_record_file_name(&x->from, err);
	return x->from.reader.cut ? end_unfinished(x, err) : 0;
}

/* ---- the streams asked for are there ---- */

static bool has_stream(const struct sl_cut_report *r, struct sl_text name)
{
	for (size_t i = 0; i < r->count; i++)
		if (sl_text_equal(sl_text_of(r->streams[i].name), name))
			return true;
	return false;
}

/* "defs, refs, …" */
static void list_streams(const struct sl_cut_report *r, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, r->count > 0 ? "%s" : "%snone", "");
	for (size_t i = 0; i < r->count; i++) {
		char name[64];
		sl_quote(name, sizeof name, r->streams[i].name, strlen(r->streams[i].name));
		if (used + strlen(name) + 8 > size) {
			strcpy(out + used, ", …");
			return;
		}
		used += (size_t)sprintf(out + used, "%s%s", i > 0 ? ", " : "", name);
	}
}

static int check_streams(const struct cutting *x, struct sl_error *err)
{
	char list[320], name[64];
	for (size_t i = 0; i < x->options->only_count; i++) {
		struct sl_text only = x->options->only[i];
		if (has_stream(x->report, only))
			continue;
		list_streams(x->report, list, sizeof list);
		sl_quote(name, sizeof name, only.bytes, only.len);
		return sl_fail(err, SL_USAGE, 0, "--only %s: the recording %s has no such stream; it has: %s", name,
		               x->from.path, list);
	}
	return 0;
}

/* ---- files ---- */

static bool is_same_file(const char *a, const char *b)
{
	struct stat one, other;
	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* Refuses to overwrite the original, under the copy's name or the one that it has until its end. */
static int refuse_same(struct cutting *x, struct sl_error *err)
{
	const struct sl_cut_options *o = x->options;
	x->part = malloc(strlen(o->to) + sizeof SL_RECORD_PART);
	if (x->part == NULL)
		return sl_fail(err, SL_SINK, ENOMEM, "no memory to cut %s", o->from);
	strcpy(stpcpy(x->part, o->to), SL_RECORD_PART);
	if (is_same_file(o->from, o->to) || is_same_file(o->from, x->part))
		return sl_fail(err, SL_USAGE, 0, "%s cannot be cut into %s, which is the same file; give the copy "
		               "another name", o->from, o->to);
	return 0;
}

/* Everything but closing the copy. */
static int cut(struct cutting *x, struct sl_error *err)
{
	const struct sl_cut_options *o = x->options;
	bool redacts = o->redact_count > 0;
	if (refuse_same(x, err) != 0 || (redacts && sl_redaction_init(&x->redaction, o->redact, o->redact_count, err) != 0) ||
	    sl_cut_frames_init(&x->frames, o, x->report, redacts ? &x->redaction : NULL, err) != 0 ||
	    sl_record_file_open(&x->from, o->from, err) != 0)
		return -1;
	x->to = sl_recorder_open(o->to, x->from.reader.flags | SL_RECORD_IS_CUT, SL_RECORDER_SMALL, err);
	if (x->to == NULL || copy_records(x, err) != 0 || check_streams(x, err) != 0)
		return -1;
	return redacts ? sl_redaction_check(&x->redaction, err) : 0;
}

int sl_recording_cut(const struct sl_cut_options *o, struct sl_cut_report *report, struct sl_error *err)
{
	struct cutting *x = calloc(1, sizeof *x);
	if (x == NULL)
		return sl_fail(err, SL_SINK, ENOMEM, "no memory to cut %s", o->from);
	x->options = o;
	x->report = report;
	x->from.fd = -1;
	int rc = cut(x, err);
	report->strings = x->redaction.strings;
	report->others = x->redaction.others;
	if (rc != 0)
		sl_recorder_abandon(x->to);
	else if ((rc = sl_recorder_close(x->to, err)) != 0)
		unlink(x->part); /* all of it is in the original */
	free(x->part);
	sl_record_file_close(&x->from);
	sl_cut_frames_clear(&x->frames);
	sl_redaction_clear(&x->redaction);
	free(x);
	return rc;
}

void sl_cut_report_clear(struct sl_cut_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->streams[i].name);
	free(report->streams);
	*report = (struct sl_cut_report){ 0 };
}
