/* request.c - what happens to a request; see supervise.h and worker.h */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "supervise/worker.h"

void sl_pending_clear(struct sl_pending *r)
{
	free((char *)r->options.export_name.bytes);
	free((char *)r->options.json.bytes);
	*r = (struct sl_pending){ 0 };
}


static int copy_text(struct sl_text *to, struct sl_text from)
{
	char *bytes = malloc(from.len + 1);
	to->bytes = bytes;
	to->len = from.len;
	if (bytes == NULL)
		return -1;
	if (from.len > 0)
		memcpy(bytes, from.bytes, from.len);
	return 0;
}

/* ---- outcomes ---- */

static void report(struct sl_worker *w, const struct sl_outcome *o)
{
	struct sl_pending r = w->request;
	w->request = (struct sl_pending){ 0 };
	w->busy = false;
	if (o->success)
		w->stats.succeeded++;
	else
		w->stats.failed++;
	if (r.events.on_outcome != NULL) {
		w->depth++;
		r.events.on_outcome(r.events.ctx, o);
		w->depth--;
	}
	sl_pending_clear(&r);
	sl_error_clear(&w->cancel);
}

static struct sl_outcome outcome_base(const struct sl_worker *w)
{
	static const struct sl_ledger none;
	struct sl_outcome o = { 0 };
	sl_error_clear(&o.error);
	o.ledger = w->process != NULL && w->request.dispatched ? &w->process->session.ledger : &none;
	o.elapsed_ns = (uint64_t)(sl_now_ns() - w->request.begun_ns);
	return o;
}

static void succeed(struct sl_worker *w)
{
	struct sl_session *s = &w->process->session;
	struct sl_outcome o = outcome_base(w);
	o.success = true;
	o.stopped = s->stopped;
	if (s->has_result && s->terminal == SL_FRAME_REPLY)
		o.reply = sl_text_of_buffer(&s->result);
	else if (s->has_result)
		o.metadata = sl_text_of_buffer(&s->result);
	report(w, &o);
	sl_worker_retire_if_due(w);
}

static void fail(struct sl_worker *w, const struct sl_error *why, enum sl_manner manner)
{
	struct sl_process *p = w->process;
	struct sl_outcome o = outcome_base(w);
	o.error = *why;
	if (p != NULL)
		o.tail = sl_text_of_buffer(&p->tail.bytes);
	/* Let go first, so that on_outcome may begin anew; the ledger that the
	 * outcome shows stays with the process until the loop turns. */
	sl_worker_let_go(w, manner);
	report(w, &o);
	sl_worker_retire_if_due(w);
}

/* A callback asked for the end; it has returned now. */
static bool cancelled_by_callback(struct sl_worker *w)
{
	if (w->cancel.kind == SL_NONE || !w->busy)
		return false;
	struct sl_error why = w->cancel;
	sl_error_clear(&w->cancel);
	/* The deadline may have been seen inside a handler first: all the same. */
	bool late = why.kind == SL_REQUEST_TIMEOUT;
	if (late)
		sl_worker_note_mishap(w);
	fail(w, &why, late ? SL_TERMINATE : SL_LEAVE);
	return true;
}

/* ---- from the process ---- */

/* The start has a deadline of its own and the request's; which one was it? And
 * a program that printed something is more likely no worker than a slow one. */
static void start_deadline_error(const struct sl_worker *w, struct sl_error *err)
{
	char room[200];
	const char *printed = sl_death_first_line(w, room, sizeof room);
	bool request = w->busy && w->request.deadline_ns != 0 && sl_now_ns() >= w->request.deadline_ns;
	int64_t ms = request ? w->request.options.timeout_ms : w->options.startup_timeout_ms;
	sl_error_clear(err);
	if (printed[0] != '\0') {
		sl_fail(err, SL_HANDSHAKE, 0,
		        "the worker does not speak the protocol: it printed \"%s\", and no hello came within %" PRId64 " ms",
		        printed, ms);
		sl_error_text(err, SL_D_OPTION, "--lines", 7);
	} else {
		sl_fail(err, request ? SL_REQUEST_TIMEOUT : SL_STARTUP_TIMEOUT, 0,
		        "the worker did not introduce itself within %" PRId64 " ms", ms);
	}
	sl_error_number(err, SL_D_TIMEOUT_MS, ms);
}

