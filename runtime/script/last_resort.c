/* last_resort.c - see last_resort.h */
#include "script/last_resort.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/fixed.h"
#include "file/durable.h"
#include "lua/options.h"
#include "script/counts.h"
#include "script/interrupt.h"

#define SUFFIX ".sluice-last"
#define PATIENCE_MS 1000

enum stage { RUNNING, COMMITTING, COMMITTED };

/* What was set beforehand. */
static struct {
	void (*leave)(void);
	const struct sl_script *script;
	bool json, clear, colour, held, replace;
	char summary[PATH_MAX], temporary[PATH_MAX]; /* empty: none is wanted */
	enum stage stage;
	int told; /* the exit code of a failure that has already been reported, or 0 */
} last;

/* ---- what is said ---- */

/* How it ended. */
struct end {
	const struct sl_scope *scope;
	const char *kind;
	int code;
	const char *message, *handler;
	int64_t limit_ms; /* the limit exceeded; 0: it was a signal or os.exit */
	struct sl_counts counts;
};

static void put_handler(struct sl_fixed *f, const struct sl_scope *s)
{
	if (s->handler == NULL) {
		sl_fixed_text(f, "the script");
		return;
	}
	if (s->entry != NULL) {
		sl_fixed_text(f, "streams.");
		sl_fixed_text(f, s->entry);
		sl_fixed_text(f, ".");
	}
	sl_fixed_text(f, s->handler);
}

static void put_message(struct sl_fixed *f, const struct end *e)
{
	if (e->scope->expired == SL_EXPIRY_DEADLINE) {
		sl_fixed_text(f, "the request did not end within ");
		sl_fixed_number(f, e->limit_ms);
		sl_fixed_text(f, " ms: ");
		sl_fixed_text(f, e->handler);
		sl_fixed_text(f, " was still running");
	} else if (e->scope->expired == SL_EXPIRY_CPU_TIME) {
		sl_fixed_text(f, e->handler);
		sl_fixed_text(f, " used more than ");
		sl_fixed_number(f, e->limit_ms);
		sl_fixed_text(f, " ms of CPU time and could not be stopped");
	} else if (e->scope->expired == SL_EXPIRY_EXIT) {
		sl_fixed_text(f, e->handler);
		sl_fixed_text(f, " called os.exit and could not be stopped");
	} else {
		sl_fixed_text(f, "interrupted by ");
		sl_fixed_text(f, sl_interrupt_name(sl_interrupt_signal()));
		sl_fixed_text(f, " while ");
		sl_fixed_text(f, e->handler);
		sl_fixed_text(f, " was running");
	}
}

static void put_note(struct sl_fixed *f, const struct end *e)
{
	sl_fixed_text(f, "the handler ");
	sl_fixed_text(f, e->handler);
	sl_fixed_text(f, " was stuck; the program was ended with it");
}

static void fill(struct end *e, const struct sl_limit *limit)
{
	const struct sl_scope *s = e->scope;
	e->kind = "engine_stuck";
	e->code = 4;
	if (s->expired == SL_EXPIRY_CPU_TIME) {
		e->limit_ms = limit->handler_ms;
	} else if (s->expired == SL_EXPIRY_DEADLINE) {
		e->kind = "request_timeout";
		e->code = 124;
		e->limit_ms = s->deadline->timeout_ms;
	} else if (s->expired != SL_EXPIRY_EXIT) {
		e->kind = "cancelled";
		e->code = 128 + sl_interrupt_signal();
	}
	e->counts = sl_counts_of(last.script);
}

/* ---- for machines ---- */

static void put_name(struct sl_fixed *f, const char *name)
{
	if (f->bytes[f->len - 1] != '{')
		sl_fixed_text(f, ",");
	sl_fixed_json(f, name);
	sl_fixed_text(f, ":");
}

static void put_text(struct sl_fixed *f, const char *name, const char *text)
{
	put_name(f, name);
	sl_fixed_json(f, text);
}

static void put_number(struct sl_fixed *f, const char *name, uint64_t n)
{
	put_name(f, name);
	sl_fixed_number(f, (int64_t)n);
}

