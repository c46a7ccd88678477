/*
 * libpq.h - a connection to PostgreSQL that is never waited for without end (room: sink, private)
 *
 * Below postgres.h and copy.h: libpq in its asynchronous form, with one answer at a time.
 * Errors are of kind sink (cancelled, when the user wants to wait no longer), with the server's message, detail and hint as their message and the
 * SQLSTATE as code; they say nothing of the place.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libpq-fe.h>

#include "base/error.h"
#include "sink/sink.h"

#define SL_PQ_FUNCTIONS(X)                                                                                  \
	X(connectStart) X(connectPoll) X(status) X(socket) X(finish) X(errorMessage) X(setnonblocking)      \
	X(sendQuery) X(sendQueryParams) X(sendPrepare) X(sendQueryPrepared) X(flush) X(consumeInput)        \
	X(isBusy) X(getResult) X(resultStatus) X(resultErrorField) X(resultErrorMessage) X(clear)           \
	X(ntuples) X(nfields) X(getvalue) X(getisnull) X(getlength) X(putCopyData) X(putCopyEnd)            \
	X(cmdTuples) X(setNoticeProcessor)

#define SL_PQ_FIELD(name) __typeof__(PQ##name) *name;

/* Loaded by sl_pq_connect. */
extern struct sl_libpq {
	SL_PQ_FUNCTIONS(SL_PQ_FIELD)
} sl_libpq;

struct sl_pq {
	struct sl_sinks *sinks;
	PGconn *conn;     /* NULL: closed */
	int64_t limit_ms; /* for an answer */
	bool patient;     /* once is not enough to give up (sl_sinks_must_stop) */
	/* Rows are on their way, and what became of them is not known: whoever wants to say
	 * something else asks for that first. NULL: no. 0, or -1 and *err. */
	int (*settle)(void *ctx, struct sl_error *err);
	void *settle_ctx;
};

/* 0, or -1 and *err. */
int sl_pq_connect(struct sl_pq *p, const char *conninfo, struct sl_error *err);
void sl_pq_close(struct sl_pq *p);

/* After a send: is everything on its way? sent: what the send returned. 0, or -1 and *err. */
int sl_pq_sent(struct sl_pq *p, int sent, struct sl_error *err);

/* Ask for what is on its way; then a command may be sent. 0, or -1 and *err. */
int sl_pq_settle(struct sl_pq *p, struct sl_error *err);

/* The next result of the command, NULL after the last one: 0, or -1 and *err (no answer). */
int sl_pq_next(struct sl_pq *p, PGresult **out, struct sl_error *err);

/* All results of the command, of which the last is *out (the caller's), unless it is NULL:
 * 0; or -1 and *err, also when the server refused it. */
int sl_pq_finish(struct sl_pq *p, PGresult **out, struct sl_error *err);

/* What the server says in this result. Returns -1. */
int sl_pq_refused(const PGresult *r, struct sl_error *err);

/* Until the connection takes more bytes, or has some: 0, or -1 and *err. */
int sl_pq_await_room(struct sl_pq *p, struct sl_error *err);
