/*
 * request.h - what happens to the requests of one worker (room: supervise)
 *
 * Pure: events and times (nanoseconds, monotonic) come in as arguments; what must
 * be done to the process goes out through the actions. No process, no libuv, no
 * clock: it works on the session of whichever process it is given, and is driven
 * by the worker's handle or by a test. It calls the user's callbacks
 * (sl_events), and gives each request exactly one outcome.
 *
 *     off --attach--> starting --hello--> idle --begin--> busy --ready--> idle
 *      \_________________ refusal, fault, deadline, death, cancel _______/
 *
 * What ends a start or a request, what then becomes of the process, and
 * whether it counts against the restart limit, is one table in request.c.
 *
 * Callbacks, and the action hear, may call _begin (on_outcome only), _started,
 * _not_started, _stop, _cancel, _pause and _line. State is updated first.
 */
#pragma once

#include "supervise/printed.h"
#include "supervise/restarts.h"
#include "supervise/session.h"

struct sl_request_actions {
	/* The session has changed: write what it wants to send, look at its
	 * deadline. */
	void (*pump)(void *owner);
	/* The process is of no more use: it may leave in its own time, or must go
	 * at once. Its session and what it printed stay readable until the
	 * function of this header that was called from outside has returned. */
	void (*let_go)(void *owner, bool in_good_order);
	/* Read what the process has printed so far: call _line for each line. */
	void (*hear)(void *owner);
	/* Resident memory of the process, bytes. */
	uint64_t (*rss)(void *owner);
	/* The runner itself ends the request or the start, or could not start the process. May be NULL. */
	void (*cut)(void *owner, const struct sl_error *why);
	/* The request is about to succeed: 0, or -1 and *err if what came could not be kept. May be NULL. */
	int (*keep)(void *owner, struct sl_error *err);
};

struct sl_request;
typedef void sl_request_decision(struct sl_request *r, int64_t now_ns);

struct sl_request { /* embedded; read the fields, change nothing */
	const struct sl_request_actions *actions;
	void *owner;
	const struct sl_worker_options *limits; /* borrowed */
	struct sl_json *json;                   /* borrowed */

	/* The process; NULL: none. */
	struct sl_session *session;
	const struct sl_printed *printed;
	uint64_t served;  /* requests of this process */
	bool paused;      /* frames are not taken */
	bool took;        /* something has been taken since _taken */
	int64_t looked_ns; /* the coarse clock when deadlines were last looked at */
	bool late;        /* we got to a deadline late */
	sl_request_decision *found; /* the decision that _taken must make */
	struct sl_error fault;

	/* The request. */
	bool busy;
	bool sent, stop_wanted;
	struct sl_request_options options; /* texts are copies, owned */
	struct sl_events events;
	int64_t begun_ns, deadline_ns;
	uint64_t last_id;
	int depth;              /* of callbacks running */
	struct sl_error cancel; /* requested by a callback */
	int64_t cancel_ns;      /* when */

	struct sl_restarts restarts;
	struct sl_error start_error; /* why the latest process failed, at its start or while idle */
	struct sl_worker_stats stats;
};

/* limits and json are borrowed until _clear. */
void sl_request_init(struct sl_request *r, const struct sl_worker_options *limits, struct sl_json *json,
                     const struct sl_request_actions *actions, void *owner);

/* Lets go of the process, and forgets a running request without an outcome. */
void sl_request_clear(struct sl_request *r);

/* ---- the process ---- */

/* A process is about to be started: 0, or -1 and *err (restart_limit). */
int sl_request_starting(struct sl_request *r, int64_t now_ns, struct sl_error *err);

/* The process has been started. Both are borrowed until it is let go. */
void sl_request_attach(struct sl_request *r, struct sl_session *session,
                       const struct sl_printed *printed);

/* The caller has no more use for it: calls the action, if there is a process. */
void sl_request_let_go(struct sl_request *r, bool in_good_order);

/* ---- what the user wants: see sl_worker_request and its neighbours ---- */

/* After 0 the caller gets a process: _started or _not_started must follow. */
int sl_request_begin(struct sl_request *r, const struct sl_request_options *o,
                     const struct sl_events *events, int64_t now_ns, struct sl_error *err);
void sl_request_started(struct sl_request *r, int64_t now_ns);
void sl_request_not_started(struct sl_request *r, const struct sl_error *why, int64_t now_ns);

void sl_request_stop(struct sl_request *r, int64_t now_ns);
void sl_request_cancel(struct sl_request *r, const struct sl_error *why, int64_t now_ns);
void sl_request_pause(struct sl_request *r);
void sl_request_resume(struct sl_request *r, int64_t now_ns); /* then call _take */

/* ---- what the process does ---- */

/*
 * Take what has been fed to the session, in two steps, because reading the exact
 * time is too expensive for each row:
 *
 *     do
 *             while (sl_request_take(r, sl_now_coarse_ns()))
 *                     ;
 *     while (sl_request_taken(r, sl_now_ns()));
 *
 * _take delivers one row, diagnostic or progress and returns true. False: there is
 * none, none is wanted, or a decision is due: _taken makes it, and returns true if
 * there may be more to take. Deadlines are checked after every frame, so that a
 * stream that never pauses cannot outrun them.
 */
bool sl_request_take(struct sl_request *r, int64_t now_ns);
bool sl_request_taken(struct sl_request *r, int64_t now_ns);

/* See sl_worker_next_row. */
const struct sl_row *sl_request_next_row(struct sl_request *r, int64_t now_ns);

/* The process printed a line, which becomes a diagnostic of this code. */
void sl_request_line(struct sl_request *r, const char *code, const char *line, size_t len);

/* The session's deadline has passed. True: read once more what has arrived,
 * take it, and call _deadline (if the process is still the same). */
bool sl_request_due(struct sl_request *r, int64_t now_ns);
void sl_request_deadline(struct sl_request *r, int64_t now_ns);

/* Exit and end of pipe were seen, and all that it sent has been taken. */
void sl_request_gone(struct sl_request *r, const struct sl_exit_report *e, int64_t now_ns);