static void request_deadline_error(const struct sl_worker *w, struct sl_error *err)
{
	int64_t ms = w->request.options.timeout_ms;
	sl_error_clear(err);
	sl_fail(err, SL_REQUEST_TIMEOUT, 0, "the request did not end within %" PRId64 " ms", ms);
	sl_error_number(err, SL_D_TIMEOUT_MS, ms);
}

static void start_failed(struct sl_worker *w, const struct sl_error *err, enum sl_manner manner)
{
	sl_worker_note_mishap(w);
	w->start_error = *err;
	if (w->busy)
		fail(w, err, manner);
	else
		sl_worker_let_go(w, manner);
}

/* true: a deadline has passed, and the request (or the start) is over. */
static bool check_deadline(struct sl_worker *w, int64_t now)
{
	struct sl_error err;
	sl_error_clear(&err);
	if (w->process == NULL || sl_session_check(&w->process->session, now, &err) == 0)
		return false;
	if (w->process->session.state == SL_SESSION_HELLO) {
		start_deadline_error(w, &err);
		start_failed(w, &err, SL_TERMINATE);
		return true;
	}
	if (err.kind == SL_REQUEST_TIMEOUT)
		request_deadline_error(w, &err);
	if (err.kind != SL_CANCELLED)
		sl_worker_note_mishap(w);
	fail(w, &err, SL_TERMINATE);
	return true;
}

static void dispatch(struct sl_worker *w)
{
	struct sl_session *s = &w->process->session;
	struct sl_pending *r = &w->request;
	struct sl_text name;
	struct sl_error err;
	sl_error_clear(&err);
	if (sl_session_choose(s, &r->options, &name, &err) != 0 ||
	    sl_session_request(s, ++w->last_id, r->options.type, name, r->options.json,
	                       r->deadline_ns, r->options.idle_timeout_ms * SL_NS_PER_MS, sl_now_ns(), &err) != 0) {
		fail(w, &err, SL_KEEP);
		return;
	}
	w->served++;
	r->dispatched = true;
	s->rest_ns = 0;
	if (r->stop_wanted)
		sl_session_stop(s, w->options.stop_grace_ms * SL_NS_PER_MS, sl_now_ns());
	sl_process_pump(w->process);
}

static void deliver_row(struct sl_worker *w, const struct sl_row *row)
{
	w->stats.rows++;
	w->stats.bytes += row->len;
	if (w->request.events.on_row != NULL)
		w->request.events.on_row(w->request.events.ctx, row);
}

static void deliver_diagnostic(struct sl_worker *w, const struct sl_diagnostic *d)
{
	w->stats.diagnostics++;
	if (w->busy && w->request.events.on_diagnostic != NULL)
		w->request.events.on_diagnostic(w->request.events.ctx, d);
}

/* What it printed before it was done belongs to this request, and is in the
 * pipe by now. False: a callback has ended the request meanwhile. */
static bool hear_last_lines(struct sl_worker *w)
{
	struct sl_process *p = w->process;
	sl_process_read_printed(p);
	return w->busy && w->process == p;
}

