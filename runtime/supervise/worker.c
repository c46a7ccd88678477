/* worker.c - handles and generations; see supervise.h and worker.h */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "supervise/worker.h"

/* ---- options ---- */

void sl_worker_options_init(struct sl_worker_options *o)
{
	*o = (struct sl_worker_options){
		.max_frame = SL_FRAME_CAP_DEFAULT,
		.startup_timeout_ms = SL_STARTUP_TIMEOUT_MS,
		.stop_grace_ms = SL_GRACE_MS,
		.kill_grace_ms = SL_GRACE_MS,
	};
}

/* One allocation: the list, then its texts. */
static const char *const *copy_list(const char *const *list)
{
	size_t n = 0, size = sizeof *list;
	if (list == NULL)
		return NULL;
	for (; list[n] != NULL; n++)
		size += sizeof *list + strlen(list[n]) + 1;
	const char **copy = calloc(1, size);
	if (copy == NULL)
		return NULL;
	char *text = (char *)(copy + n + 1);
	for (size_t i = 0; i < n; i++) {
		copy[i] = text;
		text = stpcpy(text, list[i]) + 1;
	}
	return copy;
}

static void free_options(struct sl_worker_options *o)
{
	free((void *)o->argv);
	free((void *)o->env);
	free((char *)o->cwd);
}

static int copy_options(struct sl_worker_options *to, const struct sl_worker_options *o)
{
	*to = *o;
	to->argv = copy_list(o->argv);
	to->env = copy_list(o->env);
	to->cwd = o->cwd != NULL ? strdup(o->cwd) : NULL;
	to->record = NULL; /* the recorder has it */
	if (to->max_frame == 0)
		to->max_frame = SL_FRAME_CAP_DEFAULT;
	return to->argv == NULL || (o->env && !to->env) || (o->cwd && !to->cwd) ? -1 : 0;
}

static int check_options(const struct sl_worker_options *o, struct sl_error *err)
{
	if (o->argv == NULL || o->argv[0] == NULL || o->argv[0][0] == '\0')
		return sl_fail(err, SL_USAGE, 0, "no worker: the command is empty");
	if (o->max_frame != 0 && (o->max_frame < SL_FRAME_CAP_FLOOR || o->max_frame > SL_FRAME_CAP_CEILING))
		return sl_fail(err, SL_USAGE, 0, "max_frame must be from %u to %u bytes, not %" PRIu32,
		               SL_FRAME_CAP_FLOOR, SL_FRAME_CAP_CEILING, o->max_frame);
	return 0;
}

/* ---- generations ---- */

static void keep_tail(struct sl_worker *w)
{
	struct sl_text tail = sl_text_of_buffer(&w->process->printed.tail.bytes);
	sl_buffer_set(&w->last_tail, tail.bytes, tail.len);
}

static void note_exit(struct sl_worker *w)
{
	const struct sl_process *p = w->process;
	bool exited = p->ladder.exited && p->status != -1;
	w->exit = (struct sl_exit_report){
		.known = p->ladder.exited,
		.pid = p->pid,
		.status = exited && WIFEXITED(p->status) ? WEXITSTATUS(p->status) : -1,
		.signal = exited && WIFSIGNALED(p->status) ? WTERMSIG(p->status) : 0,
		.timed_out = p->ladder.forced,
	};
}

/* ---- what the request machine wants of the process ---- */

static void pump(void *owner)
{
	struct sl_worker *w = owner;
	sl_process_pump(w->process);
}

static void let_go(void *owner, bool in_good_order)
{
	struct sl_worker *w = owner;
	struct sl_process *p = w->process;
	keep_tail(w);
	note_exit(w);
	w->process = NULL;
	w->leaving = false;
	sl_process_release(p, in_good_order);
}

static void hear(void *owner)
{
	struct sl_worker *w = owner;
	sl_process_read_printed(w->process);
}

static uint64_t rss(void *owner)
{
	return sl_worker_rss(owner);
}

/* Records the reason as a worker would report it: as a failure frame. */
static void cut(void *owner, const struct sl_error *why)
{
	struct sl_worker *w = owner;
	struct sl_buffer frame = { 0 };
	if (w->recorder != NULL && sl_failure_encode(&frame, w->request.last_id, why) == 0)
		sl_recorder_add(w->recorder, SL_RECORD_CUT, sl_buffer_data(&frame), sl_buffer_len(&frame));
	sl_buffer_clear(&frame);
}

