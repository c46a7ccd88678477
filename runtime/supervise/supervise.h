/*
 * supervise.h - worker processes and their requests (room: supervise)
 *
 * A supervisor owns one event loop and any number of workers. A worker is a
 * handle: behind it is at most one live process (a generation), started
 * when it is needed and replaced after a crash, a timeout, a cancellation or a
 * protocol fault. A worker serves one request at a time. What happens to a
 * request is reported upward through one struct of callbacks, in the order in
 * which the worker sent it, and ends with exactly one on_outcome.
 *
 * Nothing runs behind the caller's back, or on another thread. Rows,
 * diagnostics and progress are reported only from sl_supervisor_turn() and
 * sl_worker_resume(). An outcome is also reported from sl_worker_request(),
 * when it fails at once, and from sl_worker_cancel() and _shutdown(). Inside a
 * callback, sl_worker_stop, _cancel and _pause are allowed, and in on_outcome
 * sl_worker_request(); nothing else that changes anything is.
 *
 * Times are milliseconds unless a name says _ns; 0 means "none" for a limit
 * that may be absent. Knows no Lua; includes no uv.h, so script/ may include it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "json/json.h"
#include "json/outline.h"
#include "wire/ledger.h"
#include "wire/message.h"
#include "wire/transport.h"

struct sl_supervisor;
struct sl_worker;

/* ---- the loop ---- */

/* NULL and *err (spawn) if the system cannot provide a loop. */
struct sl_supervisor *sl_supervisor_new(struct sl_error *err);

/* Ends every worker (idle ones in good order, others by SIGTERM at once), waits
 * for the last process and descriptor, frees. Accepts NULL. Workers of this
 * supervisor that were not freed yet are dead handles: only
 * sl_worker_free() may still be called on them. */
void sl_supervisor_free(struct sl_supervisor *s);

/* One turn of the loop: waits until something happened, or for at most
 * wait_ms (-1: no bound, 0: do not wait). Callbacks run inside. */
void sl_supervisor_turn(struct sl_supervisor *s, int wait_ms);

/* Is any process of this supervisor still on its way out? */
bool sl_supervisor_leaving(const struct sl_supervisor *s);

/* Kill everything that is on its way out, at once and without grace. */
void sl_supervisor_kill_leaving(struct sl_supervisor *s);

/* Wake a turn from a signal handler or another thread (async-signal-safe). */
void sl_supervisor_wake(struct sl_supervisor *s);

/* ---- workers ---- */

#define SL_STARTUP_TIMEOUT_MS 10000
#define SL_REQUEST_TIMEOUT_MS 600000
#define SL_GRACE_MS 2000

struct sl_worker_options { /* borrowed for the call; copied */
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *env;  /* "NAME=value", NULL-terminated; NULL: this process's */
	const char *cwd;         /* NULL: this process's */
	enum sl_transport_kind transport;
	bool pass_stdin;         /* pipe transport: hand descriptor 0 down (else /dev/null) */
	bool takes_bad_lines;    /* an adapter may report lines that are not rows, and go on */
	uint32_t max_frame;      /* cap to offer, bytes; 0: the default */
	int64_t startup_timeout_ms;
	int64_t stop_grace_ms;   /* after stop or cancel, before SIGTERM */
	int64_t kill_grace_ms;   /* after SIGTERM, before SIGKILL; also the drain deadline */
	uint64_t max_requests;   /* then a fresh generation; 0: no limit */
	uint64_t max_rss;        /* bytes, checked between requests; 0: no limit */
	int64_t max_idle_ms;     /* an idle process is let go after this; 0: never */
	const char *record;      /* file to record all that it does in (record/recorder.h); NULL: none */
};

/* The defaults of DESIGN section 8. argv stays NULL. */
void sl_worker_options_init(struct sl_worker_options *o);

/* Starts nothing yet. NULL and *err: usage for options out of range or a recording that
 * exists already, sink for one that cannot be written. */
struct sl_worker *sl_worker_new(struct sl_supervisor *s, const struct sl_worker_options *o,
                                struct sl_error *err);

/* Forget the handle. A running request is cancelled without an on_outcome;
 * the process is put on its way out, and the supervisor sees it go. */
void sl_worker_free(struct sl_worker *w);

/* Ends the recording, if there is one: what the worker does from now on is not in it.
 * 0, or -1 and *err (sink). Otherwise sl_worker_free ends it. */
int sl_worker_end_recording(struct sl_worker *w, struct sl_error *err);

enum sl_worker_state {
	SL_WORKER_OFF,      /* no process */
	SL_WORKER_STARTING, /* hello is awaited */
	SL_WORKER_IDLE,
	SL_WORKER_BUSY,     /* a request is running */
	SL_WORKER_LEAVING   /* shutdown was asked for */
};

enum sl_worker_state sl_worker_state(const struct sl_worker *w);
const char *sl_worker_state_name(enum sl_worker_state state);

/* Start the process without a request, if there is none; then turn the loop
 * until the state is no longer STARTING. -1 and *err: it could not be started at
 * all, or the restart limit was reached. Why a generation failed later, in the
 * handshake or by a protocol fault while idle, is kept: see sl_worker_start_error. */
int sl_worker_start(struct sl_worker *w, struct sl_error *err);
const struct sl_error *sl_worker_start_error(const struct sl_worker *w); /* NULL: none */