static void put_place(struct sl_fixed *f, const struct sl_scope *s)
{
	if (s->stream == NULL)
		return;
	put_text(f, "stream", s->stream);
	put_number(f, "sequence", s->sequence);
	if (s->file != NULL)
		put_text(f, "file", s->file);
	if (s->line != 0)
		put_number(f, "line", s->line);
}

static void put_error(struct sl_fixed *f, const struct end *e)
{
	SL_FIXED(note, 600);
	put_note(&note, e);
	put_name(f, "error");
	sl_fixed_text(f, "{");
	put_text(f, "kind", e->kind);
	put_text(f, "message", e->message);
	put_text(f, "handler", e->handler);
	put_place(f, e->scope);
	if (e->limit_ms > 0)
		put_number(f, "timeout_ms", (uint64_t)e->limit_ms);
	else if (e->scope->expired != SL_EXPIRY_EXIT)
		put_text(f, "signal", sl_interrupt_name(sl_interrupt_signal()));
	put_name(f, "notes");
	sl_fixed_text(f, "[");
	sl_fixed_json(f, note.bytes);
	sl_fixed_text(f, "]");
	if (last.stage == COMMITTED) {
		put_name(f, "committed");
		sl_fixed_text(f, "true");
	}
	sl_fixed_text(f, "}");
}

/* In the form of internal/outcome.lua. */
static void put_outcome(struct sl_fixed *f, const struct end *e)
{
	const struct sl_counts *c = &e->counts;
	sl_fixed_text(f, "{\"success\":false");
	put_number(f, "exit", (uint64_t)e->code);
	put_number(f, "rows", c->rows);
	put_number(f, "kept", c->fates[SL_FATE_KEPT]);
	put_number(f, "dropped", c->fates[SL_FATE_DROPPED]);
	put_number(f, "invalid", c->invalid);
	put_number(f, "rejected", c->rows - c->fates[SL_FATE_KEPT] - c->fates[SL_FATE_DROPPED]); /* and the row at hand */
	put_number(f, "bytes", c->bytes);
	put_error(f, e);
	sl_fixed_text(f, "}");
}

/* ---- for people ---- */

static void put_where(struct sl_fixed *f, const struct sl_scope *s)
{
	if (s->stream == NULL)
		return;
	sl_fixed_text(f, " (stream ");
	sl_fixed_visible(f, s->stream);
	sl_fixed_text(f, ", sequence ");
	sl_fixed_number(f, (int64_t)s->sequence);
	if (s->line != 0) {
		sl_fixed_text(f, ", ");
		sl_fixed_visible(f, s->file != NULL ? s->file : "line");
		sl_fixed_text(f, s->file != NULL ? ":" : " ");
		sl_fixed_number(f, (int64_t)s->line);
	}
	sl_fixed_text(f, ")");
}

static void put_remains(struct sl_fixed *f, const struct end *e)
{
	if (last.stage == COMMITTED)
		sl_fixed_text(f, "  all rows had been accepted and committed before\n");
	if (last.stage == COMMITTING)
		sl_fixed_text(f, "  it was committing: whether the rows were written is unknown; "
		                 "look for the run key in the ledger of the database\n");
	if (last.stage != RUNNING || e->counts.rows == 0)
		return;
	sl_fixed_text(f, "  ");
	sl_fixed_number(f, (int64_t)e->counts.rows);
	sl_fixed_text(f, e->counts.rows == 1 ? " row had arrived; " : " rows had arrived; ");
	if (last.held)
		sl_fixed_text(f, "nothing was committed\n");
	else
		sl_fixed_text(f, "the output is not complete (--atomic holds it back)\n");
}

static void put_lines(struct sl_fixed *f, const struct end *e)
{
	sl_fixed_text(f, last.clear ? "\r\33[Ksluice: " : "sluice: ");
	sl_fixed_text(f, last.colour ? "\33[31m" : "");
	sl_fixed_text(f, e->kind);
	sl_fixed_text(f, last.colour ? "\33[0m: " : ": ");
	sl_fixed_visible(f, e->message);
	put_where(f, e->scope);
	sl_fixed_text(f, "\n");
	put_remains(f, e);
	SL_FIXED(note, 600);
	put_note(&note, e);
	sl_fixed_text(f, "  note: ");
	sl_fixed_visible(f, note.bytes);
	sl_fixed_text(f, "\n");
}