static void deliver(struct sl_worker *w, const struct sl_session_event *event)
{
	struct sl_pending *r = &w->request;
	switch (event->kind) {
	case SL_EVENT_HELLO:
		if (w->busy)
			dispatch(w);
		else
			sl_process_pump(w->process);
		break;
	case SL_EVENT_REFUSED:
		start_failed(w, &event->error, SL_LEAVE);
		break;
	case SL_EVENT_DONE:
		if (hear_last_lines(w))
			succeed(w);
		break;
	case SL_EVENT_FAILED:
		if (hear_last_lines(w))
			fail(w, &event->error, SL_KEEP);
		break;
	case SL_EVENT_ROW:
		w->depth++;
		deliver_row(w, &event->row);
		w->depth--;
		break;
	case SL_EVENT_DIAGNOSTIC:
		w->depth++;
		deliver_diagnostic(w, &event->diagnostic);
		w->depth--;
		break;
	case SL_EVENT_PROGRESS:
		w->depth++;
		if (r->events.on_progress != NULL)
			r->events.on_progress(r->events.ctx, &event->progress);
		w->depth--;
		break;
	}
}

static void fault(struct sl_worker *w, const struct sl_error *err)
{
	if (!w->busy || w->process->session.hello.version_max == 0) {
		start_failed(w, err, SL_TERMINATE);
		return;
	}
	sl_worker_note_mishap(w);
	fail(w, err, SL_TERMINATE);
}

/* One event to whoever waits for it; false: take no more. */
static bool take_event(struct sl_worker *w, struct sl_process *p,
                       const struct sl_session_event *event)
{
	deliver(w, event);
	if (cancelled_by_callback(w) || w->process != p)
		return false;
	int64_t now = sl_now_coarse_ns();
	sl_session_touch(&p->session, now);
	return !check_deadline(w, now);
}

/*
 * Take what has arrived, one frame at a time, until nothing is left, the
 * request is over, or a callback paused it. Deadlines are looked at after
 * every frame, so that a stream that never pauses does not outrun them.
 */
static void take_frames(struct sl_worker *w)
{
	struct sl_process *p = w->process;
	struct sl_session_event event;
	struct sl_error err;
	bool took = false;
	sl_error_clear(&err);
	while (!p->paused) {
		int rc = sl_session_next(&p->session, &event, &err);
		if (rc < 0)
			fault(w, &err);
		/* The coarse clock is some milliseconds behind; and a terminal is no event. */
		if (rc == 0 && (took || p->session.state == SL_SESSION_SETTLING))
			sl_session_touch(&p->session, sl_now_ns());
		if (rc <= 0 || !take_event(w, p, &event))
			return;
		took = true;
	}
}

static void on_input(void *owner)
{
	take_frames(owner);
}

static void on_line(void *owner, const char *code, const char *line, size_t len)
{
	struct sl_worker *w = owner;
	struct sl_diagnostic d = { sl_text_of(code), { line, len } };
	if (w->cancel.kind != SL_NONE)
		return;
	w->depth++;
	deliver_diagnostic(w, &d);
	w->depth--;
	if (w->depth == 0)
		cancelled_by_callback(w);
}

static void on_deadline(void *owner)
{
	struct sl_worker *w = owner;
	struct sl_process *p = w->process;
	if (p->session.state == SL_SESSION_IDLE) {
		sl_worker_let_go(w, SL_LEAVE); /* it has rested long enough */
		return;
	}
	/* Look once more at what has arrived. The idle time counts only if we
	 * had a chance to see something: not while we were paused or stopped. */
	bool late = sl_now_ns() - sl_session_deadline(&p->session) > 100 * SL_NS_PER_MS;
	if (sl_process_read_arrived(p))
		take_frames(w);
	if (w->process != p)
		return;
	if (p->paused || late)
		sl_session_touch(&p->session, sl_now_ns());
	check_deadline(w, sl_now_ns());
}

static void on_gone(void *owner)
{
	struct sl_worker *w = owner;
	struct sl_error err;
	sl_error_clear(&err);
	sl_worker_note_exit(w);
	if (w->process->session.state == SL_SESSION_HELLO) {
		sl_death_before_hello(w, &err);
		start_failed(w, &err, SL_LEAVE);
	} else if (w->busy) {
		sl_worker_note_mishap(w);
		sl_death_in_request(w, &err);
		fail(w, &err, SL_LEAVE);
	} else {
		sl_worker_let_go(w, SL_LEAVE);
	}
}