/* Ask an idle process to leave in good order (a busy one is cancelled
 * first). Turn the loop until the state is OFF; then _exit_report says how it
 * ended. A later request starts a fresh generation. */
void sl_worker_shutdown(struct sl_worker *w);

struct sl_exit_report {
	bool known;       /* a process has ended */
	int pid;
	int status;       /* exit status, or -1 */
	int signal;       /* that ended it, or 0 */
	bool timed_out;   /* it did not leave by itself within the grace */
};

struct sl_exit_report sl_worker_exit_report(const struct sl_worker *w);

struct sl_worker_info { /* borrowed until the generation changes */
	int pid;                    /* 0: no process */
	uint64_t generation;        /* from 1 */
	uint32_t max_frame;         /* agreed */
	const struct sl_hello *hello; /* NULL before the handshake */
};

struct sl_worker_info sl_worker_info(const struct sl_worker *w);

struct sl_worker_stats {
	uint64_t requests, succeeded, failed, generations, rows, bytes, diagnostics;
};

struct sl_worker_stats sl_worker_stats(const struct sl_worker *w);

/* Resident memory of the process in bytes; 0 if there is none. */
uint64_t sl_worker_rss(const struct sl_worker *w);

/* The last bytes (at most SL_TAIL_LIMIT) that the current or latest
 * generation wrote to stdout and stderr. Borrowed until the next turn. */
#define SL_TAIL_LIMIT (64u * 1024)
const char *sl_worker_tail(const struct sl_worker *w, size_t *len);

/* ---- requests ---- */

struct sl_row { /* borrowed for the callback */
	const struct sl_stream *stream; /* lives until the outcome has been reported */
	uint64_t sequence;
	const char *text;        /* valid JSON; SL_JSON_PADDING readable bytes follow */
	size_t len;
	const struct sl_json *json; /* its parsed document; NULL: it is large */
	struct sl_outline *outline; /* of a large row, instead; otherwise NULL */
	uint64_t line;           /* of the input, from 1; 0: the worker does not say */
	const char *file;        /* that the line is in; NULL: it has no name */
};

struct sl_outcome { /* borrowed for the callback, or until it begins a request */
	bool success;
	bool stopped;             /* success after sl_worker_stop, or by the worker's choice */
	struct sl_error error;    /* of a failure */
	const struct sl_ledger *ledger; /* what was delivered, per stream */
	uint64_t elapsed_ns;      /* from the call to the outcome */
	struct sl_text metadata;  /* valid JSON; bytes NULL when there is none */
	struct sl_text reply;     /* of a call: valid JSON */
	struct sl_text tail;      /* of a failure: what the worker last printed */
};

struct sl_events { /* none is NULL */
	void *ctx;
	void (*on_row)(void *ctx, const struct sl_row *row);
	/* code "worker.stdout" and "worker.stderr": a line that the process printed */
	void (*on_diagnostic)(void *ctx, const struct sl_diagnostic *d);
	void (*on_progress)(void *ctx, const struct sl_progress *p);
	void (*on_bad_line)(void *ctx, const struct sl_bad_line *line);
	void (*on_outcome)(void *ctx, const struct sl_outcome *o);
};

struct sl_request_options { /* borrowed for the call; copied */
	enum sl_export_type type;
	struct sl_text export_name;  /* empty: the worker's only export of this type */
	struct sl_text json;         /* one valid JSON value (checked); empty: null */
	struct sl_text streams;      /* that are taken by name, each with a NUL after it: for a
	                                worker that wants to know; bytes NULL: not sent */
	int64_t timeout_ms;          /* whole request, start-up included; 0: none */
	int64_t idle_timeout_ms;     /* no frame for this long; 0: none */
};

/* Begin a request; the process is started when needed. -1 and *err (usage)
 * if one is running, the worker is leaving, or the JSON is not valid. Every
 * other failure arrives as the outcome, possibly before this returns: no process
 * can be started, or there is no such export. *events is copied. */
int sl_worker_request(struct sl_worker *w, const struct sl_request_options *o,
                      const struct sl_events *events, struct sl_error *err);

/* Ask for an early end in good order: rows already on their way are still
 * delivered. A worker that has not ended within the stop grace is cancelled. */
void sl_worker_stop(struct sl_worker *w);

/* Abandon the request: no row is delivered from here on, not even of this
 * turn. The outcome is *why (copied), reported before _cancel returns, or, if it
 * is called from a callback of this worker, right after that callback returns. */
void sl_worker_cancel(struct sl_worker *w, const struct sl_error *why);

/* Deliver no more rows until resumed; the pipe fills, the worker blocks. A
 * resume delivers what has arrived before it returns. */
void sl_worker_pause(struct sl_worker *w);
void sl_worker_resume(struct sl_worker *w);

/* Inside on_row only: the next row, if it has arrived and may be delivered now;
 * on_row is not called for it, and the previous row is gone. NULL: there is none,
 * or it is not for on_row to take. Entering a script costs as much as a short row,
 * so on_row takes all that it can get. */
const struct sl_row *sl_worker_next_row(struct sl_worker *w);

/* The time until which the request may last (ns, monotonic clock), or 0. For a
 * watchdog over handlers. */
int64_t sl_worker_deadline_ns(const struct sl_worker *w);
