/* request.c - see request.h */
#include "supervise/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "supervise/death.h"

/* This far past a deadline, we were late ourselves: stopped, or on a busy machine. */
#define LATE_NS (100 * SL_NS_PER_MS)

/* What ends a request or a start, and what follows from it. */
#define CAUSES(X)                                                                              \
	/* cause         the process  counts as a failure   was the start's  the runner's doing */ \
	X(NOT_STARTED,   KEEP,        false,                false,           true)  /* no process */ \
	X(NOT_SENT,      KEEP,        false,                false,           false)            \
	X(FAILED,        KEEP,        false,                false,           false) /* reported by the worker */ \
	X(CANCELLED,     LEAVE,       false,                false,           true)             \
	X(STOP_OVERDUE,  TERMINATE,   false,                false,           true)             \
	X(OVERDUE,       TERMINATE,   true,                 false,           true)             \
	X(FAULT,         TERMINATE,   true,                 false,           false)            \
	X(DIED,          LEAVE,       true,                 false,           false)            \
	X(START_REFUSED, LEAVE,       true,                 true,            false)            \
	X(START_OVERDUE, TERMINATE,   true,                 true,            true)             \
	X(START_FAULT,   TERMINATE,   true,                 true,            false)            \
	X(START_DIED,    LEAVE,       true,                 true,            false)

enum cause {
#define CAUSE(id, manner, counts, start, ours) id,
	CAUSES(CAUSE)
#undef CAUSE
};

static const struct ending {
	enum { KEEP, LEAVE, TERMINATE } manner;
	bool counts, start, ours;
} endings[] = {
#define ENDING(id, manner, counts, start, ours) [id] = { manner, counts, start, ours },
	CAUSES(ENDING)
#undef ENDING
};

static bool obey_callback(struct sl_request *r);

/* ---- the process ---- */

void sl_request_init(struct sl_request *r, const struct sl_worker_options *limits, struct sl_json *json,
                     const struct sl_request_actions *actions, void *owner)
{
	*r = (struct sl_request){ .limits = limits, .json = json, .actions = actions, .owner = owner };
}

int sl_request_starting(struct sl_request *r, int64_t now_ns, struct sl_error *err)
{
	sl_error_clear(&r->start_error);
	if (sl_restarts_check(&r->restarts, r->limits->argv[0], now_ns, err) != 0)
		return -1;
	r->stats.generations++;
	return 0;
}

void sl_request_attach(struct sl_request *r, struct sl_session *session,
                       const struct sl_printed *printed)
{
	r->session = session;
	r->printed = printed;
	r->served = 0;
	r->paused = r->took = r->late = false;
}

void sl_request_let_go(struct sl_request *r, bool in_good_order)
{
	if (r->session == NULL)
		return;
	r->session = NULL;
	r->printed = NULL;
	r->paused = false;
	r->actions->let_go(r->owner, in_good_order);
}

static void pump(struct sl_request *r)
{
	r->actions->pump(r->owner);
}

/* Has this process reached its limits? */
static bool worn_out(const struct sl_request *r)
{
	const struct sl_worker_options *o = r->limits;
	return (o->max_requests != 0 && r->served >= o->max_requests) ||
	       (o->max_rss != 0 && r->actions->rss(r->owner) > o->max_rss);
}

static void retire_or_rest(struct sl_request *r, int64_t now_ns)
{
	int64_t idle_ns = r->limits->max_idle_ms * SL_NS_PER_MS;
	if (r->session == NULL || r->busy)
		return;
	if (worn_out(r)) {
		sl_request_let_go(r, true);
		return;
	}
	sl_session_rest(r->session, idle_ns > 0 ? now_ns + idle_ns : 0);
	pump(r);
}

/* ---- outcomes ---- */

