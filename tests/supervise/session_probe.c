/*
 * session_probe.c - the pure half of the supervisor for tests: the
 * conversation with a worker, the ladder, the capture of lines
 *
 * Linked with base, wire, json and the pure half of supervise, without libuv and
 * Lua: commands in, answers out, as described in support/words.h. Times are
 * nanoseconds, given with each command.
 *
 *   session MAX_FRAME strict|tolerant STARTUP [FEATURE]...   begin with a fresh one
 *   feed HEX [CHUNK]            what the worker sends: answers the events, or an error
 *   sent                        what was sent to the worker since then: sent HEX
 *   choose TYPE NAME / request ID TYPE NAME JSON DEADLINE IDLE NOW
 *   stop GRACE NOW / cancel / shutdown / touch NOW / rest NS
 *   features                    the numbers of the agreed features, as bits
 *   state / deadline / check NOW / end
 *
 *   ladder LEAVE_GRACE KILL_GRACE                 begin with a fresh one
 *   step EVENT NOW / extend NOW MORE
 *   walk EVENT...               each a nanosecond later; END follows CLOSE automatically
 *
 *   capture LIMIT / print HEX [CHUNK] / close / tail
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/transport.h" /* the worker's side, which must match */
#include "supervise/capture.h"
#include "supervise/ladder.h"
#include "supervise/session.h"
#include "support/words.h"

static struct sl_json *json;
static struct sl_session session;
static struct sl_ladder ladder;
static struct sl_capture capture;
static struct sl_tail tail;

static int64_t time_at(int i)
{
	return (int64_t)number(i);
}

static enum sl_export_type type_at(int i)
{
	return strcmp(word(i), "call") == 0 ? SL_EXPORT_CALL : SL_EXPORT_ROWS;
}

/* ---- the conversation ---- */

static void put_hello(void)
{
	printf("hello %" PRIu32, session.max_frame);
	put_text(session.hello.name);
	put_text(session.hello.version);
	putchar('\n');
}

static void put_row(const struct sl_row *row)
{
	printf("row %s %" PRIu64, row->stream->name, row->sequence);
	put_hex(row->text, row->len);
	printf(" %s\n", sl_json_type_name(sl_json_type(sl_json_root(row->json))));
}

static void put_diagnostic(const struct sl_diagnostic *d)
{
	printf("diagnostic");
	put_text(d->code);
	put_text(d->message);
	putchar('\n');
}

static void put_progress(const struct sl_progress *p)
{
	printf("progress");
	put_text(p->phase);
	printf(" %" PRIu64, p->current);
	if (p->has_total)
		printf(" %" PRIu64, p->total);
	putchar('\n');
}

static void put_done(void)
{
	printf("done %s %s", sl_frame_kind_name(session.terminal), session.stopped ? "stopped" : "whole");
	if (session.has_result)
		put_text(sl_text_of_buffer(&session.result));
	putchar('\n');
}

static void put_bad_line(const struct sl_bad_line *b)
{
	printf("bad_line %" PRIu64 " %" PRIu64, b->line, b->size);
	put_text(b->file);
	put_text(b->reason);
	put_text(b->bytes);
	putchar('\n');
}

static void put_event(const struct sl_session_event *e)
{
	switch (e->kind) {
	case SL_EVENT_HELLO: put_hello(); break;
	case SL_EVENT_ROW: put_row(&e->row); break;
	case SL_EVENT_DIAGNOSTIC: put_diagnostic(&e->diagnostic); break;
	case SL_EVENT_PROGRESS: put_progress(&e->progress); break;
	case SL_EVENT_BAD_LINE: put_bad_line(&e->bad_line); break;
	case SL_EVENT_REFUSED: put_error("refused", &session.failure); break;
	case SL_EVENT_DONE: put_done(); break;
	case SL_EVENT_FAILED: put_error("failed", &session.failure); break;
	}
}

static int take_events(void)
{
	struct sl_error err;
	int rc;
	sl_error_clear(&err);
	while ((rc = sl_session_next(&session, &err)) == 1)
		put_event(&session.event);
	if (rc < 0)
		put_error("error", &err);
	return rc;
}

static void do_session(void)
{
	sl_session_clear(&session);
	sl_session_init(&session, json, (uint32_t)number(1), features_from(4),
	                strcmp(word(2), "tolerant") == 0, time_at(3));
}

static void do_feed(void)
{
	struct sl_text t = text(1);
	size_t chunk = word_count() > 2 ? number(2) : t.len;
	for (size_t at = 0; at < t.len; at += chunk) {
		if (sl_decoder_feed(&session.in, t.bytes + at, t.len - at < chunk ? t.len - at : chunk) != 0)
			misused("no memory");
		if (take_events() != 0)
			return;
	}
}

static void do_sent(void)
{
	printf("sent");
	put_text(sl_text_of_buffer(&session.out));
	putchar('\n');
	sl_session_sent(&session, sl_buffer_len(&session.out));
}

static void do_choose(void)
{
	struct sl_request_options o = { .type = type_at(1), .export_name = text(2) };
	struct sl_text name;
	struct sl_error err;
	sl_error_clear(&err);
	if (sl_session_choose(&session, &o, &name, &err) != 0) {
		put_error("error", &err);
		return;
	}
	printf("chosen");
	put_text(name);
	putchar('\n');
}

