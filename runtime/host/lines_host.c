/* lines_host.c - see lines_host.h */
#include "host/lines_host.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/command.h"
#include "host/envelope.h"
#include "host/guardian.h"
#include "host/guess.h"
#include "host/input.h"
#include "host/naming.h"
#include "host/serve.h"
#include "json/documents.h"

#define READ_SIZE (256u * 1024)
#define KEEP_BYTES (1024u * 1024)
#define STOP_GRACE_MS 1500 /* from SIGTERM to SIGKILL, within the runner's 2 s */
#define DRAIN_MS 2000      /* of silence on the pipe, after the command's exit */
#define BAD_LINE_ROOM 8192 /* in a frame, for everything but the text */

const char *const sl_bad_lines_names[] = { "fail", "drop", "reject", NULL };

struct lines {
	const struct sl_lines_options *options;
	struct sl_naming naming;
	struct sl_json *json;
	struct sl_request *rq;
	struct sl_command command;
	struct sl_input input;
	struct sl_documents *documents; /* or NULL: lines */
	struct sl_buffer in;
	struct sl_buffer compact; /* a record of several lines, put on one */
	struct sl_buffer front;   /* of a line that is too long */
	size_t scanned;   /* bytes at the front of in known to have no newline */
	bool has_begun;   /* a byte order mark, if any, has been skipped */
	uint64_t skipped; /* bytes so far of a line that is too long; 0: it is not */
	uint64_t line;    /* of the latest record, in its file, from 1 */
	uint64_t offset;  /* of a document's record in its file */
	uint64_t breaks;  /* newlines within it */
	uint64_t records; /* of the request */
	bool is_array;    /* the first of them was an array of objects */
	uint64_t last_line; /* of the record before, for the step to the next */
};

enum progress { MORE, OVER };

/* ---- what is wrong with a record ---- */

/* Puts the place in front of the message. */
static void add_place(const struct lines *l, struct sl_error *err)
{
	char what[sizeof err->message], file[160];
	const char *name = l->input.name;
	memcpy(what, err->message, sizeof what);
	if (name != NULL) {
		snprintf(err->message, sizeof err->message, "%s:%" PRIu64 ": %.340s",
		         sl_quote(file, sizeof file, name, strlen(name)), l->line, what);
		sl_error_text(err, SL_D_FILE, name, strlen(name));
	} else {
		snprintf(err->message, sizeof err->message, "line %" PRIu64 ": %.480s", l->line, what);
	}
	sl_error_number(err, SL_D_LINE, (int64_t)l->line);
}

static enum progress refuse(struct lines *l, struct sl_error *err)
{
	add_place(l, err);
	if (err->kind == SL_ROW_MALFORMED && !l->options->envelopes)
		sl_error_text(err, SL_D_STREAM, l->naming.stream.bytes, l->naming.stream.len);
	sl_request_fail(l->rq, err);
	return OVER;
}

static enum progress emitted(enum sl_emitted e)
{
	return e == SL_EMITTED ? MORE : OVER;
}

static bool takes_bad(const struct lines *l)
{
	return l->options->bad_lines != SL_BAD_LINES_FAIL && sl_request_takes_bad_lines(l->rq);
}

static size_t most_of_bad(const struct lines *l)
{
	return sl_request_cap(l->rq) - BAD_LINE_ROOM;
}

/* size: of the whole record, of which text may be only the front. */
static enum progress report(struct lines *l, struct sl_text text, uint64_t size, const struct sl_error *err)
{
	size_t most = most_of_bad(l);
	bool is_wanted = l->options->bad_lines == SL_BAD_LINES_REJECT;
	struct sl_bad_line bad = {
		.file = sl_text_of(l->input.name != NULL ? l->input.name : ""),
		.line = l->line,
		.reason = sl_text_of(err->message),
		.bytes = { text.bytes, !is_wanted ? 0 : text.len < most ? text.len : most },
		.size = size,
	};
	return emitted(sl_request_bad_line(l->rq, &bad));
}