static int keep(void *owner, struct sl_error *err)
{
	struct sl_worker *w = owner;
	return sl_recorder_flush(w->recorder, err);
}

static const struct sl_request_actions actions = {
	.pump = pump,
	.let_go = let_go,
	.hear = hear,
	.rss = rss,
	.cut = cut,
	.keep = keep,
};

/* ---- what the process tells the request machine ---- */

/* If the recording cannot be written, the run fails. */
static void check_recording(struct sl_worker *w)
{
	SL_ERROR(why);
	if (w->recorder != NULL && sl_recorder_check(w->recorder, &why) != 0)
		sl_request_cancel(&w->request, &why, sl_now_ns());
}

static void take_frames(void *owner)
{
	struct sl_worker *w = owner;
	check_recording(w);
	do
		while (sl_request_take(&w->request, sl_now_coarse_ns()))
			;
	while (sl_request_taken(&w->request, sl_now_ns()));
}

static void on_line(void *owner, const char *code, const char *line, size_t len)
{
	struct sl_worker *w = owner;
	sl_request_line(&w->request, code, line, len);
}

static void on_deadline(void *owner)
{
	struct sl_worker *w = owner;
	if (!sl_request_due(&w->request, sl_now_ns()))
		return;
	if (sl_process_read_arrived(w->process))
		take_frames(w);
	sl_request_deadline(&w->request, sl_now_ns());
}

static void on_gone(void *owner)
{
	struct sl_worker *w = owner;
	note_exit(w);
	sl_request_gone(&w->request, &w->exit, sl_now_ns());
}

static const struct sl_process_events process_events = {
	.on_input = take_frames,
	.on_line = on_line,
	.on_deadline = on_deadline,
	.on_gone = on_gone,
};

/* ---- start ---- */

