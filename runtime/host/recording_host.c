/* recording_host.c - see recording_host.h */
#include "host/recording_host.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/hearing.h"
#include "host/recording.h"
#include "host/serve.h"
#include "wire/bytes.h"
#include "wire/ledger.h"

#define EXIT_PROTOCOL 76
/* How long a runner may take to notice a protocol fault. */
#define FAULT_WAIT_S 10
#define OPENING_MOST (SL_PREAMBLE_LIMIT + SL_MAGIC_SIZE)

struct player {
	struct sl_transport t;
	enum sl_transport_kind kind;
	bool realtime;
	struct sl_recording recording;
	struct sl_hearing hearing;

	/* the worker's bytes that are not a whole frame yet */
	struct sl_buffer in;
	enum { PLAY_OPENING, PLAY_FRAMES, PLAY_RAW } state;
	bool hello; /* has been sent */
	bool refused; /* a failure has been sent in its place */

	/* the current request; NULL: none */
	struct sl_asked *asked;
	uint64_t id;
	struct sl_ledger ledger; /* of the rows sent */
	bool settled, ready;     /* its terminal has been sent; it is over */

	struct sl_buffer out;
	int64_t now_ns, then_ns; /* the same moment, now and in the recording */
};

/* ---- writing ---- */

/* If the reader has gone, the hearing thread ends the process. */
static void write_fully(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t k = TEMP_FAILURE_RETRY(write(fd, bytes, n));
		if (k < 0)
			return;
		bytes += k;
		n -= (size_t)k;
	}
}

static void send_frames(struct player *p, const char *bytes, size_t n)
{
	if (p->t.out >= 0)
		write_fully(p->t.out, bytes, n);
}

static void send_out(struct player *p)
{
	send_frames(p, sl_buffer_data(&p->out), sl_buffer_len(&p->out));
	sl_buffer_consume(&p->out, sl_buffer_len(&p->out));
}

/* Sends what is left of the worker's bytes as it is, because no more came. */
static void send_rest(struct player *p)
{
	send_frames(p, sl_buffer_data(&p->in), sl_buffer_len(&p->in));
	sl_buffer_consume(&p->in, sl_buffer_len(&p->in));
}

static void finish_request(struct player *p)
{
	sl_plain_encode(&p->out, SL_FRAME_READY, p->id);
	send_out(p);
	sl_buffer_consume(&p->in, sl_buffer_len(&p->in));
	p->settled = p->ready = true;
}

static void fail_request(struct player *p, const struct sl_error *why)
{
	sl_failure_encode(&p->out, p->id, why);
	finish_request(p);
}

static void diagnose(struct player *p, const char *code, const char *message)
{
	struct sl_diagnostic d = { sl_text_of(code), sl_text_of(message) };
	sl_diagnostic_encode(&p->out, p->id, &d);
	send_out(p);
}

/* ---- ends ---- */

/* The recording ends in the middle of something: so does the process. */
static _Noreturn void refuse(struct player *p, const struct sl_error *why)
{
	if (p->state == PLAY_OPENING)
		_exit(sl_serve_refuse(&p->t, why));
	if (p->state == PLAY_FRAMES && !p->hello) {
		sl_failure_encode(&p->out, 0, why);
		send_out(p);
	}
	dprintf(STDERR_FILENO, "%s\n", why->message);
	_exit(EXIT_PROTOCOL);
}

/* The recorded end was the runner's doing, or is missing. A request that is still to come
 * is told that there is no answer. */
static void end_here(struct player *p, const struct sl_error *why)
{
	if (p->asked != NULL && !p->settled)
		fail_request(p, why);
	else if (p->asked != NULL ? !p->ready : !p->hello)
		refuse(p, why);
}

