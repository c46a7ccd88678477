/*
 * request_probe.c - the request machine for tests: events and times in; what
 * the user sees and what the process is asked to do out
 *
 * Linked with the pure half of supervise, without libuv and Lua: commands in,
 * answers out, as described in support/words.h. There is no process; commands play
 * its part. NOW is in nanoseconds, everything named _MS in milliseconds; 0: none.
 *
 *   worker STARTUP_MS GRACE_MS MAX_REQUESTS MAX_RSS MAX_IDLE_MS   a fresh handle
 *   spawn ok|fails              the result of the next start
 *   start NOW                   a process without a request
 *   begin TYPE NAME JSON TIMEOUT_MS IDLE_MS NOW
 *   feed HEX NOW                what the process sends
 *   print HEX [end]             what it prints to stdout, and optionally its end
 *   hear HEX                    a line that the next hear action will find
 *   line HEX                    a line that arrives by itself
 *   due NOW [HEX]               its deadline; what has arrived by then
 *   gone STATUS SIGNAL forced|alone NOW
 *   stop NOW / cancel KIND NOW / pause / resume NOW / rss BYTES
 *   on row|diagnostic|progress|outcome ACT    inside the next such callback:
 *                               stop, cancel, late, pause or begin
 *   state
 *
 * Answers: row, diagnostic, progress; outcome success|stopped|failure ROWS
 * ELAPSED METADATA REPLY TAIL, and the reason if it failed; sent KIND REQUEST for each
 * frame that a pump found; let_go leave|terminate; hear.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "supervise/request.h"
#include "support/words.h"

struct process {
	struct process *next; /* in the list of those that were let go */
	struct sl_session session;
	struct sl_printed printed;
};

enum callback { ON_ROW, ON_DIAGNOSTIC, ON_PROGRESS, ON_OUTCOME };
static const char *const callbacks[] = { "row", "diagnostic", "progress", "outcome" };

static struct sl_json *json;
static struct sl_worker_options limits;
static struct sl_request request;
static struct process *process, *let_go_before;
static bool spawn_fails;
static uint64_t rss_now;
static int64_t now;
static char heard[200];
static char acts[4][16];

static void begin(enum sl_export_type type, struct sl_text name, struct sl_text text, int64_t timeout_ms,
                  int64_t idle_ms);

/* ---- the simulated process ---- */

static void put_sent(struct sl_session *s)
{
	struct sl_decoder d;
	struct sl_frame f;
	struct sl_error err;
	size_t n = sl_buffer_len(&s->out);
	sl_error_clear(&err);
	sl_decoder_init(&d, SL_FRAME_CAP_CEILING);
	if (n > 0 && sl_decoder_feed(&d, sl_buffer_data(&s->out), n) != 0)
		misused("no memory");
	while (sl_decoder_next(&d, &f, &err) == 1)
		printf("sent %s %" PRIu64 "\n", sl_frame_kind_name(f.head.kind), f.head.request);
	sl_decoder_clear(&d);
	sl_session_sent(s, n);
}

static void pump(void *owner)
{
	(void)owner;
	put_sent(&process->session);
	if (process->session.state != SL_SESSION_HELLO)
		sl_printed_release(&process->printed);
}

static void let_go(void *owner, bool in_good_order)
{
	(void)owner;
	printf("let_go %s\n", in_good_order ? "leave" : "terminate");
	process->next = let_go_before;
	let_go_before = process;
	process = NULL;
}

static void hear(void *owner)
{
	char line[sizeof heard];
	(void)owner;
	puts("hear");
	strcpy(line, heard);
	heard[0] = '\0';
	if (line[0] != '\0')
		sl_request_line(&request, "worker.stderr", line, strlen(line));
}

static uint64_t rss(void *owner)
{
	(void)owner;
	return rss_now;
}

static const struct sl_request_actions actions = { pump, let_go, hear, rss, NULL, NULL };

static void on_printed(void *ctx, const char *code, const char *line, size_t len)
{
	(void)ctx;
	sl_request_line(&request, code, line, len);
}

static void free_process(struct process *p)
{
	sl_session_clear(&p->session);
	sl_printed_clear(&p->printed);
	free(p);
}