/* Moves the place from the beginning of a record of several lines to what is wrong in it. */
static void locate(struct lines *l, const char *text, size_t len, struct sl_error *err)
{
	int64_t offset;
	if (l->documents == NULL || !sl_error_get_number(err, SL_D_OFFSET, &offset) || offset < 0 || (size_t)offset > len)
		return;
	for (const char *end = text + offset; (text = memchr(text, '\n', (size_t)(end - text))) != NULL; text++)
		l->line++;
	sl_error_number(err, SL_D_OFFSET, offset + (int64_t)l->offset);
}

/* A bad record: it ends the request, or it is reported. */
static enum progress take_bad(struct lines *l, const char *text, size_t len, struct sl_error *err)
{
	bool is_bad = err->kind == SL_ROW_MALFORMED || err->kind == SL_FRAME_TOO_LARGE;
	if (is_bad && takes_bad(l))
		return report(l, (struct sl_text){ text, len }, len, err);
	size_t seen = (size_t)(sl_buffer_data(&l->in) + sl_buffer_len(&l->in) - text);
	struct sl_guess guess = { text, l->documents != NULL ? seen : len, l->documents != NULL, l->records == 1 };
	if (is_bad && !l->options->envelopes)
		sl_guess_add(&guess, err);
	locate(l, text, len, err);
	return refuse(l, err);
}

/* ---- one record ---- */

/* Puts a payload of several lines on one. */
static struct sl_text on_one_line(struct lines *l, const char *text, size_t len)
{
	if (l->breaks == 0)
		return (struct sl_text){ text, len };
	sl_buffer_consume(&l->compact, sl_buffer_len(&l->compact));
	if (sl_json_append_compact(&l->compact, text, len) != 0)
		return (struct sl_text){ text, len };
	return sl_text_of_buffer(&l->compact);
}

static enum sl_emitted emit_row(struct lines *l, const char *text, size_t len, struct sl_error *err)
{
	struct sl_text name;
	if (sl_naming_find(&l->naming, l->rq, l->json, &name, err) != 0)
		return SL_EMITTED_REFUSED;
	return sl_request_row(l->rq, name, on_one_line(l, text, len), err);
}

/* Is it an array whose elements were probably meant to be the rows? */
static bool is_array_of_objects(const struct lines *l)
{
	struct sl_json_value root = sl_json_root(l->json), first;
	if (sl_json_type(root) != SL_JSON_ARRAY)
		return false;
	struct sl_json_iter it = sl_json_children(root);
	return sl_json_next(&it, NULL, NULL, &first) && sl_json_type(first) == SL_JSON_OBJECT;
}

static enum sl_emitted emit_record(struct lines *l, const char *text, size_t len, struct sl_error *err)
{
	struct sl_envelope envelope;
	uint64_t step = l->documents != NULL ? l->line - l->last_line : 1;
	l->last_line = l->line;
	if (len > sl_request_cap(l->rq) && !l->options->envelopes)
		return sl_request_row(l->rq, l->naming.stream, (struct sl_text){ text, len }, err);
	if (sl_json_parse(l->json, text, len, err) != 0)
		return SL_EMITTED_REFUSED;
	if (l->records == 1)
		l->is_array = is_array_of_objects(l);
	if (l->options->envelopes && sl_envelope_read(&envelope, l->json, text, len, err) != 0)
		return SL_EMITTED_REFUSED;
	bool is_row = !l->options->envelopes || envelope.kind == SL_ENVELOPE_ROW;
	if (l->options->envelopes && is_row && sl_naming_check_room(&l->naming, l->rq, envelope.stream, err) != 0)
		return SL_EMITTED_REFUSED;
	if (is_row)
		sl_request_place(l->rq, l->input.name, l->line, step);
	return l->options->envelopes ? sl_envelope_emit(&envelope, l->rq, err) : emit_row(l, text, len, err);
}