static void cut_here(struct player *p, const struct sl_record *rec)
{
	struct sl_decoder d;
	struct sl_frame f;
	struct sl_error was;
	SL_ERROR(err);
	SL_ERROR(why);
	sl_error_clear(&was);
	sl_decoder_init(&d, SL_FRAME_CAP_CEILING);
	if (sl_decoder_feed(&d, rec->bytes, rec->len) == 0 && sl_decoder_next(&d, &f, &err) == 1)
		sl_failure_parse(&f, &was, &err);
	sl_decoder_clear(&d);
	const char *stage = sl_error_get_text(&was, SL_D_STAGE);
	bool is_unfinished = stage != NULL && strcmp(stage, SL_RECORD_UNFINISHED) == 0;
	sl_fail(&why, SL_EXPORT_FAILED, 0, is_unfinished ? "the recording ends here: %s"
	        : "the recording ends here because its runner ended the request: %s", was.message);
	sl_record_file_name(&p->recording.file, &why);
	end_here(p, &why);
}

/* After the end of a request nothing can be taken back, but the damage is reported. */
static void damaged_here(struct player *p, struct sl_error *err)
{
	bool over = p->asked == NULL ? p->hello : p->ready;
	sl_record_file_name(&p->recording.file, err);
	if (over)
		refuse(p, err);
	end_here(p, err);
}

static int leaving_status;

static void leave(int sig)
{
	(void)sig;
	_exit(leaving_status);
}

