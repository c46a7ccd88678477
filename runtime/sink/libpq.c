/* libpq.c - see libpq.h */
#include "sink/libpq.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sink/library.h"

#define CONNECT_MS 10000
#define LOOK_MS 100 /* between two checks for a stop: a signal may go to another thread */

struct sl_libpq sl_libpq;

#define lib sl_libpq
#define ENTRY(name) { "PQ" #name, offsetof(struct sl_libpq, name) },

static int load(struct sl_error *err)
{
	static const struct sl_function functions[] = { SL_PQ_FUNCTIONS(ENTRY) };
	if (lib.setNoticeProcessor != NULL)
		return 0;
	return sl_library_load("libpq.so.5", "libpq5", &lib, functions, sizeof functions / sizeof functions[0], err);
}

/* ---- errors ---- */

/* Append a message of several lines as one line. */
static void append_line(char *out, size_t size, const char *before, const char *text)
{
	size_t used = strlen(out);
	if (text == NULL || text[0] == '\0')
		return;
	used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? before : "", text);
	used = used < size ? used : size - 1;
	while (used > 0 && (out[used - 1] == '\n' || out[used - 1] == ' '))
		out[--used] = '\0';
	for (char *p = out; *p != '\0'; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
}

int sl_pq_refused(const PGresult *r, struct sl_error *err)
{
	char text[sizeof err->message] = "";
	const char *code = lib.resultErrorField(r, PG_DIAG_SQLSTATE);
	append_line(text, sizeof text, "", lib.resultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
	append_line(text, sizeof text, "; ", lib.resultErrorField(r, PG_DIAG_MESSAGE_DETAIL));
	append_line(text, sizeof text, "; ", lib.resultErrorField(r, PG_DIAG_MESSAGE_HINT));
	if (text[0] == '\0')
		append_line(text, sizeof text, "", lib.resultErrorMessage(r));
	if (code == NULL)
		return sl_fail(err, SL_SINK, 0, "%s", text);
	sl_fail(err, SL_SINK, 0, "%.480s (SQLSTATE %s)", text, code);
	return sl_error_text(err, SL_D_CODE, code, strlen(code));
}

/* Fail with libpq's own message and close the connection. */
static int lost(struct sl_pq *p, struct sl_error *err)
{
	char text[sizeof err->message] = "";
	append_line(text, sizeof text, "", lib.errorMessage(p->conn));
	sl_fail(err, SL_SINK, 0, "%s", text[0] != '\0' ? text : "the connection is lost");
	sl_pq_close(p);
	return -1;
}

/* ---- waiting ---- */

static int give_up(struct sl_pq *p, struct sl_error *err, int64_t limit_ms)
{
	if (limit_ms >= 0)
		sl_fail(err, SL_SINK, ETIMEDOUT, "no answer from the server for %" PRId64 " s", limit_ms / 1000);
	else if (p->sinks->stop(err, "an answer from the server") == 0)
		sl_fail(err, SL_SINK, EINTR, "the wait for the server was given up");
	sl_pq_close(p);
	return -1;
}

/* Wait for one of these events: 0, or -1 and *err, and the connection is closed. */
static int wait_for(struct sl_pq *p, short events, int64_t limit_ms, struct sl_error *err)
{
	struct pollfd fd = { .fd = lib.socket(p->conn), .events = events };
	int64_t end = sl_now_ns() + limit_ms * SL_NS_PER_MS;
	for (;;) {
		if (sl_sinks_must_stop(p->sinks, p->patient))
			return give_up(p, err, -1);
		int rc = poll(&fd, 1, LOOK_MS);
		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return lost(p, err);
		if (sl_now_ns() >= end)
			return give_up(p, err, limit_ms);
	}
}

static void ignore_notice(void *ctx, const char *message)
{
	(void)ctx, (void)message; /* not an error */
}

static int go_on_connecting(struct sl_pq *p, int64_t end, struct sl_error *err)
{
	PostgresPollingStatusType state = PGRES_POLLING_WRITING;
	while (state != PGRES_POLLING_OK) {
		int64_t left_ms = (end - sl_now_ns()) / SL_NS_PER_MS;
		if (state == PGRES_POLLING_FAILED)
			return lost(p, err);
		if (left_ms <= 0)
			return give_up(p, err, CONNECT_MS);
		if (wait_for(p, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, left_ms, err) != 0)
			return -1;
		state = lib.connectPoll(p->conn);
	}
	return 0;
}

int sl_pq_connect(struct sl_pq *p, const char *conninfo, struct sl_error *err)
{
	if (load(err) != 0)
		return -1;
	p->conn = lib.connectStart(conninfo);
	if (p->conn == NULL)
		return sl_fail(err, SL_SINK, ENOMEM, "no memory for a connection");
	if (lib.status(p->conn) == CONNECTION_BAD)
		return lost(p, err);
	lib.setNoticeProcessor(p->conn, ignore_notice, NULL);
	if (go_on_connecting(p, sl_now_ns() + CONNECT_MS * SL_NS_PER_MS, err) != 0)
		return -1;
	return lib.setnonblocking(p->conn, 1) == 0 ? 0 : lost(p, err);
}

void sl_pq_close(struct sl_pq *p)
{
	if (p->conn != NULL)
		lib.finish(p->conn);
	p->conn = NULL;
	p->settle = NULL;
}

/* ---- commands and answers ---- */

int sl_pq_await_room(struct sl_pq *p, struct sl_error *err)
{
	if (wait_for(p, POLLIN | POLLOUT, p->limit_ms, err) != 0)
		return -1;
	return lib.consumeInput(p->conn) != 0 ? 0 : lost(p, err);
}

static int flush(struct sl_pq *p, struct sl_error *err)
{
	int rc;
	while ((rc = lib.flush(p->conn)) == 1)
		if (sl_pq_await_room(p, err) != 0)
			return -1;
	return rc == 0 ? 0 : lost(p, err);
}

int sl_pq_sent(struct sl_pq *p, int sent, struct sl_error *err)
{
	return sent == 1 ? flush(p, err) : lost(p, err);
}

int sl_pq_settle(struct sl_pq *p, struct sl_error *err)
{
	if (p->conn == NULL)
		return sl_fail(err, SL_SINK, 0, "the connection is closed");
	int (*settle)(void *ctx, struct sl_error *err) = p->settle;
	p->settle = NULL;
	return settle != NULL ? settle(p->settle_ctx, err) : 0;
}

int sl_pq_next(struct sl_pq *p, PGresult **out, struct sl_error *err)
{
	while (lib.isBusy(p->conn)) {
		if (wait_for(p, POLLIN, p->limit_ms, err) != 0)
			return -1;
		if (lib.consumeInput(p->conn) == 0)
			return lost(p, err);
	}
	*out = lib.getResult(p->conn);
	return 0;
}

static bool is_failure(const PGresult *r)
{
	ExecStatusType status = lib.resultStatus(r);
	return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
}

/* Keeps one of them: the first that failed, otherwise the last. */
static PGresult *choose(PGresult *kept, PGresult *next)
{
	if (kept != NULL && is_failure(kept)) {
		lib.clear(next);
		return kept;
	}
	lib.clear(kept);
	return next;
}

int sl_pq_finish(struct sl_pq *p, PGresult **out, struct sl_error *err)
{
	PGresult *r = NULL, *kept = NULL;
	do {
		kept = r != NULL ? choose(kept, r) : kept;
		if (sl_pq_next(p, &r, err) != 0) {
			lib.clear(kept);
			return -1;
		}
	} while (r != NULL);
	int rc = kept != NULL && is_failure(kept) ? sl_pq_refused(kept, err) : 0;
	if (out != NULL && rc == 0)
		*out = kept;
	else
		lib.clear(kept);
	return rc;
}