static enum progress take_record(struct lines *l, const char *text, size_t len)
{
	SL_ERROR(err);
	l->records++;
	enum sl_emitted e = emit_record(l, text, len, &err);
	if (e == SL_EMITTED_REFUSED && l->documents != NULL && sl_documents_doubt(l->documents)) {
		l->records--;
		return MORE; /* it will come again */
	}
	return e == SL_EMITTED_REFUSED ? take_bad(l, text, len, &err) : emitted(e);
}

/* ---- records that are too long ---- */

/* A record longer than a frame may be is not collected forever. For an envelope the cap
 * applies to the payload, and there is some room besides. */
static bool is_too_long(const struct lines *l)
{
	size_t room = l->options->envelopes ? SL_FRAME_CAP_FLOOR : 1;
	return sl_buffer_len(&l->in) > sl_request_cap(l->rq) + room;
}

/* is_cut: reading stopped before the end of the record, which may have none. */
static void describe_long(struct lines *l, uint64_t size, bool is_cut, struct sl_error *err)
{
	size_t cap = sl_request_cap(l->rq);
	l->records++;
	sl_fail(err, SL_FRAME_TOO_LARGE, 0, "%" PRIu64 " bytes%s, over the cap of %zu", size,
	        is_cut ? " so far" : "", cap);
	sl_error_text(err, SL_D_STREAM, l->naming.stream.bytes, l->naming.stream.len);
	sl_error_number(err, SL_D_SEQUENCE, (int64_t)sl_request_sequence(l->rq, l->naming.stream));
	sl_error_number(err, SL_D_SIZE, (int64_t)size);
	sl_error_number(err, SL_D_LIMIT, (int64_t)cap);
}

/* If a bad line is not the end, its front is kept, and the rest of it is only counted. */
static enum progress skip_long_line(struct lines *l)
{
	size_t len = sl_buffer_len(&l->in), most = most_of_bad(l);
	SL_ERROR(err);
	if (l->skipped == 0) {
		l->line++;
		if (!takes_bad(l)) {
			describe_long(l, len, true, &err);
			return take_bad(l, sl_buffer_data(&l->in), len, &err);
		}
		sl_buffer_append(&l->front, sl_buffer_data(&l->in), len < most ? len : most);
	}
	l->skipped += len;
	l->scanned = 0;
	sl_buffer_consume(&l->in, len);
	return MORE;
}

static enum progress end_long_line(struct lines *l, size_t len)
{
	SL_ERROR(err);
	describe_long(l, l->skipped + len, false, &err);
	enum progress p = report(l, sl_text_of_buffer(&l->front), l->skipped + len, &err);
	sl_buffer_consume(&l->front, sl_buffer_len(&l->front));
	sl_buffer_trim(&l->front, 0);
	l->skipped = 0;
	return p;
}

/* ---- lines ---- */

static bool is_blank(const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t' || *text == '\r'))
		text++, len--;
	return len == 0;
}

static enum progress take_line(struct lines *l, const char *text, size_t len)
{
	if (l->skipped > 0)
		return end_long_line(l, len);
	l->line++;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	return is_blank(text, len) ? MORE : take_record(l, text, len);
}

static enum progress take_lines(struct lines *l)
{
	const char *at = sl_buffer_data(&l->in), *end = at + sl_buffer_len(&l->in);
	const char *from = at + l->scanned, *newline;
	enum progress p = MORE;
	while (p == MORE && from < end && (newline = memchr(from, '\n', (size_t)(end - from)))) {
		p = take_line(l, at, (size_t)(newline - at));
		at = from = newline + 1;
	}
	sl_buffer_consume(&l->in, (size_t)(at - sl_buffer_data(&l->in)));
	l->scanned = sl_buffer_len(&l->in);
	return p == MORE && is_too_long(l) ? skip_long_line(l) : p;
}

/* Takes what comes after the last newline. */
static enum progress take_last_line(struct lines *l)
{
	size_t len = sl_buffer_len(&l->in);
	return len > 0 || l->skipped > 0 ? take_line(l, sl_buffer_data(&l->in), len) : MORE;
}