/* The recorded process did not leave by itself, so this one does not either. */
static _Noreturn void wait_for_signal(const struct sl_record_exit *e)
{
	leaving_status = (int)e->value;
	if (!e->signalled)
		signal(SIGTERM, leave);
	else if (e->value == SIGKILL)
		signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static _Noreturn void end_as(struct player *p, const struct sl_record_exit *e)
{
	struct rlimit no_core = { 0, 0 };
	send_rest(p);
	if (e->forced)
		wait_for_signal(e);
	if (!e->signalled)
		_exit((int)e->value);
	setrlimit(RLIMIT_CORE, &no_core);
	signal((int)e->value, SIG_DFL);
	kill(getpid(), (int)e->value);
	for (;;)
		pause();
}

/* The runner had seen a fault in what was sent, and stopped listening. It will do so again. */
static _Noreturn void end_of_fault(struct player *p)
{
	send_rest(p);
	sleep(FAULT_WAIT_S);
	dprintf(STDERR_FILENO, "the recording ends here: its runner detected a fault\n");
	_exit(EXIT_PROTOCOL);
}

/* ---- time ---- */

static void set_clock(struct player *p, uint64_t time_ns)
{
	p->now_ns = sl_now_ns();
	p->then_ns = (int64_t)time_ns;
}

static void wait_until(struct player *p, uint64_t time_ns)
{
	if (p->realtime)
		sl_hearing_sleep(&p->hearing, p->now_ns + ((int64_t)time_ns - p->then_ns));
}

/* ---- frames ---- */

/* Ends the request early and in good order, although the recorded one was not stopped. */
static void stop_here(struct player *p)
{
	struct sl_summary *m = calloc(1, sizeof *m);
	if (m == NULL)
		abort();
	m->stopped = true;
	m->elapsed_ns = (uint64_t)(sl_now_ns() - p->now_ns);
	m->seal_count = p->ledger.count;
	for (uint32_t i = 0; i < m->seal_count; i++)
		m->seals[i] = p->ledger.streams[i]->seal;
	sl_summary_encode(&p->out, p->id, m);
	free(m);
	finish_request(p);
}

static bool is_told_to_stop(struct player *p)
{
	return p->asked != NULL && !p->asked->stopped && !p->settled && sl_hearing_stop(&p->hearing, p->id);
}

/* The runner has not said what should become of lines that are not rows. */
static void refuse_bad_line(struct player *p, const struct sl_frame *f)
{
	struct sl_bad_line m;
	SL_ERROR(why);
	if (sl_bad_line_parse(f, &m, &why) == 0) {
		sl_fail(&why, SL_ROW_MALFORMED, 0, "line %" PRIu64 " was not a row: %.*s", m.line,
		        (int)m.reason.len, m.reason.bytes);
		sl_error_number(&why, SL_D_LINE, (int64_t)m.line);
		sl_error_text(&why, SL_D_TEXT, m.bytes.bytes, m.bytes.len);
	}
	fail_request(p, &why);
}

enum verdict { SEND, LEAVE_OUT, OVER };

/* What becomes of a whole frame. */
static enum verdict judge(struct player *p, const struct sl_frame *f)
{
	SL_ERROR(err);
	sl_feature_set features = sl_hearing_features(&p->hearing);
	switch (f->head.kind) {
	case SL_FRAME_ROW:
		if (is_told_to_stop(p))
			return OVER;
		sl_ledger_receive(&p->ledger, f->head.stream, f->head.sequence, f->payload, f->head.length, &err);
		return SEND;
	case SL_FRAME_STREAM:
		sl_ledger_declare(&p->ledger, f->head.stream, f->payload, f->head.length, &err);
		return SEND;
	case SL_FRAME_PLACE:
		return sl_features_have(features, SL_FEATURE_PLACES) ? SEND : LEAVE_OUT;
	case SL_FRAME_BAD_LINE:
		return sl_features_have(features, SL_FEATURE_BAD_LINES) ? SEND : OVER;
	case SL_FRAME_SUMMARY:
	case SL_FRAME_REPLY:
	case SL_FRAME_FAILURE:
		p->refused = !p->hello;
		p->settled = p->asked != NULL;
		return SEND;
	case SL_FRAME_READY:
		p->ready = p->asked != NULL;
		return SEND;
	case SL_FRAME_HELLO:
		p->hello = true;
		return SEND;
	}
	return SEND;
}

/* If not, no worker sends such a header in good order: from here on it is just bytes. */
static bool is_frame(const struct sl_header *h)
{
	const struct sl_frame_rule *rule = sl_frame_rule(h->kind);
	return h->version == SL_PROTOCOL_VERSION && rule != NULL && rule->sender == SL_FROM_WORKER &&
	       h->length <= SL_FRAME_CAP_CEILING;
}

/* Replaces the id of the recorded request by that of the present one. */
static void put_id(struct player *p, char *frame, struct sl_header *h)
{
	if (p->asked == NULL || h->request != p->asked->id)
		return;
	h->request = p->id;
	sl_header_put((unsigned char *)frame, h);
}

/* Sends the n bytes at the front, which have been looked at. */
static void send_front(struct player *p, size_t n)
{
	send_frames(p, sl_buffer_data(&p->in), n);
	sl_buffer_consume(&p->in, n);
}

/* Leaves out the frame, but not the n bytes before it. False: the request is over. */
static bool pass_over(struct player *p, const struct sl_frame *f, size_t n, enum verdict verdict)
{
	send_front(p, n);
	if (verdict == OVER && f->head.kind == SL_FRAME_BAD_LINE)
		refuse_bad_line(p, f);
	else if (verdict == OVER)
		stop_here(p);
	else
		sl_buffer_consume(&p->in, SL_HEADER_SIZE + f->head.length);
	return verdict != OVER;
}

/* Sends whole frames as they are, in one piece if possible. False: the request is over. */
static bool play_frames(struct player *p)
{
	size_t n = 0;
	while (sl_buffer_len(&p->in) - n >= SL_HEADER_SIZE) {
		char *frame = p->in.bytes + p->in.start + n;
		struct sl_frame f = { .payload = frame + SL_HEADER_SIZE };
		sl_header_get(&f.head, (const unsigned char *)frame);
		if (!is_frame(&f.head)) {
			p->state = PLAY_RAW;
			send_rest(p);
			return true;
		}
		if (sl_buffer_len(&p->in) - n - SL_HEADER_SIZE < f.head.length)
			break;
		put_id(p, frame, &f.head);
		enum verdict verdict = judge(p, &f);
		if (verdict == SEND) {
			n += SL_HEADER_SIZE + f.head.length;
			continue;
		}
		if (!pass_over(p, &f, n, verdict))
			return false;
		n = 0;
	}
	send_front(p, n);
	return true;
}

/* Text may come before the magic if worker and runner had one descriptor for both; on a
 * pipe of its own it is not allowed. */
static void play_opening_bytes(struct player *p)
{
	bool tolerant = p->recording.transport == SL_TRANSPORT_STDIO;
	const char *bytes = sl_buffer_data(&p->in);
	size_t len = sl_buffer_len(&p->in);
	const char *magic = len > 0 ? memmem(bytes, len, SL_MAGIC, SL_MAGIC_SIZE) : NULL;
	size_t before = magic != NULL ? (size_t)(magic - bytes) : 0;
	bool hopeless = tolerant ? len > OPENING_MOST : len >= SL_MAGIC_SIZE;
	if (magic != NULL && (before == 0 || tolerant)) {
		if (p->kind == SL_TRANSPORT_STDIO)
			send_frames(p, bytes, before);
		send_frames(p, SL_MAGIC, SL_MAGIC_SIZE);
		sl_buffer_consume(&p->in, before + SL_MAGIC_SIZE);
		p->state = PLAY_FRAMES;
	} else if (magic != NULL || hopeless) {
		p->state = PLAY_RAW;
	}
}

/* False: the request is over before its recorded end. */
static bool play_bytes(struct player *p, const struct sl_record *rec)
{
	SL_ERROR(err);
	if (sl_buffer_append(&p->in, rec->bytes, rec->len) != 0) {
		sl_fail(&err, SL_EXPORT_FAILED, ENOMEM, "no memory for a recorded frame");
		end_here(p, &err);
		return false;
	}
	if (p->state == PLAY_OPENING)
		play_opening_bytes(p);
	if (p->state == PLAY_FRAMES)
		return play_frames(p);
	if (p->state == PLAY_RAW)
		send_rest(p);
	return true;
}

/* ---- records ---- */

static void hang_up(struct player *p)
{
	send_rest(p);
	if (p->t.out >= 0)
		close(p->t.out);
	p->t.out = -1;
}

/* True: go on. */
static bool play_record(struct player *p, const struct sl_record *rec)
{
	struct sl_record_exit e;
	switch (rec->kind) {
	case SL_RECORD_WORKER:
		return play_bytes(p, rec);
	case SL_RECORD_STDOUT:
		write_fully(STDOUT_FILENO, rec->bytes, rec->len);
		return true;
	case SL_RECORD_STDERR:
		write_fully(STDERR_FILENO, rec->bytes, rec->len);
		return true;
	case SL_RECORD_HANGUP:
		hang_up(p);
		return true;
	case SL_RECORD_EXIT:
		if (sl_record_exit_get(&e, rec))
			end_as(p, &e);
		return true;
	case SL_RECORD_CUT:
		cut_here(p, rec);
		return false;
	case SL_RECORD_START:
	case SL_RECORD_RUNNER:
	case SL_RECORD_END:
		break;
	}
	return true;
}

/* There are no more records of this process. */
static void play_end(struct player *p)
{
	SL_ERROR(why);
	if (p->asked != NULL ? p->ready : p->hello)
		return;
	if (p->refused)
		_exit(EXIT_FAILURE);
	if (!p->recording.file.reader.cut)
		end_of_fault(p);
	sl_fail(&why, SL_EXPORT_FAILED, 0, "the recording ends here: %s was not finished", p->recording.file.path);
	end_here(p, &why);
}

static bool is_at(const struct sl_record_place *a, const struct sl_record_place *b)
{
	return a->offset == b->offset && a->at == b->at;
}

/* Plays from one place to the other, where the bytes sent end with a whole frame. */
static void play(struct player *p, const struct sl_answer *a)
{
	struct sl_record_reader *r = &p->recording.file.reader;
	struct sl_record rec;
	SL_ERROR(err);
	int rc;
	sl_record_seek(r, a->from);
	while ((rc = sl_record_next(r, SL_RECORD_ALL, &rec, &err)) == 1) {
		if (a->has_until && is_at(&r->last, &a->until))
			return;
		if (rec.kind == SL_RECORD_START || rec.kind == SL_RECORD_END)
			break;
		wait_until(p, rec.time_ns);
		if (!play_record(p, &rec))
			return;
	}
	if (rc < 0)
		damaged_here(p, &err);
	else
		play_end(p);
}

/* ---- requests ---- */

/* Streams that the recorded policy did not name were recorded as "*", even if they are named now. */
static bool has_other_streams(const struct sl_asked *a, struct sl_text now)
{
	size_t len = sl_buffer_len(&a->streams);
	if (!a->chooses)
		return false;
	return now.bytes == NULL || now.len != len || (len > 0 && memcmp(now.bytes, sl_buffer_data(&a->streams), len) != 0);
}

static void play_request(struct player *p, const struct sl_heard *heard)
{
	SL_ERROR(err);
	bool differs;
	p->id = heard->id;
	p->asked = sl_recording_find(&p->recording, heard->id, &heard->message, &differs, &err);
	p->settled = p->ready = false;
	sl_ledger_clear(&p->ledger);
	if (p->asked == NULL) {
		fail_request(p, &err);
		return;
	}
	if (p->recording.file.reader.unfinished)
		diagnose(p, "recording.unfinished", "the recording was not finished: it is replayed up to its last complete block");
	if (p->recording.file.reader.flags & SL_RECORD_IS_CUT)
		diagnose(p, "recording.cut", "the recording was cut: rows were omitted or changed");
	if (differs)
		diagnose(p, "recording.request", "the request differs from the recorded one, whose answer is replayed");
	if (has_other_streams(p->asked, heard->streams))
		diagnose(p, "recording.streams", "when this was recorded, a different set of streams was taken by name; "
		         "rows of all other streams are in the stream *");
	set_clock(p, p->asked->answer.time_ns);
	play(p, &p->asked->answer);
}

/* The process was told to leave: it leaves as the recorded one did, if that was told to at this point. */
static int leave_as_recorded(struct player *p, const struct sl_answer *last)
{
	struct sl_answer rest = { .from = last->until };
	struct sl_record_reader *r = &p->recording.file.reader;
	struct sl_record rec;
	SL_ERROR(err);
	int rc;
	if (!last->has_until || !last->until_shutdown)
		return EXIT_SUCCESS;
	sl_record_seek(r, rest.from);
	while ((rc = sl_record_next(r, SL_RECORD_ALL, &rec, &err)) == 1 && rec.kind != SL_RECORD_START)
		if (rec.kind != SL_RECORD_CUT)
			play_record(p, &rec);
	if (rc < 0)
		damaged_here(p, &err);
	return EXIT_SUCCESS;
}

static int play_all(struct player *p)
{
	const struct sl_answer *last = &p->recording.opening;
	struct sl_heard heard;
	set_clock(p, last->time_ns);
	play(p, last);
	while (sl_hearing_next(&p->hearing, &heard)) {
		play_request(p, &heard);
		last = p->asked != NULL ? &p->asked->answer : last;
	}
	return leave_as_recorded(p, last);
}

int sl_recording_host(const struct sl_transport *t, enum sl_transport_kind kind, const char *path,
                      bool realtime)
{
	static struct player p;
	SL_ERROR(err);
	signal(SIGPIPE, SIG_IGN);
	p = (struct player){ .t = *t, .kind = kind, .realtime = realtime };
	if (sl_recording_open(&p.recording, path, &err) != 0)
		return sl_serve_refuse(t, &err);
	if (!p.recording.has_process) {
		sl_fail(&err, SL_EXPORT_FAILED, 0, "the recording %s contains nothing from a worker", path);
		return sl_serve_refuse(t, p.recording.not_started.kind != SL_NONE ? &p.recording.not_started : &err);
	}
	int rc = sl_hearing_start(&p.hearing, t->in);
	if (rc == 0)
		return play_all(&p);
	sl_fail(&err, SL_SPAWN, rc, "cannot start a thread for the recording");
	return sl_serve_refuse(t, &err);
}
