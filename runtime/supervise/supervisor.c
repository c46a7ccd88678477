/* supervisor.c - the loop; see supervise.h */
#include "supervise/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "supervise/process.h"
#include "supervise/worker.h"

/* A worker that closes its end must not kill us (FACTS, "Processes", 5). A
 * program that handles SIGPIPE itself keeps its handler. */
static void ignore_sigpipe(void)
{
	struct sigaction now;
	if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
}

static void on_bound(uv_timer_t *timer)
{
	(void)timer;
}

/* libuv aborts if its first loop cannot get a pipe. Returns 0 or the errno. */
static int pipe_problem(void)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

struct sl_supervisor *sl_supervisor_new(struct sl_error *err)
{
	struct sl_supervisor *s = calloc(1, sizeof *s);
	if (s == NULL || (s->json = sl_json_new()) == NULL) {
		free(s);
		sl_fail(err, SL_SPAWN, ENOMEM, "no memory for a supervisor");
		return NULL;
	}
	int os = pipe_problem();
	int rc = os != 0 ? -os : uv_loop_init(&s->loop);
	if (rc != 0) {
		sl_json_free(s->json);
		free(s);
		sl_fail(err, SL_SPAWN, -rc, "cannot create an event loop: %s", uv_strerror(rc));
		return NULL;
	}
	uv_async_init(&s->loop, &s->wakeup, NULL); /* it only wakes the loop */
	uv_timer_init(&s->loop, &s->bound);
	/* Neither keeps a turn waiting that has nothing else to wait for. */
	uv_unref((uv_handle_t *)&s->wakeup);
	uv_unref((uv_handle_t *)&s->bound);
	ignore_sigpipe();
	return s;
}

void sl_supervisor_turn(struct sl_supervisor *s, int wait_ms)
{
	if (wait_ms > 0) {
		uv_update_time(&s->loop);
		uv_timer_start(&s->bound, on_bound, (uint64_t)wait_ms, 0);
		uv_ref((uv_handle_t *)&s->bound);
	}
	uv_run(&s->loop, wait_ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
	uv_unref((uv_handle_t *)&s->bound);
	uv_timer_stop(&s->bound);
}

bool sl_supervisor_leaving(const struct sl_supervisor *s)
{
	const struct sl_process *p;
	LIST_FOREACH(p, &s->processes, link)
		if (p->owner == NULL)
			return true;
	return false;
}

void sl_supervisor_kill_leaving(struct sl_supervisor *s)
{
	struct sl_process *p;
	LIST_FOREACH(p, &s->processes, link) /* none is freed before the next turn */
		if (p->owner == NULL && !p->freeing)
			sl_process_kill(p);
}

void sl_supervisor_wake(struct sl_supervisor *s)
{
	uv_async_send(&s->wakeup);
}

void sl_supervisor_free(struct sl_supervisor *s)
{
	if (s == NULL)
		return;
	while (!LIST_EMPTY(&s->workers))
		sl_worker_orphan(LIST_FIRST(&s->workers));
	while (!LIST_EMPTY(&s->processes))
		uv_run(&s->loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&s->wakeup, NULL);
	uv_close((uv_handle_t *)&s->bound, NULL);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	uv_loop_close(&s->loop);
	sl_json_free(s->json);
	free(s);
}