/* ---- documents ---- */

static enum progress refuse_document(struct lines *l, struct sl_error *err)
{
	int64_t line = 1;
	sl_error_get_number(err, SL_D_LINE, &line);
	l->line = (uint64_t)line;
	struct sl_guess guess = { sl_buffer_data(&l->in), sl_buffer_len(&l->in), true, l->records == 0 };
	sl_guess_add(&guess, err);
	return refuse(l, err);
}

static enum progress take_documents(struct lines *l, bool is_end)
{
	SL_ERROR(err);
	struct sl_document_row row;
	const char *text = sl_buffer_data(&l->in);
	size_t len = sl_buffer_len(&l->in);
	enum progress p = MORE;
	int rc = 1;
	while (p == MORE && (rc = sl_documents_next(l->documents, text, len, is_end, &row, &err)) > 0) {
		l->line = row.line;
		l->offset = row.offset;
		l->breaks = row.breaks;
		p = take_record(l, row.text, row.len);
	}
	if (rc < 0)
		return refuse_document(l, &err);
	sl_buffer_consume(&l->in, sl_documents_used(l->documents));
	if (p == OVER || !is_too_long(l))
		return p;
	l->line = sl_documents_line(l->documents);
	describe_long(l, sl_buffer_len(&l->in), true, &err);
	return refuse(l, &err);
}

/* ---- reading ---- */

/* Skips a byte order mark. False: it takes more bytes to tell. */
static bool begin_text(struct lines *l, bool is_end)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t len = sl_buffer_len(&l->in), n = len < 3 ? len : 3;
	if (l->has_begun)
		return true;
	bool agrees = n > 0 && memcmp(sl_buffer_data(&l->in), mark, n) == 0;
	if (agrees && n < 3 && !is_end)
		return false;
	if (agrees && n == 3)
		sl_buffer_consume(&l->in, 3);
	l->has_begun = len > 0;
	if (l->has_begun && l->documents != NULL)
		sl_documents_begin(l->documents, agrees && n == 3 ? 3 : 0);
	return true;
}

static enum progress take_text(struct lines *l, bool is_end)
{
	if (!begin_text(l, is_end))
		return MORE;
	if (l->documents != NULL)
		return take_documents(l, is_end);
	return is_end ? take_last_line(l) : take_lines(l);
}

static enum progress fail_reading(struct lines *l, struct sl_error *err)
{
	SL_ERROR(why);
	const char *what = err->message;
	sl_fail(&why, SL_EXPORT_FAILED, err->os, "%s, after line %" PRIu64, what, l->line);
	sl_request_fail(l->rq, &why);
	return OVER;
}

static void begin_file(struct lines *l)
{
	sl_buffer_consume(&l->in, sl_buffer_len(&l->in));
	l->scanned = 0;
	l->has_begun = false;
	l->skipped = 0;
	sl_buffer_consume(&l->front, sl_buffer_len(&l->front));
	l->line = l->last_line = 0;
	if (l->documents != NULL)
		sl_documents_begin(l->documents, 0);
}

/* The end of a file also ends its last record. */
static enum progress next_file(struct lines *l)
{
	SL_ERROR(err);
	if (l->options->words != NULL && !l->options->files)
		return OVER; /* a command's last output is taken once its exit is known */
	if (take_text(l, true) == OVER)
		return OVER;
	begin_file(l);
	int rc = sl_input_next(&l->input, &err);
	return rc < 0 ? fail_reading(l, &err) : rc == 0 ? OVER : MORE;
}

static enum progress read_more(struct lines *l)
{
	SL_ERROR(err);
	char *at = sl_buffer_room(&l->in, READ_SIZE);
	if (at == NULL) {
		sl_fail(&err, SL_EXPORT_FAILED, ENOMEM, "the input cannot be read");
		return fail_reading(l, &err);
	}
	ssize_t n = sl_input_read(&l->input, at, sl_buffer_free_space(&l->in), &err);
	if (n == 0)
		return next_file(l);
	if (n < 0)
		return n == SL_INPUT_AGAIN ? MORE : fail_reading(l, &err);
	sl_buffer_added(&l->in, (size_t)n);
	return take_text(l, false);
}

