/*
 * request_schedules.c - the request machine under random schedules of frames,
 * lines, exits, deadlines, stops, cancels and pauses
 *
 *     requestschedules COUNT SEED [FIRST]
 *
 * A simulated worker makes real frames and knows what it has sealed. For every
 * order of events: one outcome for each request, success only for what was
 * sealed and followed by ready, nothing delivered after a cancel or an outcome,
 * each process let go once and otherwise kept in good order, and no request
 * that outlives its deadline. Exits with status 0, or aborts and prints the
 * number of the schedule, which as FIRST runs it alone.
 */
#include <inttypes.h>
#include <signal.h>

#include "fuzz/check.h"
#include "supervise/request.h"

#define MS INT64_C(1000000)
#define STEPS 100

/* One process and the worker in it. */
struct process {
	struct process *next; /* in the list of all processes of this schedule */
	struct sl_session session;
	struct sl_printed printed;
	bool let_go;
	struct sl_decoder orders;  /* what the machine sends */
	struct sl_buffer on_way;   /* what the worker has sent and nobody has read */
	struct sl_ledger sealed;
	uint64_t id;               /* the request that it serves; 0: none */
	uint64_t rows;
	bool greeted, asked_to_stop;
	bool over;                 /* its terminal frame is sent */
	bool stopped;              /* as its summary says */
	bool spoilt;               /* it sent garbage before its terminal frame */
	bool honest;               /* sent a summary with the right seal, and no garbage */
	bool ready;
};

/* Counts of the requests. */
struct tally {
	uint64_t begun, ended, succeeded, rows;
	bool cancelled; /* the latest: nothing more may be delivered */
};

static struct sl_json *json;
static uint64_t schedule, random_state;
static struct sl_worker_options limits;
static struct sl_request request;
static struct process *processes, *current;
static struct tally tally;
static int64_t now;

static uint32_t below(uint32_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)((random_state >> 16) % n);
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

/* ---- the process: what it is asked to do ---- */

static void obey_order(struct process *p, const struct sl_frame *f)
{
	if (f->head.kind == SL_FRAME_STOP)
		p->asked_to_stop = true;
	if (f->head.kind != SL_FRAME_REQUEST)
		return;
	sl_ledger_clear(&p->sealed);
	p->id = f->head.request;
	p->rows = 0;
	p->asked_to_stop = p->over = p->spoilt = p->honest = p->ready = false;
}

static void pump(void *owner)
{
	struct process *p = current;
	struct sl_frame f;
	struct sl_error err;
	CHECK(owner == &tally && p != NULL && !p->let_go);
	size_t n = sl_buffer_len(&p->session.out);
	sl_error_clear(&err);
	if (n > 0)
		CHECK(sl_decoder_feed(&p->orders, sl_buffer_data(&p->session.out), n) == 0);
	sl_session_sent(&p->session, n);
	while (sl_decoder_next(&p->orders, &f, &err) == 1)
		obey_order(p, &f);
	CHECK(err.kind == SL_NONE);
	if (p->session.state != SL_SESSION_HELLO)
		sl_printed_release(&p->printed);
}

static void let_go(void *owner, bool in_good_order)
{
	(void)in_good_order;
	CHECK(owner == &tally && current != NULL && !current->let_go && request.session == NULL);
	current->let_go = true;
	current = NULL;
}

static void hear(void *owner)
{
	CHECK(owner == &tally && current != NULL);
	if (one_in(3))
		sl_request_line(&request, "worker.stderr", "x", 1);
}

static uint64_t rss(void *owner)
{
	CHECK(owner == &tally && current != NULL);
	return below(1000);
}

static const struct sl_request_actions actions = { pump, let_go, hear, rss, NULL, NULL };

static void on_printed(void *ctx, const char *code, const char *line, size_t len)
{
	if (ctx == current) /* as in a real one: a line may have ended it */
		sl_request_line(&request, code, line, len);
}

static struct process *new_process(void)
{
	struct process *p = calloc(1, sizeof *p);
	CHECK(p != NULL);
	p->next = processes;
	processes = p;
	sl_session_init(&p->session, json, SL_FRAME_CAP_DEFAULT, &sl_known_features, false,
	                now + limits.startup_timeout_ms * MS);
	sl_printed_init(&p->printed, 4096, on_printed, p);
	sl_decoder_init(&p->orders, SL_FRAME_CAP_CEILING);
	p->sealed = (struct sl_ledger){ 0 };
	sl_buffer_init(&p->on_way);
	CHECK(sl_buffer_append(&p->on_way, SL_MAGIC, SL_MAGIC_SIZE) == 0);
	return p;
}