static void forget(struct sl_request *r)
{
	free((char *)r->options.export_name.bytes);
	free((char *)r->options.json.bytes);
	free((char *)r->options.streams.bytes);
	r->options = (struct sl_request_options){ 0 };
	r->events = (struct sl_events){ 0 };
	r->deadline_ns = 0;
	r->busy = r->sent = r->stop_wanted = false;
	sl_error_clear(&r->cancel);
}

void sl_request_clear(struct sl_request *r)
{
	forget(r);
	sl_request_let_go(r, r->session != NULL && r->session->state == SL_SESSION_IDLE);
}

/* The request is over before its end is reported, so that on_outcome may begin
 * another; what the outcome shows stays with the session. */
static void report(struct sl_request *r, const struct sl_outcome *o, int64_t now_ns)
{
	struct sl_events events = r->events;
	forget(r);
	if (o->success)
		r->stats.succeeded++;
	else
		r->stats.failed++;
	r->depth++;
	events.on_outcome(events.ctx, o);
	r->depth--;
	if (r->depth == 0)
		obey_callback(r);
	retire_or_rest(r, now_ns);
}

static struct sl_outcome outcome_base(const struct sl_request *r, int64_t now_ns)
{
	static const struct sl_ledger none;
	struct sl_outcome o = { 0 };
	o.ledger = r->session != NULL && r->sent ? &r->session->ledger : &none;
	o.elapsed_ns = (uint64_t)(now_ns - r->begun_ns);
	return o;
}

static void end(struct sl_request *r, enum cause cause, const struct sl_error *why, int64_t now_ns)
{
	const struct ending *ending = &endings[cause];
	struct sl_outcome o = outcome_base(r, now_ns);
	o.error = *why;
	if (r->printed != NULL)
		o.tail = sl_text_of_buffer(&r->printed->tail.bytes);
	if (ending->ours && r->actions->cut != NULL)
		r->actions->cut(r->owner, why);
	if (ending->counts)
		sl_restarts_note(&r->restarts, now_ns);
	if (ending->start)
		r->start_error = *why;
	if (ending->manner != KEEP)
		sl_request_let_go(r, ending->manner == LEAVE);
	if (r->busy)
		report(r, &o, now_ns);
}

/* A callback asked for the end, and has returned now. The reason may be the
 * deadline, seen inside a handler first: then the request is overdue all the same. */
static bool obey_callback(struct sl_request *r)
{
	if (r->cancel.kind == SL_NONE)
		return false;
	struct sl_error why = r->cancel;
	sl_error_clear(&r->cancel);
	end(r, why.kind == SL_REQUEST_TIMEOUT ? OVERDUE : CANCELLED, &why, r->cancel_ns);
	return true;
}

/* What it printed before its end belongs to this request, and is in the pipe by
 * now. False: a callback has ended the request meanwhile. */
static bool hear_last_lines(struct sl_request *r)
{
	struct sl_session *s = r->session;
	r->actions->hear(r->owner);
	return r->busy && r->session == s;
}

/* ---- deadlines ---- */

/* A start has its own deadline and the request's; which one was it? And a program
 * that printed something is more likely not a worker than a slow one. */
static void start_overdue(struct sl_request *r, int64_t now_ns)
{
	char room[SL_FIRST_LINE_SIZE];
	const char *line = sl_death_first_line(r->session, r->printed, room);
	bool request = r->busy && r->deadline_ns != 0 && now_ns >= r->deadline_ns;
	int64_t ms = request ? r->options.timeout_ms : r->limits->startup_timeout_ms;
	SL_ERROR(err);
	if (line[0] != '\0') {
		sl_fail(&err, SL_HANDSHAKE, 0,
		        "the worker does not speak the protocol: it printed \"%s\", and no hello came within %" PRId64 " ms",
		        line, ms);
		sl_error_text(&err, SL_D_OPTION, "--lines", 7);
	} else {
		sl_fail(&err, request ? SL_REQUEST_TIMEOUT : SL_STARTUP_TIMEOUT, 0,
		        "the worker did not introduce itself within %" PRId64 " ms", ms);
	}
	sl_error_number(&err, SL_D_TIMEOUT_MS, ms);
	end(r, START_OVERDUE, &err, now_ns);
}