/* ---- waiting ---- */

static void cut_off(struct lines *l)
{
	sl_request_diagnostic(l->rq, sl_text_of("lines.cut_off"),
	                      sl_text_of("the command has exited, but a process that it started keeps its output open; "
	                                 "what that process prints is not read"));
}

static bool is_command(const struct lines *l)
{
	return l->options->words != NULL && !l->options->files;
}

/* Waits for input, for the command's exit or for an order. Rows do not wait
 * with us: if nothing is there at once, they leave first. */
static int wait_for_something(struct lines *l, struct pollfd p[3])
{
	p[0] = (struct pollfd){ .fd = l->input.fd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = sl_request_wake_fd(l->rq), .events = POLLIN };
	p[2] = (struct pollfd){ .fd = l->command.pidfd, .events = POLLIN };
	int rc = poll(p, 3, 0);
	if (rc != 0 || sl_input_is_ready(&l->input))
		return rc;
	sl_request_flush(l->rq);
	return poll(p, 3, is_command(l) && !sl_command_runs(&l->command) ? DRAIN_MS : -1);
}

static enum progress turn(struct lines *l)
{
	struct pollfd p[3];
	SL_ERROR(err);
	int rc = wait_for_something(l, p);
	if (rc < 0 && errno != EINTR) {
		sl_fail(&err, SL_EXPORT_FAILED, errno, "cannot wait for the input");
		return fail_reading(l, &err);
	}
	if (rc < 0)
		return MORE;
	if (p[1].revents != 0) {
		sl_request_obey(l->rq);
		return OVER;
	}
	if (p[0].revents != 0 || sl_input_is_ready(&l->input))
		return read_more(l);
	if (p[2].revents != 0)
		sl_command_reap(&l->command);
	if (rc == 0)
		cut_off(l);
	return rc == 0 ? OVER : MORE;
}

/* ---- the end of a command ---- */

/* The output has ended, but perhaps not the command: an order may still end it. */
static void await_exit(struct lines *l)
{
	struct pollfd p[2] = { { .fd = l->command.pidfd, .events = POLLIN },
		               { .fd = sl_request_wake_fd(l->rq), .events = POLLIN } };
	sl_request_flush(l->rq);
	while (p[0].fd >= 0 && poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[0].revents != 0 || p[0].fd < 0)
		sl_command_reap(&l->command);
	else
		sl_request_obey(l->rq);
}

/* A stop or a failure must be answered in time; for a cancel or SIGTERM the runner's own grace applies. */
static int grace_ms(const struct lines *l)
{
	bool is_stop = sl_request_order(l->rq) == SL_ORDER_STOP && !sl_command_terminated();
	bool failed = sl_request_failure(l->rq)->kind != SL_NONE;
	return is_stop || failed ? STOP_GRACE_MS : -1;
}

/* An end that we asked for means nothing; one of the command's own decides. */
static void finish_command(struct lines *l)
{
	SL_ERROR(err);
	struct sl_command *c = &l->command;
	close(c->out); /* anything that still writes gets SIGPIPE */
	bool failed = sl_request_failure(l->rq)->kind != SL_NONE;
	if (sl_command_runs(c) && !failed && sl_request_order(l->rq) == SL_ORDER_NONE && !sl_command_terminated())
		await_exit(l);
	if (sl_command_runs(c))
		sl_command_end(c, grace_ms(l));
	else if (sl_command_judge(c, &err) != 0)
		sl_request_fail(l->rq, &err);
}

/* ---- a request ---- */