/* The turn is over: processes that were let go are freed only now. */
static void turn(void)
{
	for (struct process *p = let_go_before, *next; p != NULL; p = next) {
		next = p->next;
		free_process(p);
	}
	let_go_before = NULL;
}

static int start(struct sl_error *err)
{
	int64_t startup_ns = limits.startup_timeout_ms * 1000000;
	if (sl_request_starting(&request, now, err) != 0)
		return -1;
	if (spawn_fails)
		return sl_fail(err, SL_SPAWN, 2, "cannot start");
	process = calloc(1, sizeof *process);
	if (process == NULL)
		misused("no memory");
	sl_session_init(&process->session, json, SL_FRAME_CAP_DEFAULT, &sl_known_features, false,
	                startup_ns > 0 ? now + startup_ns : 0);
	sl_printed_init(&process->printed, SL_TAIL_LIMIT, on_printed, NULL);
	sl_request_attach(&request, &process->session, &process->printed);
	return 0;
}

static void take(void)
{
	do
		while (sl_request_take(&request, now))
			;
	while (sl_request_taken(&request, now));
}

static void feed(struct sl_text t)
{
	if (process == NULL)
		misused("there is no process");
	if (sl_decoder_feed(&process->session.in, t.bytes, t.len) != 0)
		misused("no memory");
	take();
}

/* ---- the user ---- */

static void cancel(enum sl_kind kind)
{
	struct sl_error why;
	sl_error_clear(&why);
	sl_fail(&why, kind, 0, "enough");
	sl_request_cancel(&request, &why, now);
}

static void act(enum callback c)
{
	char what[sizeof acts[0]];
	strcpy(what, acts[c]);
	acts[c][0] = '\0';
	if (strcmp(what, "stop") == 0)
		sl_request_stop(&request, now);
	else if (strcmp(what, "cancel") == 0)
		cancel(SL_CANCELLED);
	else if (strcmp(what, "late") == 0)
		cancel(SL_REQUEST_TIMEOUT);
	else if (strcmp(what, "pause") == 0)
		sl_request_pause(&request);
	else if (strcmp(what, "begin") == 0)
		begin(SL_EXPORT_ROWS, sl_text_of(""), sl_text_of(""), 0, 0);
}

static void on_row(void *ctx, const struct sl_row *row)
{
	(void)ctx;
	printf("row %s %" PRIu64, row->stream->name, row->sequence);
	put_hex(row->text, row->len);
	putchar('\n');
	act(ON_ROW);
}

static void on_diagnostic(void *ctx, const struct sl_diagnostic *d)
{
	(void)ctx;
	printf("diagnostic");
	put_text(d->code);
	put_text(d->message);
	putchar('\n');
	act(ON_DIAGNOSTIC);
}

static void on_progress(void *ctx, const struct sl_progress *p)
{
	(void)ctx;
	printf("progress");
	put_text(p->phase);
	putchar('\n');
	act(ON_PROGRESS);
}

static void on_bad_line(void *ctx, const struct sl_bad_line *b)
{
	(void)ctx;
	printf("bad_line %" PRIu64 "\n", b->line);
}

static void on_outcome(void *ctx, const struct sl_outcome *o)
{
	(void)ctx;
	printf("outcome %s %" PRIu64 " %" PRIu64, !o->success ? "failure" : o->stopped ? "stopped" : "success",
	       sl_ledger_rows(o->ledger), o->elapsed_ns);
	put_text(o->metadata);
	put_text(o->reply);
	put_text(o->tail);
	putchar('\n');
	if (!o->success)
		put_error("why", &o->error);
	act(ON_OUTCOME);
}

static const struct sl_events events = { NULL, on_row, on_diagnostic, on_progress, on_bad_line, on_outcome };

static void begin(enum sl_export_type type, struct sl_text name, struct sl_text text, int64_t timeout_ms,
                  int64_t idle_ms)
{
	struct sl_request_options o = { type, name, text, { NULL, 0 }, timeout_ms, idle_ms };
	struct sl_error err, why;
	sl_error_clear(&err);
	sl_error_clear(&why);
	if (sl_request_begin(&request, &o, &events, now, &err) != 0)
		put_error("error", &err);
	else if (process != NULL || start(&why) == 0)
		sl_request_started(&request, now);
	else
		sl_request_not_started(&request, &why, now);
}

/* ---- commands ---- */

static void at(int i)
{
	now = (int64_t)number(i);
}