static void request_overdue(struct sl_request *r, int64_t now_ns)
{
	int64_t ms = r->options.timeout_ms;
	SL_ERROR(err);
	sl_fail(&err, SL_REQUEST_TIMEOUT, 0, "the request did not end within %" PRId64 " ms", ms);
	sl_error_number(&err, SL_D_TIMEOUT_MS, ms);
	end(r, OVERDUE, &err, now_ns);
}

static void check_deadline(struct sl_request *r, int64_t now_ns)
{
	SL_ERROR(err);
	if (sl_session_check(r->session, now_ns, &err) == 0)
		return;
	if (r->session->state == SL_SESSION_HELLO)
		start_overdue(r, now_ns);
	else if (r->busy && !hear_last_lines(r))
		return;
	else if (err.kind == SL_REQUEST_TIMEOUT)
		request_overdue(r, now_ns);
	else
		end(r, err.kind == SL_CANCELLED ? STOP_OVERDUE : OVERDUE, &err, now_ns);
}

/* The idle time counts only if we had a chance to see something: not while we
 * were paused or stopped. */
bool sl_request_due(struct sl_request *r, int64_t now_ns)
{
	struct sl_session *s = r->session;
	if (s == NULL || !sl_session_due(s, now_ns))
		return false;
	if (s->state == SL_SESSION_IDLE) {
		sl_request_let_go(r, true); /* it has rested long enough */
		return false;
	}
	r->late = now_ns - sl_session_deadline(s) > LATE_NS;
	return true;
}

void sl_request_deadline(struct sl_request *r, int64_t now_ns)
{
	if (r->session == NULL)
		return;
	if (r->paused || r->late)
		sl_session_touch(r->session, now_ns);
	r->late = false;
	check_deadline(r, now_ns);
}

/* ---- decisions: what a frame ends or begins ---- */

static void ask_to_stop(struct sl_request *r, int64_t now_ns)
{
	sl_session_stop(r->session, r->limits->stop_grace_ms * SL_NS_PER_MS, now_ns);
}

static void send_request(struct sl_request *r, int64_t now_ns)
{
	struct sl_session *s = r->session;
	const struct sl_request_options *o = &r->options;
	struct sl_text name;
	SL_ERROR(err);
	if (sl_session_choose(s, o, &name, &err) != 0 ||
	    sl_session_request(s, ++r->last_id, o->type, name, o->json, o->streams,
	                       r->deadline_ns, o->idle_timeout_ms * SL_NS_PER_MS, now_ns, &err) != 0) {
		end(r, NOT_SENT, &err, now_ns);
		return;
	}
	r->served++;
	r->sent = true;
	if (r->stop_wanted)
		ask_to_stop(r, now_ns);
	pump(r);
}

static void greeted(struct sl_request *r, int64_t now_ns)
{
	if (r->busy)
		send_request(r, now_ns);
	else
		pump(r);
}

static void refused(struct sl_request *r, int64_t now_ns)
{
	end(r, START_REFUSED, &r->session->failure, now_ns);
}

static void succeeded(struct sl_request *r, int64_t now_ns)
{
	struct sl_session *s = r->session;
	SL_ERROR(err);
	if (!hear_last_lines(r))
		return;
	if (r->actions->keep != NULL && r->actions->keep(r->owner, &err) != 0) {
		end(r, CANCELLED, &err, now_ns);
		return;
	}
	struct sl_outcome o = outcome_base(r, now_ns);
	o.success = true;
	o.stopped = s->stopped;
	if (s->has_result && s->terminal == SL_FRAME_REPLY)
		o.reply = sl_text_of_buffer(&s->result);
	else if (s->has_result)
		o.metadata = sl_text_of_buffer(&s->result);
	report(r, &o, now_ns);
}

