/* lines_host.c - see lines_host.h */
#include "host/lines_host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "host/envelope.h"
#include "host/serve.h"

#define READ_SIZE (256u * 1024)
#define KEEP_BYTES (1024u * 1024)
#define REQUEST_LIMIT (100u * 1024)
#define REQUEST_VARIABLE "SLUICE_REQUEST"
#define GRACE_MS 1000 /* from SIGTERM to SIGKILL */
#define DRAIN_MS 2000 /* of silence on the pipe, after the command's exit */

struct lines {
	const struct sl_lines_options *options;
	struct sl_text stream;
	struct sl_json *json;
	struct sl_request *rq;
	struct sl_buffer in;
	size_t scanned;  /* bytes at the front of in known to have no newline */
	uint64_t number; /* of the last line taken, from 1 */
	int fd;          /* where lines come from, or -1 */
	atomic_int pid;  /* of the command until it is reaped, else 0 */
	int pidfd;       /* readable when the command has exited, or -1 */
	int wait_status;
};

enum progress { MORE, OVER };

/* ---- one line ---- */

/* The first thing that is wrong, with the line's number in front of it. */
static enum progress refuse_line(struct lines *l, struct sl_error *err)
{
	char what[sizeof err->message];
	memcpy(what, err->message, sizeof what);
	snprintf(err->message, sizeof err->message, "line %" PRIu64 ": %.480s", l->number, what);
	sl_error_number(err, SL_D_LINE, (int64_t)l->number);
	if (err->kind == SL_ROW_MALFORMED && !l->options->envelopes)
		sl_error_text(err, SL_D_STREAM, l->stream.bytes, l->stream.len);
	sl_request_fail(l->rq, err);
	return OVER;
}

static enum sl_emitted emit_line(struct lines *l, const char *text, size_t len,
                                 struct sl_error *err)
{
	struct sl_envelope envelope;
	if (len > sl_request_cap(l->rq) && !l->options->envelopes)
		return sl_request_row(l->rq, l->stream, (struct sl_text){ text, len }, err);
	if (sl_json_parse(l->json, text, len, err) != 0)
		return SL_EMITTED_REFUSED;
	if (!l->options->envelopes)
		return sl_request_row(l->rq, l->stream, (struct sl_text){ text, len }, err);
	if (sl_envelope_read(&envelope, l->json, text, len, err) != 0)
		return SL_EMITTED_REFUSED;
	return sl_envelope_emit(&envelope, l->rq, err);
}

static bool is_blank(const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t' || *text == '\r'))
		text++, len--;
	return len == 0;
}

static enum progress take_line(struct lines *l, const char *text, size_t len)
{
	SL_ERROR(err);
	l->number++;
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (is_blank(text, len))
		return MORE;
	enum sl_emitted e = emit_line(l, text, len, &err);
	if (e == SL_EMITTED_REFUSED)
		return refuse_line(l, &err);
	return e == SL_EMITTED ? MORE : OVER;
}

/* ---- all lines that have come ---- */

/* An unfinished line that can never be a frame: do not collect it for ever.
 * An envelope has its cap on the payload, and some room beside that. */
static enum progress check_unfinished(struct lines *l)
{
	SL_ERROR(err);
	size_t len = sl_buffer_len(&l->in), cap = sl_request_cap(l->rq);
	if (len <= cap + (l->options->envelopes ? SL_FRAME_CAP_FLOOR : 1))
		return MORE;
	l->number++;
	sl_fail(&err, SL_FRAME_TOO_LARGE, 0, "%zu bytes and no end, over the cap of %zu", len, cap);
	sl_error_text(&err, SL_D_STREAM, l->stream.bytes, l->stream.len);
	sl_error_number(&err, SL_D_SEQUENCE, (int64_t)sl_request_sequence(l->rq, l->stream));
	sl_error_number(&err, SL_D_SIZE, (int64_t)len);
	sl_error_number(&err, SL_D_LIMIT, (int64_t)cap);
	return refuse_line(l, &err);
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
	return p == MORE ? check_unfinished(l) : p;
}

/* What comes after the last newline. */
static void take_last_line(struct lines *l)
{
	if (sl_buffer_len(&l->in) > 0)
		take_line(l, sl_buffer_data(&l->in), sl_buffer_len(&l->in));
}