/* A user with an array usually means its elements. */
static void hint_at_elements(struct lines *l)
{
	if (l->documents == NULL && !l->options->envelopes && l->records == 1 && l->is_array)
		sl_request_diagnostic(l->rq, sl_text_of("lines.array"),
		                      sl_text_of("the input is a single line with an array, which is one row; --json "
		                                 "turns each of its elements into a row"));
}

/* The exit status is judged first: a record that is cut because the command died is not
 * the cause of the failure. */
static void finish(struct lines *l, bool failed)
{
	if (is_command(l))
		finish_command(l);
	if (is_command(l) && sl_command_terminated())
		sl_command_pass_on();
	if (failed || sl_request_order(l->rq) != SL_ORDER_NONE)
		return;
	if (is_command(l))
		take_text(l, true);
	hint_at_elements(l);
}

static int open_input(struct lines *l, struct sl_error *err)
{
	size_t len;
	const char *request = sl_request_text(l->rq, &len);
	if (l->options->files)
		return sl_input_next(&l->input, err) < 0 ? -1 : 0;
	if (l->options->words == NULL) {
		sl_input_open(&l->input, STDIN_FILENO, NULL);
		return 0;
	}
	if (sl_command_start(&l->command, request, len, sl_request_wake_fd(l->rq), err) != 0)
		return -1;
	sl_input_open_plain(&l->input, l->command.out);
	return 0;
}

static void run(void *user, struct sl_request *rq, uint32_t which)
{
	struct lines *l = user;
	SL_ERROR(err);
	(void)which;
	l->rq = rq;
	l->records = 0;
	l->is_array = false;
	begin_file(l);
	if (open_input(l, &err) != 0) {
		sl_request_fail(rq, &err);
		return;
	}
	if (l->input.fd >= 0)
		while (turn(l) == MORE)
			;
	finish(l, sl_request_failure(rq)->kind != SL_NONE);
	begin_file(l);
	sl_buffer_trim(&l->in, KEEP_BYTES);
	sl_json_trim(l->json, KEEP_BYTES);
}

/* ---- serving ---- */

static const char *name_of(const struct sl_lines_options *o)
{
	return o->files ? "files" : o->words != NULL ? basename(o->words[0]) : "stdin";
}

static int prepare(struct lines *l, const struct sl_lines_options *o, struct sl_error *err)
{
	l->naming = (struct sl_naming){ .stream = sl_text_of(o->stream), .by = o->stream_by };
	l->input.fd = -1;
	l->input.files = o->files ? o->words : NULL;
	sl_command_init(&l->command, o->words);
	memcpy(l->command.ok_status, o->ok_status, sizeof o->ok_status);
	l->json = sl_json_new();
	if (l->json == NULL)
		return sl_fail(err, SL_SPAWN, ENOMEM, "no memory for the worker");
	l->documents = o->json ? sl_documents_new(o->at, err) : NULL;
	return o->json && l->documents == NULL ? -1 : 0;
}

int sl_lines_host(const struct sl_transport *t, const struct sl_lines_options *options)
{
	static const struct sl_export_name names[] = { { { "lines", 5 }, SL_EXPORT_ROWS } };
	struct lines l = { .options = options };
	struct sl_service service = {
		.name = name_of(options),
		.exports = names,
		.export_count = 1,
		.features = (sl_feature_set)1 << SL_FEATURE_PLACES | (sl_feature_set)1 << SL_FEATURE_BAD_LINES |
			(sl_feature_set)1 << SL_FEATURE_STREAMS,
		.run = run,
		.orphaned = sl_guardian_end,
		.idle = sl_guardian_reap_all,
		.user = &l,
	};
	SL_ERROR(err);
	int status = prepare(&l, options, &err) == 0 ? sl_serve(t, &service) : sl_serve_refuse(t, &err);
	sl_input_clear(&l.input);
	sl_documents_free(l.documents);
	sl_buffer_clear(&l.compact);
	sl_buffer_clear(&l.front);
	sl_buffer_clear(&l.in);
	sl_json_free(l.json);
	return status;
}