static void failed(struct sl_request *r, int64_t now_ns)
{
	if (hear_last_lines(r))
		end(r, FAILED, &r->session->failure, now_ns);
}

static void faulted(struct sl_request *r, int64_t now_ns)
{
	struct sl_error why = r->fault;
	sl_error_clear(&r->fault);
	bool has_started = r->busy && r->session->hello.version_max != 0;
	if (!has_started || hear_last_lines(r))
		end(r, has_started ? FAULT : START_FAULT, &why, now_ns);
}

static sl_request_decision *const decisions[] = {
	[SL_EVENT_HELLO] = greeted,
	[SL_EVENT_REFUSED] = refused,
	[SL_EVENT_DONE] = succeeded,
	[SL_EVENT_FAILED] = failed,
};

/* ---- what comes ---- */

/* A process may also print while no request is running. */
static void deliver_diagnostic(struct sl_request *r, const struct sl_diagnostic *d)
{
	r->stats.diagnostics++;
	if (r->events.on_diagnostic != NULL)
		r->events.on_diagnostic(r->events.ctx, d);
}

static const struct sl_row *counted(struct sl_request *r, const struct sl_row *row)
{
	r->stats.rows++;
	r->stats.bytes += row->len;
	return row;
}

/* False: it is not for a callback. */
static bool deliver(struct sl_request *r, const struct sl_session_event *event)
{
	switch (event->kind) {
	case SL_EVENT_ROW:
		r->events.on_row(r->events.ctx, counted(r, &event->row));
		return true;
	case SL_EVENT_DIAGNOSTIC:
		deliver_diagnostic(r, &event->diagnostic);
		return true;
	case SL_EVENT_PROGRESS:
		r->events.on_progress(r->events.ctx, &event->progress);
		return true;
	case SL_EVENT_BAD_LINE:
		r->events.on_bad_line(r->events.ctx, &event->bad_line);
		return true;
	default:
		r->found = decisions[event->kind];
		return false;
	}
}

static bool may_take(struct sl_request *r, int64_t now_ns)
{
	struct sl_session *s = r->session;
	if (s == NULL || r->paused || r->found != NULL || r->cancel.kind != SL_NONE)
		return false;
	if (!r->took || now_ns == r->looked_ns)
		return true;
	r->looked_ns = now_ns;
	sl_session_touch(s, now_ns);
	return !sl_session_due(s, now_ns);
}

/* Gets the session's next event: true if there is one. A fault is left for _taken. */
static bool find(struct sl_request *r)
{
	int rc = sl_session_next(r->session, &r->fault);
	if (rc < 0)
		r->found = faulted;
	return rc > 0;
}

const struct sl_row *sl_request_next_row(struct sl_request *r, int64_t now_ns)
{
	if (!may_take(r, now_ns) || !sl_session_has_row(r->session) || !find(r))
		return NULL;
	return counted(r, &r->session->event.row);
}

bool sl_request_take(struct sl_request *r, int64_t now_ns)
{
	struct sl_session *s = r->session;
	if (!may_take(r, now_ns) || !find(r))
		return false;
	r->took = true;
	r->depth++;
	bool more = deliver(r, &s->event);
	r->depth--;
	return more && r->cancel.kind == SL_NONE;
}

bool sl_request_taken(struct sl_request *r, int64_t now_ns)
{
	struct sl_session *s = r->session;
	sl_request_decision *found = r->found;
	r->found = NULL;
	if (s == NULL || obey_callback(r))
		return false;
	if (found != NULL) {
		found(r, now_ns);
		return r->session == s;
	}
	/* The coarse clock is some milliseconds behind; and a terminal is not an event. */
	if (r->took || s->state == SL_SESSION_SETTLING)
		sl_session_touch(s, now_ns);
	if (r->took)
		check_deadline(r, now_ns);
	r->took = false;
	return false;
}