static void do_worker(void)
{
	sl_request_clear(&request);
	turn();
	static const char *const argv[] = { "worker", NULL };
	limits = (struct sl_worker_options){
		.argv = argv,
		.startup_timeout_ms = (int64_t)number(1), .stop_grace_ms = (int64_t)number(2),
		.max_requests = number(3), .max_rss = number(4), .max_idle_ms = (int64_t)number(5),
	};
	sl_request_init(&request, &limits, json, &actions, NULL);
}

static void do_spawn(void)
{
	spawn_fails = strcmp(word(1), "fails") == 0;
}

static void do_start(void)
{
	struct sl_error err;
	sl_error_clear(&err);
	at(1);
	answer(start(&err), &err);
}

static void do_begin(void)
{
	at(6);
	begin(strcmp(word(1), "call") == 0 ? SL_EXPORT_CALL : SL_EXPORT_ROWS, text(2), text(3),
	      (int64_t)number(4), (int64_t)number(5));
}

static void do_feed(void)
{
	at(2);
	feed(text(1));
}

static void do_print(void)
{
	struct sl_text t = text(1);
	sl_printed_add(&process->printed, SL_PRINTED_OUT, t.bytes, t.len);
	if (word_count() > 2)
		sl_printed_end(&process->printed, SL_PRINTED_OUT);
}

static void do_hear(void)
{
	struct sl_text t = text(1);
	snprintf(heard, sizeof heard, "%.*s", (int)t.len, t.bytes);
}

static void do_line(void)
{
	struct sl_text t = text(1);
	sl_request_line(&request, "worker.stderr", t.bytes, t.len);
}

static void do_due(void)
{
	at(1);
	if (!sl_request_due(&request, now))
		return;
	if (word_count() > 2)
		feed(text(2));
	sl_request_deadline(&request, now);
}

static void do_gone(void)
{
	at(4);
	struct sl_exit_report e = { true, 1, (int)number(1), (int)number(2), strcmp(word(3), "forced") == 0 };
	if (e.signal != 0)
		e.status = -1;
	sl_request_gone(&request, &e, now);
}

static void do_stop(void)
{
	at(1);
	sl_request_stop(&request, now);
}

static void do_cancel(void)
{
	at(2);
	cancel(sl_kind_from_name(word(1), strlen(word(1))));
}

static void do_pause(void)
{
	sl_request_pause(&request);
}

static void do_resume(void)
{
	at(1);
	sl_request_resume(&request, now);
	take();
}

static void do_rss(void)
{
	rss_now = number(1);
}

static void do_on(void)
{
	for (int c = 0; c < 4; c++)
		if (strcmp(callbacks[c], word(1)) == 0)
			snprintf(acts[c], sizeof acts[c], "%s", word(2));
}

static void do_state(void)
{
	static const char *const states[] = { "hello", "idle", "active", "settling", "over" };
	const struct sl_worker_stats *t = &request.stats;
	printf("state %s %s%s\n", request.busy ? "busy" : "free",
	       process != NULL ? states[process->session.state] : "none", request.paused ? " paused" : "");
	printf("deadline %" PRId64 "\n", process != NULL ? sl_session_deadline(&process->session) : 0);
	printf("stats %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", t->requests, t->succeeded, t->failed,
	       t->generations);
	if (request.start_error.kind != SL_NONE)
		put_error("start_error", &request.start_error);
}

/* Processes that were let go before this command are freed when it begins. */
#define COMMANDS(X)                                                                               \
	X(worker) X(spawn) X(start) X(begin) X(feed) X(print) X(hear) X(line) X(due) X(gone) X(stop) \
	X(cancel) X(pause) X(resume) X(rss) X(on) X(state)

#define RUN(name)                       \
	static void run_##name(void)    \
	{                               \
		turn();                 \
		do_##name();            \
	}
COMMANDS(RUN)

static const struct command commands[] = {
#define ENTRY(name) { #name, run_##name },
	COMMANDS(ENTRY)
	{ NULL, NULL },
};

int main(void)
{
	json = sl_json_new();
	if (json == NULL)
		return 1;
	sl_request_init(&request, &limits, json, &actions, NULL);
	run_commands(commands);
	sl_request_clear(&request);
	turn();
	sl_json_free(json);
	return 0;
}