const struct sl_process_events sl_worker_process_events = {
	.on_input = on_input,
	.on_line = on_line,
	.on_deadline = on_deadline,
	.on_gone = on_gone,
};

/* ---- requests ---- */

static int copy_request(struct sl_worker *w, const struct sl_request_options *o,
                        struct sl_error *err)
{
	struct sl_pending *r = &w->request;
	struct sl_text json = o->json.len > 0 ? o->json : sl_text_of("null");
	struct sl_error why;
	sl_error_clear(&why);
	if (sl_json_parse_copy(w->supervisor->json, json.bytes, json.len, &why) != 0)
		return sl_fail(err, SL_USAGE, 0, "the request is not JSON: %s", why.message);
	*r = (struct sl_pending){ .options = *o };
	r->options.export_name = r->options.json = (struct sl_text){ NULL, 0 };
	if (copy_text(&r->options.export_name, o->export_name) != 0 ||
	    copy_text(&r->options.json, json) != 0) {
		sl_pending_clear(r);
		return sl_fail(err, SL_USAGE, ENOMEM, "no memory for the request");
	}
	return 0;
}

/* A request may wait for a start only as long as it may last itself. */
static void bound_start(struct sl_worker *w)
{
	struct sl_session *s = &w->process->session;
	int64_t deadline = w->request.deadline_ns;
	if (deadline != 0 && (s->startup_ns == 0 || deadline < s->startup_ns))
		s->startup_ns = deadline;
	sl_process_pump(w->process);
}

int sl_worker_request(struct sl_worker *w, const struct sl_request_options *o,
                      const struct sl_events *events, struct sl_error *err)
{
	if (w->busy || w->leaving || w->supervisor == NULL)
		return sl_fail(err, SL_USAGE, 0, w->busy ? "the worker is busy with a request"
		                                         : "the worker is being shut down");
	if (copy_request(w, o, err) != 0)
		return -1;
	w->stats.requests++;
	w->busy = true;
	w->request.events = *events;
	w->request.begun_ns = sl_now_ns();
	if (o->timeout_ms > 0)
		w->request.deadline_ns = w->request.begun_ns + o->timeout_ms * SL_NS_PER_MS;
	struct sl_error why;
	sl_error_clear(&why);
	if (!sl_worker_has_live_process(w) && sl_worker_start_process(w, &why) != 0)
		fail(w, &why, SL_KEEP);
	else if (w->process->session.state == SL_SESSION_IDLE)
		dispatch(w);
	else
		bound_start(w);
	return 0;
}

void sl_worker_stop(struct sl_worker *w)
{
	if (!w->busy)
		return;
	w->request.stop_wanted = true;
	if (w->request.dispatched) {
		sl_session_stop(&w->process->session, w->options.stop_grace_ms * SL_NS_PER_MS, sl_now_ns());
		sl_process_pump(w->process);
	}
}

void sl_worker_cancel(struct sl_worker *w, const struct sl_error *why)
{
	if (!w->busy || w->cancel.kind != SL_NONE)
		return;
	w->cancel = *why;
	if (w->depth == 0)
		cancelled_by_callback(w);
}

void sl_worker_pause(struct sl_worker *w)
{
	if (w->process != NULL)
		sl_process_pause(w->process, true);
}

void sl_worker_resume(struct sl_worker *w)
{
	struct sl_process *p = w->process;
	if (p == NULL || !p->paused)
		return;
	p->paused = false;
	sl_session_touch(&p->session, sl_now_ns());
	take_frames(w);
	if (w->process == p)
		sl_process_pause(p, p->paused);
}

int64_t sl_worker_deadline_ns(const struct sl_worker *w)
{
	return w->busy ? w->request.deadline_ns : 0;
}