static void free_processes(void)
{
	for (struct process *p = processes, *next; p != NULL; p = next) {
		next = p->next;
		CHECK(p->let_go);
		sl_session_clear(&p->session);
		sl_printed_clear(&p->printed);
		sl_decoder_clear(&p->orders);
		sl_ledger_clear(&p->sealed);
		sl_buffer_clear(&p->on_way);
		free(p);
	}
	processes = NULL;
}

static int start(struct sl_error *err)
{
	sl_error_clear(err);
	if (sl_request_starting(&request, now, err) != 0)
		return -1;
	if (one_in(10))
		return sl_fail(err, SL_SPAWN, 0, "cannot start");
	current = new_process();
	sl_request_attach(&request, &current->session, &current->printed);
	return 0;
}

/* ---- the user ---- */

static void begin(void);

static void cancel(void)
{
	struct sl_error why;
	bool busy = request.busy;
	sl_error_clear(&why);
	sl_fail(&why, one_in(3) ? SL_REQUEST_TIMEOUT : SL_CANCELLED, 0, "enough");
	tally.cancelled = tally.cancelled || busy;
	sl_request_cancel(&request, &why, now);
}

static void act(void)
{
	now += below(2) * MS;
	switch (below(24)) {
	case 0: cancel(); break;
	case 1: sl_request_stop(&request, now); break;
	case 2: sl_request_pause(&request); break;
	}
}

/* Each request's ctx is its number. */
static void check_current(void *ctx)
{
	CHECK((uint64_t)(uintptr_t)ctx == tally.begun && tally.begun == tally.ended + 1);
	CHECK(request.busy && !tally.cancelled);
}

static void on_row(void *ctx, const struct sl_row *row)
{
	check_current(ctx);
	do {
		CHECK(row->len == 1 && !request.paused);
		tally.rows++;
		act();
	} while (one_in(2) && (row = sl_request_next_row(&request, now)) != NULL);
}

static void on_diagnostic(void *ctx, const struct sl_diagnostic *d)
{
	(void)d;
	check_current(ctx);
	act();
}

static void on_progress(void *ctx, const struct sl_progress *p)
{
	(void)p;
	check_current(ctx);
	act();
}

static void on_bad_line(void *ctx, const struct sl_bad_line *b)
{
	(void)b;
	check_current(ctx);
	act();
}

static void on_outcome(void *ctx, const struct sl_outcome *o)
{
	CHECK((uint64_t)(uintptr_t)ctx == tally.begun && ++tally.ended == tally.begun);
	CHECK(!request.busy && o->success == (o->error.kind == SL_NONE));
	CHECK(o->elapsed_ns <= (uint64_t)now);
	CHECK(sl_ledger_rows(o->ledger) >= tally.rows);
	if (o->success) {
		CHECK(!tally.cancelled && current != NULL && current->honest && current->ready);
		CHECK(tally.rows == current->rows && sl_ledger_rows(o->ledger) == tally.rows);
		CHECK(o->stopped == current->stopped);
		tally.succeeded++;
	}
	tally.cancelled = false;
	if (one_in(4))
		begin();
	if (one_in(8))
		cancel();
}

static void begin(void)
{
	struct sl_request_options o = { .type = SL_EXPORT_ROWS, .export_name = sl_text_of(one_in(20) ? "no" : ""),
		                        .timeout_ms = below(3) * 20, .idle_timeout_ms = below(2) * 10 };
	struct sl_events events = { (void *)(uintptr_t)(tally.begun + 1), on_row, on_diagnostic, on_progress,
		                    on_bad_line, on_outcome };
	struct sl_error err;
	bool busy = request.busy;
	sl_error_clear(&err);
	CHECK((sl_request_begin(&request, &o, &events, now, &err) == 0) == !busy);
	if (busy)
		return;
	tally.begun++;
	tally.rows = 0;
	tally.cancelled = false;
	if (current != NULL || start(&err) == 0)
		sl_request_started(&request, now);
	else
		sl_request_not_started(&request, &err, now);
}

/* ---- the worker: what it sends ---- */