static enum progress fail_reading(struct lines *l, int os)
{
	SL_ERROR(err);
	sl_fail(&err, SL_EXPORT_FAILED, os, "the lines cannot be read, after line %" PRIu64,
	        l->number);
	sl_request_fail(l->rq, &err);
	return OVER;
}

static enum progress read_lines(struct lines *l)
{
	char *at = sl_buffer_room(&l->in, READ_SIZE);
	if (at == NULL)
		return fail_reading(l, ENOMEM);
	ssize_t n = read(l->fd, at, sl_buffer_free_space(&l->in));
	if (n == 0)
		return OVER;
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? MORE : fail_reading(l, errno);
	sl_buffer_added(&l->in, (size_t)n);
	return take_lines(l);
}

/* ---- the command ---- */

static void pass_request(struct lines *l)
{
	size_t len;
	const char *text = sl_request_text(l->rq, &len);
	if (len < REQUEST_LIMIT)
		setenv(REQUEST_VARIABLE, text, 1);
	else
		unsetenv(REQUEST_VARIABLE);
}

/* It has no input, prints into `out`, and complains where we do. */
static int spawn_command(const struct lines *l, int out, pid_t *pid, struct sl_error *err)
{
	const struct sl_spawn s = {
		.argv = (const char *const *)l->options->argv,
		.fds = { -1, out, STDERR_FILENO, -1, -1 },
		.death_signal = SIGKILL,
	};
	return sl_spawn(&s, pid, err);
}

static int start_command(struct lines *l, struct sl_error *err)
{
	int ends[2];
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return sl_fail(err, SL_SPAWN, errno, "no pipe for the command");
	(void)fcntl(ends[0], F_SETPIPE_SZ, SL_PIPE_SIZE);
	pass_request(l);
	int rc = spawn_command(l, ends[1], &pid, err);
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		return -1;
	}
	l->fd = ends[0];
	atomic_store(&l->pid, pid);
	l->pidfd = pidfd_open(pid, 0);
	return 0;
}

/* The parent is gone: the control thread ends the process, and the command,
 * which is in the same group but might sit in a long silence, goes with it. */
static void on_orphaned(void *user)
{
	struct lines *l = user;
	pid_t pid = atomic_load(&l->pid);
	if (pid > 0)
		kill(pid, SIGKILL);
}

/* Once it is known to have exited, or to be about to. */
static void reap(struct lines *l)
{
	pid_t pid = atomic_exchange(&l->pid, 0); /* before: its number may be used again */
	TEMP_FAILURE_RETRY(waitpid(pid, &l->wait_status, 0));
	if (l->pidfd >= 0)
		close(l->pidfd);
	l->pidfd = -1;
}

static bool exited_within(struct lines *l, int ms)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };
	return TEMP_FAILURE_RETRY(poll(&p, 1, ms)) > 0;
}

static void end_command(struct lines *l, bool gently)
{
	pid_t pid = atomic_load(&l->pid);
	if (gently) {
		kill(pid, SIGTERM);
		kill(pid, SIGCONT);
	}
	if (!gently || l->pidfd < 0 || !exited_within(l, GRACE_MS))
		kill(pid, SIGKILL);
	reap(l);
}

/* ---- reading until it is over ---- */

static void cut_off(struct lines *l)
{
	sl_request_diagnostic(l->rq, sl_text_of("lines.cut_off"),
	                      sl_text_of("the command has exited, but something that it started holds "
	                                 "its output open; what that still prints is not read"));
}

/* Wait for lines, for the command's exit or for an order. Rows do not wait
 * with us: when nothing is there at once, they leave first. */
static int wait_for_something(struct lines *l, struct pollfd p[3])
{
	p[0] = (struct pollfd){ .fd = l->fd, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = sl_request_wake_fd(l->rq), .events = POLLIN };
	p[2] = (struct pollfd){ .fd = l->pidfd, .events = POLLIN };
	int rc = poll(p, 3, 0);
	if (rc != 0)
		return rc;
	sl_request_flush(l->rq);
	bool exited = l->options->argv != NULL && atomic_load(&l->pid) == 0;
	return poll(p, 3, exited ? DRAIN_MS : -1);
}

