/*
 * libpq.h - a connection to PostgreSQL on which no wait is unbounded (room: sink, private)
 *
 * Used by postgres.h and copy.h: libpq's asynchronous interface, with one command at a time.
 * Errors are of kind sink (cancelled if the user wants to wait no longer), with the server's
 * message, detail and hint as their message and the SQLSTATE as code; they do not name the place.
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
	bool patient;     /* a single signal does not end a wait (sl_sinks_must_stop) */
	/* Set while rows are in flight and their result is not known: gets the result, which must
	 * happen before another command. 0, or -1 and *err. NULL: none in flight. */
	int (*settle)(void *ctx, struct sl_error *err);
	void *settle_ctx;
};

/* 0, or -1 and *err. */
int sl_pq_connect(struct sl_pq *p, const char *conninfo, struct sl_error *err);
void sl_pq_close(struct sl_pq *p);

/* After a send, whose return value is `sent`: flush everything. 0, or -1 and *err. */
int sl_pq_sent(struct sl_pq *p, int sent, struct sl_error *err);

/* Get the result of what is in flight; then a command may be sent. 0, or -1 and *err. */
int sl_pq_settle(struct sl_pq *p, struct sl_error *err);

/* Get the next result of the command, NULL after the last one: 0, or -1 and *err (no answer). */
int sl_pq_next(struct sl_pq *p, PGresult **out, struct sl_error *err);

/* Get all results of the command; the last one goes to *out, unless out is NULL, and is the
 * caller's. 0; or -1 and *err, also if the server refused the command. */
int sl_pq_finish(struct sl_pq *p, PGresult **out, struct sl_error *err);

/* Set *err to the server's message in this result. Returns -1. */
int sl_pq_refused(const PGresult *r, struct sl_error *err);

/* Wait until the connection can take more bytes or has some: 0, or -1 and *err. */
int sl_pq_await_room(struct sl_pq *p, struct sl_error *err);