static void send_hello(struct process *p)
{
	struct sl_export_name exports[] = { { sl_text_of("index"), SL_EXPORT_ROWS } };
	struct sl_hello hello = { .version_min = 1, .version_max = one_in(20) ? 0 : 1,
		                  .max_frame = SL_FRAME_CAP_DEFAULT, .export_count = 1 };
	struct sl_error no;
	sl_error_clear(&no);
	sl_fail(&no, SL_SPAWN, 0, "not today");
	if (one_in(20))
		CHECK(sl_failure_encode(&p->on_way, 0, &no) == 0);
	else
		CHECK(sl_hello_encode(&p->on_way, &hello, exports) == 0);
	p->greeted = true;
}

static void send_row(struct process *p)
{
	struct sl_error err;
	const char *name = one_in(2) ? "a" : "b";
	struct sl_stream *s = sl_ledger_find(&p->sealed, name, 1);
	sl_error_clear(&err);
	if (s == NULL) {
		s = sl_ledger_add(&p->sealed, name, 1, &err);
		CHECK(s != NULL);
		CHECK(sl_raw_encode(&p->on_way, SL_FRAME_STREAM, p->id, s->seal.stream, 0, name, 1) == 0);
	}
	CHECK(sl_raw_encode(&p->on_way, SL_FRAME_ROW, p->id, s->seal.stream, s->seal.rows, "7", 1) == 0);
	sl_stream_count(s, "7", 1);
	p->rows++;
}

static void send_note(struct process *p)
{
	struct sl_diagnostic d = { sl_text_of("c"), sl_text_of("m") };
	struct sl_progress progress = { .phase = sl_text_of("p") };
	CHECK((one_in(2) ? sl_diagnostic_encode(&p->on_way, p->id, &d)
	                 : sl_progress_encode(&p->on_way, p->id, &progress)) == 0);
}

static void send_summary(struct process *p)
{
	struct sl_summary m = { .stopped = p->asked_to_stop, .seal_count = p->sealed.count };
	for (uint16_t i = 0; i < p->sealed.count; i++)
		m.seals[i] = sl_ledger_stream(&p->sealed, (uint16_t)(i + 1))->seal;
	bool right = p->sealed.count == 0 || !one_in(8);
	if (!right)
		m.seals[0].checksum ^= 1;
	p->honest = right && !p->spoilt;
	CHECK(sl_summary_encode(&p->on_way, p->id, &m) == 0);
	p->stopped = m.stopped;
	p->over = true;
}

static void send_failure(struct process *p)
{
	struct sl_error why;
	sl_error_clear(&why);
	sl_fail(&why, SL_EXPORT_FAILED, 0, "no");
	CHECK(sl_failure_encode(&p->on_way, p->id, &why) == 0);
	p->over = true;
}

static void send_ready(struct process *p)
{
	CHECK(sl_plain_encode(&p->on_way, SL_FRAME_READY, p->id) == 0);
	p->ready = true;
}

static void send_nonsense(struct process *p)
{
	CHECK(sl_plain_encode(&p->on_way, one_in(2) ? SL_FRAME_READY : SL_FRAME_ROW, p->id + below(2)) == 0);
	p->spoilt = true;
}

/* The worker's next step, mostly in order. */
static void send(struct process *p)
{
	bool busy = p->id != 0 && !p->ready;
	if (one_in(60) && !(busy && p->over))
		send_nonsense(p);
	else if (!p->greeted)
		send_hello(p);
	else if (busy && p->over)
		send_ready(p);
	else if (busy && one_in(6))
		send_summary(p);
	else if (busy && one_in(12))
		send_failure(p);
	else if (busy && one_in(4))
		send_note(p);
	else if (busy)
		send_row(p);
}

/* ---- steps ---- */

static void take(void)
{
	do
		while (sl_request_take(&request, now))
			;
	while (sl_request_taken(&request, now));
}

/* Some of what is on its way arrives. False if there was nothing. */
static bool arrive(void)
{
	struct process *p = current;
	size_t n = p != NULL ? sl_buffer_len(&p->on_way) : 0;
	if (n == 0)
		return false;
	if (one_in(2))
		n = 1 + below((uint32_t)n);
	CHECK(sl_decoder_feed(&p->session.in, sl_buffer_data(&p->on_way), n) == 0);
	sl_buffer_consume(&p->on_way, n);
	take();
	return true;
}

static void step_worker(void)
{
	for (uint32_t n = 1 + below(4); n > 0 && current != NULL; n--)
		send(current);
	if (!one_in(4))
		arrive();
}