static enum progress turn(struct lines *l)
{
	struct pollfd p[3];
	int rc = wait_for_something(l, p);
	if (rc < 0)
		return errno == EINTR ? MORE : fail_reading(l, errno);
	if (rc == 0) {
		cut_off(l);
		return OVER;
	}
	if (p[1].revents != 0) {
		sl_request_obey(l->rq);
		return OVER;
	}
	if (p[0].revents != 0)
		return read_lines(l);
	if (p[2].revents != 0)
		reap(l);
	return MORE;
}

/* The output has ended, the command perhaps not: it may be told to. */
static void await_exit(struct lines *l)
{
	struct pollfd p[2] = { { .fd = l->pidfd, .events = POLLIN },
		               { .fd = sl_request_wake_fd(l->rq), .events = POLLIN } };
	sl_request_flush(l->rq);
	if (l->pidfd >= 0)
		TEMP_FAILURE_RETRY(poll(p, 2, -1));
	if (p[0].revents != 0 || l->pidfd < 0)
		reap(l);
	else
		sl_request_obey(l->rq);
}

static void judge_exit(struct lines *l)
{
	SL_ERROR(err);
	char quoted[128];
	const char *name = l->options->argv[0];
	int status = l->wait_status;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	sl_quote(quoted, sizeof quoted, name, strlen(name));
	if (WIFSIGNALED(status)) {
		sl_fail(&err, SL_EXPORT_FAILED, 0, "the command \"%s\" was ended by signal %d (%s)",
		        quoted, WTERMSIG(status), strsignal(WTERMSIG(status)));
		sl_error_number(&err, SL_D_SIGNAL, WTERMSIG(status));
	} else {
		sl_fail(&err, SL_EXPORT_FAILED, 0, "the command \"%s\" exited with status %d", quoted,
		        WEXITSTATUS(status));
		sl_error_number(&err, SL_D_STATUS, WEXITSTATUS(status));
	}
	sl_request_fail(l->rq, &err);
}

/* An end that we asked for says nothing; one of its own decides. */
static void finish_command(struct lines *l)
{
	close(l->fd); /* whoever still writes gets SIGPIPE */
	enum sl_order order = sl_request_order(l->rq);
	bool failed = sl_request_failure(l->rq)->kind != SL_NONE;
	if (atomic_load(&l->pid) != 0 && order == SL_ORDER_NONE && !failed) {
		await_exit(l);
		order = sl_request_order(l->rq);
	}
	if (atomic_load(&l->pid) != 0)
		end_command(l, order != SL_ORDER_CANCEL);
	else
		judge_exit(l);
}

/* The exit status is asked first: a line that is cut because the command died
 * is not what is wrong. */
static void finish(struct lines *l, bool failed)
{
	if (l->options->argv != NULL)
		finish_command(l);
	if (!failed && sl_request_order(l->rq) == SL_ORDER_NONE)
		take_last_line(l);
}

static void run(void *user, struct sl_request *rq, uint32_t which)
{
	struct lines *l = user;
	SL_ERROR(err);
	(void)which;
	l->rq = rq;
	l->number = 0;
	l->fd = STDIN_FILENO;
	if (l->options->argv != NULL && start_command(l, &err) != 0) {
		sl_request_fail(rq, &err);
		return;
	}
	while (turn(l) == MORE)
		;
	finish(l, sl_request_failure(rq)->kind != SL_NONE);
	sl_buffer_consume(&l->in, sl_buffer_len(&l->in));
	l->scanned = 0;
	sl_buffer_trim(&l->in, KEEP_BYTES);
	sl_json_trim(l->json, KEEP_BYTES);
}

/* ---- serving ---- */

int sl_lines_host(const struct sl_transport *t, const struct sl_lines_options *options)
{
	static const struct sl_export_name names[] = { { { "lines", 5 }, SL_EXPORT_ROWS } };
	struct lines l = { .options = options, .fd = -1, .pidfd = -1 };
	struct sl_service service = {
		.name = options->argv != NULL ? basename(options->argv[0]) : "stdin",
		.exports = names,
		.export_count = 1,
		.run = run,
		.orphaned = on_orphaned,
		.user = &l,
	};
	SL_ERROR(err);
	l.stream = sl_text_of(options->stream);
	l.json = sl_json_new();
	if (l.json == NULL) {
		sl_fail(&err, SL_SPAWN, ENOMEM, "no memory for the worker");
		return sl_serve_refuse(t, &err);
	}
	int status = sl_serve(t, &service);
	sl_buffer_clear(&l.in);
	sl_json_free(l.json);
	return status;
}