static void do_request(void)
{
	struct sl_error err;
	sl_error_clear(&err);
	struct sl_text name = text(3), request = text(4);
	answer(sl_session_request(&session, number(1), type_at(2), name, request, (struct sl_text){ NULL, 0 }, time_at(5), time_at(6),
	                          time_at(7), &err), &err);
}

static void do_stop(void)
{
	sl_session_stop(&session, time_at(1), time_at(2));
}

static void do_cancel(void)
{
	sl_session_cancel(&session);
}

static void do_shutdown(void)
{
	sl_session_shutdown(&session);
}

static void do_touch(void)
{
	sl_session_touch(&session, time_at(1));
}

static void do_rest(void)
{
	sl_session_rest(&session, time_at(1));
}

static void do_features(void)
{
	printf("features %" PRIx64 "\n", session.features);
}

static void do_state(void)
{
	static const char *const names[] = { "hello", "idle", "active", "settling", "over" };
	printf("state %s\n", names[session.state]);
}

static void do_deadline(void)
{
	printf("deadline %" PRId64 "\n", sl_session_deadline(&session));
}

static void do_check(void)
{
	struct sl_error err;
	sl_error_clear(&err);
	answer(sl_session_check(&session, time_at(1), &err), &err);
}

static void do_end(void)
{
	struct sl_error err;
	sl_error_clear(&err);
	answer(sl_session_end(&session, &err), &err);
}

/* ---- the ladder ---- */

static enum sl_ladder_event event_at(int i)
{
	static const char *const names[] = { "leave", "terminate", "kill", "exit", "end", "deadline" };
	for (int e = 0; e <= SL_LADDER_DEADLINE; e++)
		if (strcmp(names[e], word(i)) == 0)
			return (enum sl_ladder_event)e;
	misused("no such event");
}

static enum sl_ladder_action put_step(enum sl_ladder_event event, int64_t now)
{
	static const char *const rungs[] = { "alive", "leaving", "terminated", "killed", "draining", "gone" };
	static const char *const actions[] = { "nothing", "term", "kill", "close" };
	enum sl_ladder_action action = sl_ladder_step(&ladder, event, now);
	printf("%s %s %" PRId64 "%s%s%s\n", rungs[ladder.rung], actions[action], ladder.deadline_ns,
	       ladder.exited ? " exited" : "", ladder.ended ? " ended" : "", ladder.forced ? " forced" : "");
	return action;
}

static void do_ladder(void)
{
	sl_ladder_init(&ladder, time_at(1), time_at(2));
}

static void do_step(void)
{
	put_step(event_at(1), time_at(2));
}

static void do_walk(void)
{
	for (int i = 1; i < word_count(); i++)
		if (put_step(event_at(i), i) == SL_LADDER_CLOSE)
			put_step(SL_LADDER_END, i);
}

static void do_extend(void)
{
	sl_ladder_extend(&ladder, time_at(1), time_at(2));
	printf("deadline %" PRId64 "\n", ladder.deadline_ns);
}

/* ---- captured lines ---- */

static void on_line(void *ctx, const char *code, const char *line, size_t len)
{
	(void)ctx;
	(void)code;
	printf("line");
	put_hex(line, len);
	putchar('\n');
}

static void do_capture(void)
{
	sl_buffer_clear(&capture.line);
	sl_buffer_clear(&tail.bytes);
	capture = (struct sl_capture){ .on_line = on_line };
	tail = (struct sl_tail){ .limit = number(1) };
}

static void do_print(void)
{
	struct sl_text t = text(1);
	size_t chunk = word_count() > 2 ? number(2) : t.len;
	for (size_t at = 0; at < t.len; at += chunk) {
		size_t n = t.len - at < chunk ? t.len - at : chunk;
		sl_tail_add(&tail, t.bytes + at, n);
		sl_capture_feed(&capture, t.bytes + at, n);
	}
}

static void do_close(void)
{
	sl_capture_end(&capture);
}

static void do_tail(void)
{
	printf("tail");
	put_text(sl_text_of_buffer(&tail.bytes));
	putchar('\n');
}

/* ---- commands ---- */

static const struct command commands[] = {
	{ "session", do_session }, { "feed", do_feed }, { "sent", do_sent }, { "choose", do_choose },
	{ "request", do_request }, { "stop", do_stop }, { "cancel", do_cancel },
	{ "shutdown", do_shutdown }, { "touch", do_touch }, { "rest", do_rest }, { "features", do_features }, { "state", do_state },
	{ "deadline", do_deadline }, { "check", do_check }, { "end", do_end }, { "ladder", do_ladder },
	{ "step", do_step }, { "walk", do_walk }, { "extend", do_extend }, { "capture", do_capture },
	{ "print", do_print }, { "close", do_close }, { "tail", do_tail }, { NULL, NULL },
};

int main(void)
{
	json = sl_json_new();
	if (json == NULL)
		return 1;
	sl_session_init(&session, json, SL_FRAME_CAP_DEFAULT, &sl_known_features, false, 0);
	run_commands(commands);
	sl_buffer_clear(&capture.line);
	sl_buffer_clear(&tail.bytes);
	sl_session_clear(&session);
	sl_json_free(json);
	return 0;
}
