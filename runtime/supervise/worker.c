/* worker.c - handles and generations; see supervise.h and worker.h */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "supervise/worker.h"

/* Memory that an idle worker's buffers may keep, bytes. */
#define KEEP_IDLE (256u * 1024)

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

static void free_list(const char *const *list)
{
	for (const char *const *p = list; p != NULL && *p != NULL; p++)
		free((char *)*p);
	free((void *)list);
}

static const char *const *copy_list(const char *const *list)
{
	size_t n = 0;
	if (list == NULL)
		return NULL;
	while (list[n] != NULL)
		n++;
	const char **copy = calloc(n + 1, sizeof *copy);
	for (size_t i = 0; copy != NULL && i < n; i++)
		if ((copy[i] = strdup(list[i])) == NULL) {
			free_list(copy);
			return NULL;
		}
	return copy;
}

static void free_options(struct sl_worker_options *o)
{
	free_list(o->argv);
	free_list(o->env);
	free((char *)o->cwd);
}

static int copy_options(struct sl_worker_options *to, const struct sl_worker_options *o)
{
	*to = *o;
	to->argv = copy_list(o->argv);
	to->env = copy_list(o->env);
	to->cwd = o->cwd != NULL ? strdup(o->cwd) : NULL;
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
	struct sl_text tail = sl_text_of_buffer(&w->process->tail.bytes);
	sl_buffer_consume(&w->last_tail, sl_buffer_len(&w->last_tail));
	sl_buffer_append(&w->last_tail, tail.bytes, tail.len);
}

void sl_worker_note_exit(struct sl_worker *w)
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

/* This generation is of no more use to the handle. */
void sl_worker_let_go(struct sl_worker *w, enum sl_manner manner)
{
	struct sl_process *p = w->process;
	if (p == NULL || manner == SL_KEEP)
		return;
	keep_tail(w);
	sl_worker_note_exit(w);
	w->process = NULL;
	w->leaving = false;
	sl_process_release(p, manner == SL_LEAVE);
}

void sl_worker_note_mishap(struct sl_worker *w)
{
	w->mishap_ns[w->mishaps++ % SL_RESTART_LIMIT_COUNT] = sl_now_ns();
}

static int check_intensity(const struct sl_worker *w, struct sl_error *err)
{
	int64_t oldest = w->mishap_ns[w->mishaps % SL_RESTART_LIMIT_COUNT];
	int64_t window_ns = (int64_t)SL_RESTART_WINDOW_S * 1000 * SL_NS_PER_MS;
	if (oldest == 0 || sl_now_ns() - oldest > window_ns)
		return 0;
	return sl_fail(err, SL_RESTART_LIMIT, 0, "%s went wrong %d times within %d s: not started again",
	               w->options.argv[0], SL_RESTART_LIMIT_COUNT, SL_RESTART_WINDOW_S);
}

int sl_worker_start_process(struct sl_worker *w, struct sl_error *err)
{
	sl_error_clear(&w->start_error);
	if (check_intensity(w, err) != 0)
		return -1;
	w->stats.generations++;
	w->served = 0;
	w->process = sl_process_start(w->supervisor, &w->options, &sl_worker_process_events, w, err);
	return w->process != NULL ? 0 : -1;
}

/* A process that ended while nobody looked is let go here. */
bool sl_worker_has_live_process(struct sl_worker *w)
{
	struct sl_process *p = w->process;
	siginfo_t info = { 0 };
	if (p == NULL)
		return false;
	if (p->ladder.rung == SL_RUNG_ALIVE &&
	    waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
		return true;
	sl_worker_let_go(w, SL_LEAVE);
	return false;
}

/* Has this generation had its share? */
void sl_worker_retire_if_due(struct sl_worker *w)
{
	const struct sl_worker_options *o = &w->options;
	if (w->process == NULL || w->busy)
		return;
	if ((o->max_requests != 0 && w->served >= o->max_requests) ||
	    (o->max_rss != 0 && sl_worker_rss(w) > o->max_rss)) {
		sl_worker_let_go(w, SL_LEAVE);
		return;
	}
	if (o->max_idle_ms > 0)
		w->process->session.rest_ns = sl_now_ns() + o->max_idle_ms * SL_NS_PER_MS;
	sl_decoder_trim(&w->process->session.in, KEEP_IDLE);
	sl_process_pump(w->process);
}

/* ---- handles ---- */

struct sl_worker *sl_worker_new(struct sl_supervisor *s, const struct sl_worker_options *o,
                                struct sl_error *err)
{
	if (check_options(o, err) != 0)
		return NULL;
	struct sl_worker *w = calloc(1, sizeof *w);
	if (w == NULL || copy_options(&w->options, o) != 0) {
		if (w != NULL)
			free_options(&w->options);
		free(w);
		sl_fail(err, SL_SPAWN, ENOMEM, "no memory for a worker");
		return NULL;
	}
	w->supervisor = s;
	w->next = s->workers;
	w->link = &s->workers;
	if (w->next != NULL)
		w->next->link = &w->next;
	s->workers = w;
	sl_error_clear(&w->cancel);
	sl_error_clear(&w->start_error);
	sl_buffer_init(&w->last_tail);
	return w;
}

void sl_worker_orphan(struct sl_worker *w)
{
	if (w->supervisor == NULL)
		return;
	w->busy = false;
	sl_pending_clear(&w->request);
	bool idle = w->process != NULL && w->process->session.state == SL_SESSION_IDLE;
	sl_worker_let_go(w, idle ? SL_LEAVE : SL_TERMINATE);
	*w->link = w->next;
	if (w->next != NULL)
		w->next->link = w->link;
	w->supervisor = NULL;
}

void sl_worker_free(struct sl_worker *w)
{
	if (w == NULL)
		return;
	sl_worker_orphan(w);
	free_options(&w->options);
	sl_buffer_clear(&w->last_tail);
	free(w);
}

enum sl_worker_state sl_worker_state(const struct sl_worker *w)
{
	if (w->busy)
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

int sl_worker_start(struct sl_worker *w, struct sl_error *err)
{
	if (w->leaving)
		return sl_fail(err, SL_USAGE, 0, "the worker is being shut down");
	return sl_worker_has_live_process(w) ? 0 : sl_worker_start_process(w, err);
}

const struct sl_error *sl_worker_start_error(const struct sl_worker *w)
{
	return w->start_error.kind != SL_NONE ? &w->start_error : NULL;
}

void sl_worker_shutdown(struct sl_worker *w)
{
	struct sl_error why;
	if (w->busy) {
		sl_error_clear(&why);
		sl_fail(&why, SL_CANCELLED, 0, "the worker was shut down");
		sl_worker_cancel(w, &why);
	}
	if (w->process == NULL || w->leaving)
		return;
	w->leaving = true;
	w->process->session.rest_ns = 0;
	sl_process_leave(w->process);
}

struct sl_exit_report sl_worker_exit_report(const struct sl_worker *w)
{
	return w->exit;
}

struct sl_worker_info sl_worker_info(const struct sl_worker *w)
{
	const struct sl_process *p = w->process;
	struct sl_worker_info info = { .generation = w->stats.generations };
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
	return w->stats;
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
	struct sl_text t = sl_text_of_buffer(w->process != NULL ? &w->process->tail.bytes : &w->last_tail);
	*len = t.len;
	return t.bytes;
}