static void step_time(void)
{
	now += one_in(30) ? 20000 * MS : below(12) * MS;
	if (!sl_request_due(&request, now))
		return;
	arrive();
	sl_request_deadline(&request, now);
	CHECK(!request.busy || request.deadline_ns == 0 || now < request.deadline_ns || request.depth > 0);
}

static void step_print(void)
{
	if (current == NULL)
		return;
	if (one_in(2))
		sl_request_line(&request, "worker.stderr", "x", 1);
	else
		sl_printed_add(&current->printed, SL_PRINTED_OUT, "y\n", 2);
}

/* Everything that it sent is read before its end is seen. */
static void step_exit(void)
{
	struct sl_exit_report e = { true, 1, one_in(2) ? 0 : 1, 0, one_in(4) };
	struct process *p = current;
	if (p == NULL || !one_in(8))
		return;
	while (current == p && arrive())
		;
	if (current == p && request.paused && sl_decoder_pending(&p->session.in) > 0)
		return;
	if (current == p)
		sl_request_gone(&request, &e, now);
	CHECK(current != p);
}

static void step_resume(void)
{
	sl_request_resume(&request, now);
	take();
}

static void step_user(void)
{
	struct sl_error err;
	switch (below(12)) {
	case 0: cancel(); break;
	case 1: sl_request_stop(&request, now); break;
	case 2: sl_request_pause(&request); break;
	case 3:
		if (current == NULL)
			start(&err);
		break;
	case 4:
		if (!request.busy)
			sl_request_let_go(&request, true);
		break;
	default: begin();
	}
}

static void (*const steps[])(void) = { step_worker, step_worker, step_worker, step_time, step_print, step_exit,
	                               step_resume, step_user };

/* The invariants between two steps. */
static void check_rest(void)
{
	enum sl_session_state state = current != NULL ? current->session.state : SL_SESSION_OVER;
	CHECK(request.depth == 0 && request.cancel.kind == SL_NONE && request.fault.kind == SL_NONE);
	CHECK(request.session == (current != NULL ? &current->session : NULL));
	CHECK(tally.begun - tally.ended == (request.busy ? 1 : 0));
	CHECK(request.stats.requests == tally.begun && request.stats.succeeded == tally.succeeded);
	CHECK(request.stats.succeeded + request.stats.failed == tally.ended);
	if (request.busy)
		CHECK(state == SL_SESSION_HELLO || state == SL_SESSION_ACTIVE || state == SL_SESSION_SETTLING);
	else
		CHECK(current == NULL || state == SL_SESSION_HELLO || state == SL_SESSION_IDLE);
	for (const struct process *p = processes; p != NULL; p = p->next)
		CHECK(p->let_go == (p != current));
}

static void run_schedule(void)
{
	static const char *const argv[] = { "worker", NULL };
	limits = (struct sl_worker_options){ .argv = argv, .startup_timeout_ms = 30, .stop_grace_ms = 10,
		                             .max_requests = below(3), .max_rss = below(2) * 900,
		                             .max_idle_ms = below(2) * 15 };
	tally = (struct tally){ 0 };
	now = MS;
	sl_request_init(&request, &limits, json, &actions, &tally);
	for (uint32_t n = below(STEPS); n > 0; n--) {
		steps[below(sizeof steps / sizeof *steps)]();
		check_rest();
	}
	while (request.busy)
		cancel();
	check_rest();
	sl_request_clear(&request);
	CHECK(current == NULL);
	free_processes();
}

static void say_where(int sig)
{
	(void)sig;
	fprintf(stderr, "in schedule %" PRIu64 "\n", schedule);
}

static uint64_t argument(char **argv, int argc, int i, uint64_t preset)
{
	return i < argc ? strtoull(argv[i], NULL, 10) : preset;
}

int main(int argc, char **argv)
{
	uint64_t seed = argument(argv, argc, 2, 1), requests = 0, successes = 0;
	uint64_t first = argument(argv, argc, 3, 1);
	uint64_t last = first + argument(argv, argc, 1, 1000) - 1;
	signal(SIGABRT, say_where);
	json = sl_json_new();
	CHECK(json != NULL && seed > 0);
	for (schedule = first; schedule <= last; schedule++) {
		random_state = (seed << 32) + schedule;
		run_schedule();
		requests += tally.begun;
		successes += tally.succeeded;
	}
	printf("%" PRIu64 " requests, %" PRIu64 " succeeded\n", requests, successes);
	sl_json_free(json);
	return 0;
}