void sl_request_line(struct sl_request *r, const char *code, const char *line, size_t len)
{
	struct sl_diagnostic d = { sl_text_of(code), { line, len } };
	if (r->cancel.kind != SL_NONE)
		return;
	r->depth++;
	deliver_diagnostic(r, &d);
	r->depth--;
	if (r->depth == 0)
		obey_callback(r);
}

void sl_request_gone(struct sl_request *r, const struct sl_exit_report *e, int64_t now_ns)
{
	SL_ERROR(err);
	if (r->session == NULL)
		return;
	if (r->session->state == SL_SESSION_HELLO) {
		sl_death_before_hello(r->session, r->printed, e, &err);
		end(r, START_DIED, &err, now_ns);
	} else if (r->busy) {
		sl_death_in_request(r->session, e, &err);
		end(r, DIED, &err, now_ns);
	} else {
		sl_request_let_go(r, true);
	}
}

/* ---- what the user wants ---- */

static int copy_text(struct sl_text *to, struct sl_text from)
{
	char *bytes = malloc(from.len + 1);
	*to = (struct sl_text){ bytes, from.len };
	if (bytes == NULL)
		return -1;
	if (from.len > 0)
		memcpy(bytes, from.bytes, from.len);
	/* cppcheck-suppress memleak ; it is in *to */
	return 0;
}

static int copy_request(struct sl_request *r, const struct sl_request_options *o,
                        struct sl_error *err)
{
	struct sl_text json = o->json.len > 0 ? o->json : sl_text_of("null");
	SL_ERROR(why);
	if (sl_json_parse_copy(r->json, json.bytes, json.len, &why) != 0)
		return sl_fail(err, SL_USAGE, 0, "the request is not valid JSON: %s", why.message);
	r->options = *o;
	r->options.json.bytes = r->options.streams.bytes = NULL;
	if (copy_text(&r->options.export_name, o->export_name) != 0 ||
	    copy_text(&r->options.json, json) != 0 ||
	    (o->streams.bytes != NULL && copy_text(&r->options.streams, o->streams) != 0)) {
		forget(r);
		return sl_fail(err, SL_USAGE, ENOMEM, "no memory for the request");
	}
	return 0;
}

int sl_request_begin(struct sl_request *r, const struct sl_request_options *o,
                     const struct sl_events *events, int64_t now_ns, struct sl_error *err)
{
	if (r->busy)
		return sl_fail(err, SL_USAGE, 0, "the worker is busy with a request");
	if (copy_request(r, o, err) != 0)
		return -1;
	r->stats.requests++;
	r->busy = true;
	r->events = *events;
	r->begun_ns = now_ns;
	if (o->timeout_ms > 0)
		r->deadline_ns = now_ns + o->timeout_ms * SL_NS_PER_MS;
	return 0;
}

/* A request waits for a start no longer than it may last itself. */
void sl_request_started(struct sl_request *r, int64_t now_ns)
{
	if (r->session->state == SL_SESSION_IDLE) {
		send_request(r, now_ns);
		return;
	}
	sl_session_bound_start(r->session, r->deadline_ns);
	pump(r);
}

void sl_request_not_started(struct sl_request *r, const struct sl_error *why, int64_t now_ns)
{
	end(r, NOT_STARTED, why, now_ns);
}

void sl_request_stop(struct sl_request *r, int64_t now_ns)
{
	if (!r->busy)
		return;
	r->stop_wanted = true;
	if (!r->sent)
		return;
	ask_to_stop(r, now_ns);
	pump(r);
}

void sl_request_cancel(struct sl_request *r, const struct sl_error *why, int64_t now_ns)
{
	if (!r->busy || r->cancel.kind != SL_NONE)
		return;
	r->cancel = *why;
	r->cancel_ns = now_ns;
	if (r->depth == 0)
		obey_callback(r);
}

void sl_request_pause(struct sl_request *r)
{
	r->paused = r->session != NULL;
}

void sl_request_resume(struct sl_request *r, int64_t now_ns)
{
	if (!r->paused)
		return;
	r->paused = false;
	sl_session_touch(r->session, now_ns);
}
