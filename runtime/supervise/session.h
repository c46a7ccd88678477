/*
 * session.h - the conversation with one worker process (room: supervise)
 *
 * Pure: bytes go in through the embedded decoder `in`, bytes for the worker collect
 * in `out`, time comes in as an argument (nanoseconds, monotonic); no process, no
 * descriptor. It trusts nothing: order of frames, ids, sequences, JSON, seals
 * and the end of a request are checked here, and only here.
 *
 *     hello --> idle --request--> active --terminal--> settling --ready--> idle
 */
#pragma once

#include "json/json.h"
#include "supervise/supervise.h"
#include "wire/decoder.h"
#include "wire/feature.h"
#include "wire/ledger.h"
#include "wire/message.h"

enum sl_session_state {
	SL_SESSION_HELLO,    /* the worker's introduction is awaited */
	SL_SESSION_IDLE,
	SL_SESSION_ACTIVE,   /* a request is running */
	SL_SESSION_SETTLING, /* its terminal has come, ready has not */
	SL_SESSION_OVER      /* broken, or refused to start */
};

enum sl_session_event_kind {
	SL_EVENT_HELLO,
	SL_EVENT_ROW,
	SL_EVENT_DIAGNOSTIC,
	SL_EVENT_PROGRESS,
	SL_EVENT_BAD_LINE,
	SL_EVENT_REFUSED, /* the worker cannot start: see failure */
	SL_EVENT_DONE,    /* the request succeeded: summary or reply */
	SL_EVENT_FAILED   /* the worker reported failure; still usable */
};

struct sl_session_event { /* borrowed until the next call */
	enum sl_session_event_kind kind;
	struct sl_row row;
	struct sl_diagnostic diagnostic;
	struct sl_progress progress;
	struct sl_bad_line bad_line;
};

struct sl_session_place { /* where the next row is in the worker's input */
	uint64_t line, step;   /* line 0: the worker does not say */
	struct sl_buffer file; /* NUL-terminated; empty: it has no name */
};

struct sl_session { /* embedded; feed `in`, read the other fields, change nothing */
	enum sl_session_state state;
	struct sl_session_event event; /* that sl_session_next found */
	struct sl_decoder in;
	struct sl_buffer out;       /* to be written to the worker: see _sent */
	struct sl_json *json;       /* borrowed */
	struct sl_outline outline;  /* of a large row */
	uint32_t max_frame;         /* offered, then agreed */
	const struct sl_features *known; /* borrowed */
	sl_feature_set wanted;      /* of those known */
	sl_feature_set features;    /* agreed */
	struct sl_buffer hello_bytes;
	struct sl_hello hello;      /* valid once the state has left HELLO */
	uint64_t request;           /* id of the running request */
	enum sl_export_type type;
	struct sl_ledger ledger;    /* of the latest request */
	struct sl_session_place place;
	struct sl_buffer result;    /* metadata or reply, once the terminal has come */
	bool has_result, stopped, stop_sent;
	enum sl_frame_kind terminal;
	struct sl_error failure;    /* that the worker reported */

	/* Deadlines; 0: none. */
	int64_t startup_ns, request_ns, idle_ns, stop_ns, stop_most_ns, settle_ns;
	int64_t rest_ns; /* an idle process is kept until then */
	int64_t idle_limit_ns, stop_grace_ns;
};

/* json: borrowed, reused for every payload. known: our features, borrowed; all
 * are wanted, unless the field is changed before any bytes are fed. */
void sl_session_init(struct sl_session *s, struct sl_json *json, uint32_t max_frame,
                     const struct sl_features *known, bool tolerant, int64_t startup_ns);
void sl_session_clear(struct sl_session *s);

/* The hello must have come by then, if that is sooner than the deadline already set; 0: none. */
void sl_session_bound_start(struct sl_session *s, int64_t deadline_ns);

/* n bytes of `out` have been written. */
void sl_session_sent(struct sl_session *s, size_t n);

/* 1: s->event; 0: nothing more has arrived; -1: a protocol fault in *err, after
 * which the session is over. */
int sl_session_next(struct sl_session *s, struct sl_error *err);

/* Will _next find a row, or a fault in one? */
bool sl_session_has_row(const struct sl_session *s);

/* The byte stream has ended. 0: between two frames; -1: *err says what was cut off. */
int sl_session_end(const struct sl_session *s, struct sl_error *err);

/* Find the export to call: the named one, or the only one of its type. -1 and
 * *err (usage), which lists the exports. */
int sl_session_choose(const struct sl_session *s, const struct sl_request_options *o,
                      struct sl_text *name, struct sl_error *err);

/* Begin a request (state IDLE). streams: as in sl_request_options, sent to a worker that
 * has the feature. request_ns: absolute deadline or 0. -1 and
 * *err: no memory, or a request over the frame cap. */
int sl_session_request(struct sl_session *s, uint64_t id, enum sl_export_type type,
                       struct sl_text name, struct sl_text json, struct sl_text streams,
                       int64_t request_ns, int64_t idle_limit_ns, int64_t now_ns,
                       struct sl_error *err);

void sl_session_stop(struct sl_session *s, int64_t grace_ns, int64_t now_ns);
void sl_session_cancel(struct sl_session *s);
void sl_session_shutdown(struct sl_session *s);

/* No request is running, and the next one may be far off: give memory back. The
 * deadline is until_ns, unless a request begins or it is shut down; 0: none. */
void sl_session_rest(struct sl_session *s, int64_t until_ns);

/* How long a worker may take from its terminal to ready, whatever the other
 * limits are: its work is done, and only its own tidying up is left. */
#define SL_SETTLE_MS 10000

/* Something arrived, or the runner itself was busy until now: the idle and the
 * stop deadlines start again. Call this after input, because a terminal starts
 * the time to settle. */
void sl_session_touch(struct sl_session *s, int64_t now_ns);

/* The nearest deadline, or 0; and whether it has passed. */
int64_t sl_session_deadline(const struct sl_session *s);
bool sl_session_due(const struct sl_session *s, int64_t now_ns);

/* 0, or -1 and *err for the deadline that has passed at now_ns. */
int sl_session_check(const struct sl_session *s, int64_t now_ns, struct sl_error *err);