/* ---- where it is written ---- */

/* Waits at most PATIENCE_MS for a reader that does not read: a pipe that poll finds
 * writable has room for PIPE_BUF. */
static bool write_all(int fd, const struct sl_fixed *f)
{
	for (size_t at = 0; at < f->len;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		size_t piece = f->len - at < PIPE_BUF ? f->len - at : PIPE_BUF;
		ssize_t n = poll(&p, 1, PATIENCE_MS) == 1 ? write(fd, f->bytes + at, piece) : -1;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Replaces the whole file, like internal/cli/summary_file.lua. */
static void replace_summary(const struct sl_fixed *f)
{
	unlink(last.temporary);
	int fd = open(last.temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (write_all(fd, f) && fsync(fd) == 0 && close(fd) == 0 && rename(last.temporary, last.summary) == 0)
		return;
	unlink(last.temporary);
}

static void write_summary(const struct sl_fixed *f)
{
	if (last.summary[0] == '\0')
		return;
	if (last.replace) {
		replace_summary(f);
		return;
	}
	int fd = open(last.summary, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		write_all(fd, f);
}

static void tell(const struct end *e)
{
	static char room[8192];
	struct sl_fixed f = { room, sizeof room, 0, false };
	put_outcome(&f, e);
	sl_fixed_text(&f, "\n");
	write_summary(&f);
	struct sl_fixed shown = { room, sizeof room, 0, false };
	if (last.json) {
		sl_fixed_text(&shown, "{\"outcome\":");
		put_outcome(&shown, e);
		sl_fixed_text(&shown, "}\n");
	} else {
		put_lines(&shown, e);
	}
	write_all(2, &shown);
}

static void be_undisturbed(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

static void end_process(struct sl_limit *limit, const struct sl_scope *scope)
{
	SL_FIXED(handler, 300);
	SL_FIXED(message, 500);
	struct end e = { .scope = scope, .message = message.bytes, .handler = handler.bytes };
	be_undisturbed();
	fill(&e, limit);
	put_handler(&handler, scope);
	put_message(&message, &e);
	sl_durable_abandon_all();
	if (last.leave != NULL)
		last.leave();
	if (last.told == 0)
		tell(&e);
	_exit(last.told != 0 ? last.told : e.code);
}

/* ---- what is set beforehand ---- */

void sl_last_resort_enable(void (*leave)(void))
{
	last.leave = leave;
	sl_limit_on_stuck(end_process);
}

int sl_last_resort_of_module(lua_State *L)
{
	(void)L;
	sl_last_resort_enable(NULL);
	return 0;
}

void sl_last_resort_watch(const struct sl_script *s)
{
	last.script = s;
}

int sl_last_resort_words(lua_State *L) /* [words] */
{
	luaL_checktype(L, 1, LUA_TTABLE);
	last.json = sl_option_boolean(L, 1, "json");
	last.clear = sl_option_boolean(L, 1, "clear");
	last.colour = sl_option_boolean(L, 1, "colour");
	last.held = sl_option_boolean(L, 1, "held");
	last.replace = sl_option_boolean(L, 1, "replace");
	lua_getfield(L, 1, "summary");
	const char *path = luaL_optstring(L, -1, "");
	char *real = last.replace ? realpath(path, NULL) : NULL; /* a symbolic link is kept */
	int len = snprintf(last.summary, sizeof last.summary, "%s", real != NULL ? real : path);
	free(real);
	int more = snprintf(last.temporary, sizeof last.temporary, "%s" SUFFIX, last.summary);
	luaL_argcheck(L, len < PATH_MAX && more < PATH_MAX, 1, "summary: the path is too long");
	return 0;
}

int sl_last_resort_told(lua_State *L) /* [code] */
{
	last.told = (int)luaL_checkinteger(L, 1);
	return 0;
}

int sl_last_resort_stage(lua_State *L) /* [name] */
{
	static const char *const names[] = { "running", "committing", "committed", NULL };
	last.stage = (enum stage)luaL_checkoption(L, 1, NULL, names);
	return 0;
}