/* Also lets go of a process that ended unnoticed. */
static bool has_live_process(struct sl_worker *w)
{
	struct sl_process *p = w->process;
	siginfo_t info = { 0 };
	if (p == NULL)
		return false;
	if (p->ladder.rung == SL_RUNG_ALIVE &&
	    waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
		return true;
	sl_request_let_go(&w->request, true);
	return false;
}

/* Makes sure that there is a process: 0, or -1 and *err. */
static int need_process(struct sl_worker *w, struct sl_error *err)
{
	if (has_live_process(w))
		return 0;
	if (sl_request_starting(&w->request, sl_now_ns(), err) != 0)
		return -1;
	w->process = sl_process_start(w->supervisor, &w->options, &process_events, w,
	                              w->recorder, err);
	if (w->process == NULL)
		return -1;
	sl_request_attach(&w->request, &w->process->session, &w->process->printed);
	return 0;
}

int sl_worker_start(struct sl_worker *w, struct sl_error *err)
{
	if (w->leaving)
		return sl_fail(err, SL_USAGE, 0, "the worker is being shut down");
	return need_process(w, err);
}

const struct sl_error *sl_worker_start_error(const struct sl_worker *w)
{
	const struct sl_error *err = &w->request.start_error;
	return err->kind != SL_NONE ? err : NULL;
}

/* ---- requests ---- */

int sl_worker_request(struct sl_worker *w, const struct sl_request_options *o,
                      const struct sl_events *events, struct sl_error *err)
{
	SL_ERROR(why);
	if (w->leaving || w->supervisor == NULL)
		return sl_fail(err, SL_USAGE, 0, "the worker is being shut down");
	if (sl_request_begin(&w->request, o, events, sl_now_ns(), err) != 0)
		return -1;
	if (need_process(w, &why) == 0)
		sl_request_started(&w->request, sl_now_ns());
	else
		sl_request_not_started(&w->request, &why, sl_now_ns());
	return 0;
}

void sl_worker_stop(struct sl_worker *w)
{
	sl_request_stop(&w->request, sl_now_ns());
}

void sl_worker_cancel(struct sl_worker *w, const struct sl_error *why)
{
	sl_request_cancel(&w->request, why, sl_now_ns());
}

void sl_worker_pause(struct sl_worker *w)
{
	if (w->process == NULL)
		return;
	sl_request_pause(&w->request);
	sl_process_pause(w->process, true);
}

/* What has arrived is taken first: only then may the process report that it is gone. */
void sl_worker_resume(struct sl_worker *w)
{
	if (!w->request.paused)
		return;
	sl_request_resume(&w->request, sl_now_ns());
	take_frames(w);
	if (w->process != NULL)
		sl_process_pause(w->process, w->request.paused);
}

const struct sl_row *sl_worker_next_row(struct sl_worker *w)
{
	return sl_request_next_row(&w->request, sl_now_coarse_ns());
}

int64_t sl_worker_deadline_ns(const struct sl_worker *w)
{
	return w->request.deadline_ns;
}

/* ---- handles ---- */

struct sl_worker *sl_worker_new(struct sl_supervisor *s, const struct sl_worker_options *o,
                                struct sl_error *err)
{
	if (check_options(o, err) != 0)
		return NULL;
	struct sl_worker *w = calloc(1, sizeof *w);
	if (w == NULL || copy_options(&w->options, o) != 0) {
		sl_worker_free(w);
		sl_fail(err, SL_SPAWN, ENOMEM, "no memory for a worker");
		return NULL;
	}
	w->supervisor = s;
	LIST_INSERT_HEAD(&s->workers, w, link);
	sl_request_init(&w->request, &w->options, s->json, &actions, w);
	if (o->record == NULL || (w->recorder = sl_recorder_open(o->record, 0, SL_RECORDER_LIVE, err)) != NULL)
		return w;
	sl_worker_free(w);
	return NULL;
}

int sl_worker_end_recording(struct sl_worker *w, struct sl_error *err)
{
	struct sl_recorder *r = w->recorder;
	w->recorder = NULL;
	if (w->process != NULL)
		w->process->recorder = NULL;
	return sl_recorder_close(r, err);
}

void sl_worker_orphan(struct sl_worker *w)
{
	if (w->supervisor == NULL)
		return;
	sl_request_clear(&w->request);
	LIST_REMOVE(w, link);
	w->supervisor = NULL;
}

void sl_worker_free(struct sl_worker *w)
{
	if (w == NULL)
		return;
	sl_worker_orphan(w);
	sl_worker_end_recording(w, NULL);
	free_options(&w->options);
	sl_buffer_clear(&w->last_tail);
	free(w);
}

enum sl_worker_state sl_worker_state(const struct sl_worker *w)
{
	if (w->request.busy)
		return SL_WORKER_BUSY;
	if (w->process == NULL)
		return SL_WORKER_OFF;
	if (w->leaving)
		return SL_WORKER_LEAVING;
	return w->process->session.state == SL_SESSION_HELLO ? SL_WORKER_STARTING : SL_WORKER_IDLE;
}

const char *sl_worker_state_name(enum sl_worker_state state)
{
	static const char *const names[] = { "off", "starting", "idle", "busy", "leaving" };
	return names[state];
}

void sl_worker_shutdown(struct sl_worker *w)
{
	SL_ERROR(why);
	if (w->request.busy) {
		sl_fail(&why, SL_CANCELLED, 0, "the worker was shut down");
		sl_worker_cancel(w, &why);
	}
	if (w->process == NULL || w->leaving)
		return;
	w->leaving = true;
	sl_process_leave(w->process);
}

struct sl_exit_report sl_worker_exit_report(const struct sl_worker *w)
{
	return w->exit;
}

struct sl_worker_info sl_worker_info(const struct sl_worker *w)
{
	const struct sl_process *p = w->process;
	struct sl_worker_info info = { .generation = w->request.stats.generations };
	if (p == NULL)
		return info;
	info.pid = p->pid;
	info.max_frame = p->session.max_frame;
	if (p->session.hello.version_max != 0)
		info.hello = &p->session.hello;
	return info;
}

struct sl_worker_stats sl_worker_stats(const struct sl_worker *w)
{
	return w->request.stats;
}

uint64_t sl_worker_rss(const struct sl_worker *w)
{
	char path[64];
	unsigned long long size, pages;
	if (w->process == NULL)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/statm", (int)w->process->pid);
	FILE *f = fopen(path, "re");
	if (f == NULL)
		return 0;
	int n = fscanf(f, "%llu %llu", &size, &pages);
	fclose(f);
	return n == 2 ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

const char *sl_worker_tail(const struct sl_worker *w, size_t *len)
{
	struct sl_text t = sl_text_of_buffer(w->process != NULL ? &w->process->printed.tail.bytes : &w->last_tail);
	*len = t.len;
	return t.bytes;
}

