/*
 * serve.h - requests in, rows and outcomes out (room: host)
 *
 * The worker's side of the protocol, common to all hosts and to native
 * workers. sl_serve() introduces the worker, then runs one request after the
 * other in the calling thread, through the service's run(), until the parent
 * sends shutdown. A second thread reads what the parent sends, so that checking
 * for stop and cancel costs one load; if the parent goes away, the process ends
 * at once.
 *
 * Each request has one outcome, decided when run() returns, in this order:
 * cancelled by the parent; stopped (a summary, marked as such), if an emit
 * reported the stop before anything failed; the first failure that was set
 * (sl_request_fail, which a host also calls for a refused emit that it does not
 * forgive); otherwise success.
 *
 * Only one thread may emit at a time: the one that run() was called in, or
 * one that it has handed the work to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "host/transport.h"
#include "wire/feature.h"
#include "wire/message.h"

struct sl_request;

struct sl_service {
	const char *name, *version; /* of the worker; NULL is "" */
	const struct sl_export_name *exports;
	uint32_t export_count;
	sl_feature_set features; /* that the host uses */
	/* One request: exports[which], whose type is what the caller expects. */
	void (*run)(void *user, struct sl_request *rq, uint32_t which);
	/* The parent is gone and the process ends when this returns: end what
	 * would outlive it. Called in another thread; may be NULL. */
	void (*orphaned)(void *user);
	/* Called now and then in that thread; returns milliseconds until the next call. May be NULL. */
	int (*idle)(void *user);
	void *user;
};

/* Serve until shutdown; returns the process's exit status. May be called once. */
int sl_serve(const struct sl_transport *t, const struct sl_service *service);

/* Instead of serving, tell the parent why not; returns the process's exit status. */
int sl_serve_refuse(const struct sl_transport *t, const struct sl_error *why);

/* The request's JSON text: borrowed until run() returns, one NUL and
 * SL_BUFFER_PADDING readable bytes after it. Not validated here. */
const char *sl_request_text(const struct sl_request *rq, size_t *len);

/* What the parent has ordered so far. */
enum sl_order {
	SL_ORDER_NONE,
	SL_ORDER_STOP,  /* end early, in good order */
	SL_ORDER_CANCEL /* give up */
};

enum sl_order sl_request_order(const struct sl_request *rq);

/* Readable as soon as there is an order, for hosts that wait for something
 * else. Borrowed; never read from it. */
int sl_request_wake_fd(const struct sl_request *rq);

enum sl_emitted {
	SL_EMITTED,
	SL_EMITTED_STOP,   /* not sent (a diagnostic is): return from run() */
	SL_EMITTED_CANCEL, /* not sent: return from run() */
	SL_EMITTED_REFUSED /* not sent: *err says why */
};

/* Returns what an emit would return for the present order, with the same effect: a later
 * failure is a consequence of it. For hosts that end the request because of the order. */
enum sl_emitted sl_request_obey(struct sl_request *rq);

/* Emit one row. The payload must be one JSON value: the caller (and the parent)
 * must see to that. Refused: frame_too_large, or row_malformed for the stream's
 * name; the error names stream and sequence. */
enum sl_emitted sl_request_row(struct sl_request *rq, struct sl_text stream,
                               struct sl_text payload, struct sl_error *err);

/* The next row is at this line of its input, counted from 1, and each later row `step` lines
 * further on, in the file of this name, or in one without a name (NULL). Sent only if it does
 * not follow from the previous place and the runner wants to know. */
void sl_request_place(struct sl_request *rq, const char *file, uint64_t line, uint64_t step);

/* Does the runner accept lines that are not rows? If so, report one instead of a row. */
bool sl_request_takes_bad_lines(const struct sl_request *rq);
enum sl_emitted sl_request_bad_line(struct sl_request *rq, const struct sl_bad_line *line);

/* Does the policy take the rows of this stream by name? True for all streams if the runner
 * has not said which. */
bool sl_request_takes_stream(const struct sl_request *rq, struct sl_text stream);

/* Does the stream exist already, or is there room for one more? */
bool sl_request_has_room(struct sl_request *rq, struct sl_text stream);

/* The sequence that the stream's next row would have. */
uint64_t sl_request_sequence(struct sl_request *rq, struct sl_text stream);

/* A diagnostic; what does not fit into a frame is cut. */
enum sl_emitted sl_request_diagnostic(struct sl_request *rq, struct sl_text code,
                                      struct sl_text message);

/* Progress is lossy: after a first burst, one update in 20 ms is sent, and always the last. */
enum sl_emitted sl_request_progress(struct sl_request *rq, const struct sl_progress *progress);

/* The largest payload of a frame, as agreed with the parent. */
uint32_t sl_request_cap(const struct sl_request *rq);

/* Send everything emitted so far: call this before waiting for something. */
void sl_request_flush(struct sl_request *rq);

/* The summary's metadata, or the reply of a call: one JSON value, copied; a
 * second one replaces the first. 0, or -1 when memory is short. */
int sl_request_result(struct sl_request *rq, const char *json, size_t len);

/* The request fails with this error; the first one wins. */
void sl_request_fail(struct sl_request *rq, const struct sl_error *why);
/* That failure, to add a detail to it; its kind is SL_NONE if there is none. */
struct sl_error *sl_request_failure(struct sl_request *rq);
