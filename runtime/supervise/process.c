/* process.c - see process.h */
#include "supervise/process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/children.h"
#include "base/clock.h"
#include "supervise/pipes.h"

/* Bytes asked for in one read: few at first, because memory must not run ahead
 * of what has arrived, then more after each read that came back full. */
#define READ_LEAST (64u * 1024)
#define READ_MOST (256u * 1024)
#define LINES_READ_SIZE (32u * 1024)
/* Bytes waiting for a paused owner at which reading stops. */
#define HIGH_WATER (256u * 1024)
/* Reads in one callback, so that timers and other workers get their turn. */
#define READS_PER_TURN 4
/* How far a drain deadline is put off while bytes are there to be read. */
#define DRAIN_MORE_NS (100 * SL_NS_PER_MS)

static void over_if_gone(struct sl_process *p);

/* ---- ports ---- */

static void free_if_closed(struct sl_process *p)
{
	if (p->open_handles > 0 || !p->freeing)
		return;
	LIST_REMOVE(p, link);
	sl_session_clear(&p->session);
	sl_printed_clear(&p->printed);
	free(p);
}

static void on_closed(uv_handle_t *handle)
{
	struct sl_process *p = handle->data;
	p->open_handles--;
	free_if_closed(p);
}

static void close_port(struct sl_port *port)
{
	sl_port_close(port, on_closed);
}

static int open_port(struct sl_process *p, struct sl_port *port, int fd)
{
	if (fd < 0)
		return 0;
	if (sl_port_open(port, &p->supervisor->loop, fd, p) != 0)
		return -1;
	p->open_handles++;
	return 0;
}

/* ---- recording ---- */

static void record(struct sl_process *p, enum sl_record_kind kind, const void *bytes, size_t n)
{
	if (p->recorder != NULL)
		sl_recorder_add(p->recorder, kind, bytes, n);
}

static void record_start(struct sl_process *p, enum sl_transport_kind transport)
{
	char kind = (char)transport;
	record(p, SL_RECORD_START, &kind, 1);
}

static void record_exit(struct sl_process *p)
{
	char bytes[SL_RECORD_EXIT_SIZE];
	bool signalled = WIFSIGNALED(p->status);
	struct sl_record_exit e = { p->ladder.forced, signalled,
		                    (uint32_t)(signalled ? WTERMSIG(p->status) : WEXITSTATUS(p->status)) };
	if (p->status == -1)
		return;
	sl_record_exit_put(bytes, &e);
	record(p, SL_RECORD_EXIT, bytes, sizeof bytes);
}

/* ---- signals, exit ---- */

static void signal_group(struct sl_process *p, int sig)
{
	if (p->ladder.exited)
		return; /* reaped: the pid may belong to another process */
	kill(-p->pid, sig);
	kill(-p->pid, SIGCONT); /* a stopped process handles SIGTERM only then */
}

static void ladder(struct sl_process *p, enum sl_ladder_event event)
{
	switch (sl_ladder_step(&p->ladder, event, sl_now_ns())) {
	case SL_LADDER_SEND_TERM: signal_group(p, SIGTERM); break;
	case SL_LADDER_SEND_KILL: signal_group(p, SIGKILL); break;
	case SL_LADDER_NOTHING: break;
	case SL_LADDER_CLOSE:
		close_port(&p->frames);
		sl_ladder_step(&p->ladder, SL_LADDER_END, sl_now_ns());
	}
}

static void on_exit_ready(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	struct sl_process *p = handle->data;
	siginfo_t info = { 0 };
	int rc = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	if (rc == 0 && info.si_pid == 0)
		return;
	/* Until it is reaped its pid is ours: kill what is left of its group now.
	 * If other code has reaped it, its status is lost. */
	if (rc == 0)
		kill(-p->pid, SIGKILL);
	if (rc != 0 || waitpid(p->pid, &p->status, 0) != p->pid)
		p->status = -1;
	sl_children_disown(p->pid);
	close_port(&p->exit);
	ladder(p, SL_LADDER_EXIT);
	over_if_gone(p);
	sl_process_pump(p);
}

/* ---- what it prints ---- */

static void on_printed(void *ctx, const char *code, const char *line, size_t len)
{
	struct sl_process *p = ctx;
	if (p->owner != NULL)
		p->events->on_line(p->owner, code, line, len);
}

static enum sl_printed_on printed_on(const struct sl_process *p, const struct sl_port *port)
{
	return port == &p->out ? SL_PRINTED_OUT : SL_PRINTED_ERR;
}

static void release_printed(struct sl_process *p)
{
	if (p->session.state != SL_SESSION_HELLO)
		sl_printed_release(&p->printed);
}

/* Read what is there; false at the end of the pipe. */
static bool read_lines(struct sl_process *p, struct sl_port *port, int reads)
{
	char bytes[LINES_READ_SIZE];
	while (port->fd >= 0 && reads-- > 0) {
		ssize_t n = read(port->fd, bytes, sizeof bytes);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		release_printed(p);
		record(p, port == &p->out ? SL_RECORD_STDOUT : SL_RECORD_STDERR, bytes, (size_t)n);
		sl_printed_add(&p->printed, printed_on(p, port), bytes, (size_t)n);
		if ((size_t)n < sizeof bytes)
			return true;
	}
	return true;
}

static void end_lines(struct sl_process *p, struct sl_port *port)
{
	close_port(port);
	release_printed(p);
	sl_printed_end(&p->printed, printed_on(p, port));
}

static void on_lines_ready(uv_poll_t *handle, int status, int events)
{
	(void)events;
	struct sl_process *p = handle->data;
	struct sl_port *port = handle == &p->out.poll ? &p->out : &p->err;
	if (status < 0 || !read_lines(p, port, 4))
		end_lines(p, port);
}

/* At most what a pipe holds: a worker that prints without end must not hold us up. */
#define ALL_OF_A_PIPE (SL_PIPE_SIZE / (int)LINES_READ_SIZE + 1)

static void read_printed(struct sl_process *p, bool last)
{
	struct sl_port *ports[] = { &p->out, &p->err };
	for (int i = 0; i < 2; i++)
		if (ports[i]->fd >= 0 && (!read_lines(p, ports[i], ALL_OF_A_PIPE) || last))
			end_lines(p, ports[i]);
}

void sl_process_read_printed(struct sl_process *p)
{
	read_printed(p, false);
	sl_printed_settle(&p->printed);
}

/* ---- frames ---- */

/* One read into the decoder: returns bytes, 0 at the end, -1 if nothing is there. */
static ssize_t read_frames(struct sl_process *p)
{
	static char sink[READ_LEAST]; /* for bytes that nobody wants */
	size_t size = sizeof sink;
	char *at = sink;
	if (!p->discard)
		at = sl_decoder_room(&p->session.in, p->read_size, &size);
	if (at == NULL) {
		p->discard = true; /* no memory: it cannot go on, and nothing more may count */
		return 0;
	}
	ssize_t n = TEMP_FAILURE_RETRY(read(p->frames.fd, at, size));
	if (n < 0)
		return errno == EAGAIN ? -1 : 0;
	if (!p->discard) {
		sl_decoder_fed(&p->session.in, (size_t)n);
		if (n > 0)
			record(p, SL_RECORD_WORKER, at, (size_t)n);
	}
	p->more = (size_t)n == size;
	if (p->more && p->read_size < READ_MOST)
		p->read_size *= 2;
	return n;
}

static bool wants_frames(const struct sl_process *p)
{
	return p->frames.fd >= 0 && !(p->paused && !p->discard &&
	       sl_decoder_pending(&p->session.in) >= HIGH_WATER);
}

static void frames_ended(struct sl_process *p)
{
	close_port(&p->frames);
	record(p, SL_RECORD_HANGUP, NULL, 0);
	ladder(p, SL_LADDER_END);
}

static void on_frames_ready(uv_poll_t *handle, int status, int events);

static void watch_frames(struct sl_process *p)
{
	sl_port_watch(&p->frames, wants_frames(p) ? UV_READABLE : 0, on_frames_ready);
}

static void on_frames_ready(uv_poll_t *handle, int status, int events)
{
	(void)status; /* read reports an error as well */
	(void)events;
	struct sl_process *p = handle->data;
	for (int i = 0; i < READS_PER_TURN && wants_frames(p); i++) {
		ssize_t n = read_frames(p);
		if (n < 0)
			break;
		if (n == 0)
			frames_ended(p);
		if (p->owner != NULL)
			p->events->on_input(p->owner);
		if (!p->more)
			break;
	}
	over_if_gone(p);
	sl_process_pump(p);
}

bool sl_process_read_arrived(struct sl_process *p)
{
	if (!wants_frames(p))
		return false;
	ssize_t n = read_frames(p);
	if (n == 0)
		frames_ended(p);
	return n > 0;
}

/* ---- control ---- */

static void on_control_ready(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	sl_process_pump(handle->data);
}

static void write_control(struct sl_process *p)
{
	const struct sl_buffer *out = &p->session.out;
	while (p->control.fd >= 0 && sl_buffer_len(out) > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(write(p->control.fd, sl_buffer_data(out), sl_buffer_len(out)));
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) { /* it has closed its end: wait for its exit */
			close_port(&p->control);
			break;
		}
		record(p, SL_RECORD_RUNNER, sl_buffer_data(out), (size_t)n);
		sl_session_sent(&p->session, (size_t)n);
	}
	sl_port_watch(&p->control, sl_buffer_len(out) > 0 ? UV_WRITABLE : 0, on_control_ready);
}

/* ---- time ---- */

/* At the drain deadline: are bytes left to read, or does a slow owner hold us up? */
static bool still_draining(struct sl_process *p)
{
	struct pollfd ready = { p->frames.fd, POLLIN, 0 };
	if (p->ladder.rung != SL_RUNG_DRAINING || p->discard || p->frames.fd < 0)
		return false;
	return p->paused || poll(&ready, 1, 0) == 1;
}

static void ladder_deadline(struct sl_process *p)
{
	if (still_draining(p))
		sl_ladder_extend(&p->ladder, sl_now_ns(), DRAIN_MORE_NS);
	else
		ladder(p, SL_LADDER_DEADLINE);
}

static void on_timer(uv_timer_t *timer)
{
	struct sl_process *p = timer->data;
	int64_t now = sl_now_ns();
	if (p->ladder.deadline_ns != 0 && now >= p->ladder.deadline_ns)
		ladder_deadline(p);
	if (p->owner != NULL)
		p->events->on_deadline(p->owner);
	over_if_gone(p);
	sl_process_pump(p);
}

static void arm_timer(struct sl_process *p)
{
	int64_t deadline = p->ladder.deadline_ns;
	int64_t other = p->owner != NULL ? sl_session_deadline(&p->session) : 0;
	if (deadline == 0 || (other != 0 && other < deadline))
		deadline = other;
	if (deadline == 0) {
		uv_timer_stop(&p->timer);
		return;
	}
	int64_t left = deadline - sl_now_ns();
	uv_update_time(&p->supervisor->loop);
	uv_timer_start(&p->timer, on_timer, left <= 0 ? 0 : (uint64_t)((left + SL_NS_PER_MS - 1) / SL_NS_PER_MS), 0);
}

void sl_process_pump(struct sl_process *p)
{
	if (p->freeing)
		return;
	write_control(p);
	watch_frames(p);
	arm_timer(p);
	release_printed(p);
}

/* ---- the end ---- */

static void start_freeing(struct sl_process *p)
{
	if (p->freeing)
		return;
	p->freeing = true;
	close_port(&p->exit);
	close_port(&p->control);
	close_port(&p->frames);
	close_port(&p->out);
	close_port(&p->err);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

static void over_if_gone(struct sl_process *p)
{
	if (p->ladder.rung != SL_RUNG_GONE || p->over)
		return;
	/* A paused owner still has frames to take, and is notified when it has taken them. */
	if (p->owner != NULL && p->paused && sl_decoder_pending(&p->session.in) > 0)
		return;
	p->over = true;
	if (p->owner == NULL) {
		start_freeing(p);
		return;
	}
	/* All that it printed is in the pipes. What a grandchild may still print
	 * there is ignored. */
	read_printed(p, true);
	record_exit(p);
	if (p->owner != NULL) /* a callback for a line may have let go of us */
		p->events->on_gone(p->owner);
}

void sl_process_leave(struct sl_process *p)
{
	sl_session_cancel(&p->session);
	sl_session_shutdown(&p->session);
	/* Before the handshake only a signal can tell it to leave. */
	ladder(p, p->session.state == SL_SESSION_HELLO ? SL_LADDER_TERMINATE : SL_LADDER_LEAVE);
	sl_process_pump(p);
}

void sl_process_release(struct sl_process *p, bool leave)
{
	p->owner = NULL;
	p->recorder = NULL;
	p->discard = true;
	p->paused = false;
	if (p->over) {
		start_freeing(p);
		return;
	}
	if (leave)
		sl_process_leave(p);
	else
		ladder(p, SL_LADDER_TERMINATE);
	over_if_gone(p);
	sl_process_pump(p);
}

void sl_process_kill(struct sl_process *p)
{
	ladder(p, SL_LADDER_KILL);
	over_if_gone(p);
	sl_process_pump(p);
}

void sl_process_pause(struct sl_process *p, bool paused)
{
	p->paused = paused;
	if (!p->freeing)
		watch_frames(p);
	if (!paused)
		over_if_gone(p);
}

/* ---- start ---- */

static struct sl_process *new_process(struct sl_supervisor *s, const struct sl_worker_options *o,
                                      const struct sl_process_events *events, void *owner)
{
	struct sl_process *p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	p->supervisor = s;
	p->events = events;
	p->read_size = READ_LEAST;
	p->owner = owner;
	p->exit.fd = p->control.fd = p->frames.fd = p->out.fd = p->err.fd = -1;
	sl_ladder_init(&p->ladder, o->stop_grace_ms * SL_NS_PER_MS, o->kill_grace_ms * SL_NS_PER_MS);
	sl_session_init(&p->session, s->json, o->max_frame, &sl_known_features,
	                o->transport == SL_TRANSPORT_STDIO,
	                o->startup_timeout_ms > 0 ? sl_now_ns() + o->startup_timeout_ms * SL_NS_PER_MS : 0);
	if (!o->takes_bad_lines)
		p->session.wanted &= ~((sl_feature_set)1 << SL_FEATURE_BAD_LINES);
	sl_printed_init(&p->printed, SL_TAIL_LIMIT, on_printed, p);
	LIST_INSERT_HEAD(&s->processes, p, link);
	uv_timer_init(&s->loop, &p->timer);
	p->timer.data = p;
	p->open_handles = 1;
	return p;
}

/* Hand each of our ends to the loop; what could not be handed over stays in q. */
static int open_ports(struct sl_process *p, struct sl_pipes *q)
{
	int pidfd = pidfd_open(p->pid, 0);
	if (pidfd < 0)
		return -1;
	if (open_port(p, &p->exit, pidfd) != 0) {
		close(pidfd);
		return -1;
	}
	struct { struct sl_port *port; int *fd; } all[] = {
		{ &p->control, &q->control[0] }, { &p->frames, &q->frames[0] },
		{ &p->out, &q->out[0] }, { &p->err, &q->err[0] },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (open_port(p, all[i].port, *all[i].fd) != 0)
			return -1;
		*all[i].fd = -1;
	}
	sl_port_watch(&p->exit, UV_READABLE, on_exit_ready);
	sl_port_watch(&p->out, UV_READABLE, on_lines_ready);
	sl_port_watch(&p->err, UV_READABLE, on_lines_ready);
	return 0;
}

struct sl_process *sl_process_start(struct sl_supervisor *s, const struct sl_worker_options *o,
                                    const struct sl_process_events *events, void *owner,
                                    struct sl_recorder *recorder, struct sl_error *err)
{
	struct sl_pipes q;
	struct sl_process *p = new_process(s, o, events, owner);
	if (p == NULL) {
		sl_fail(err, SL_SPAWN, ENOMEM, "no memory to start %s", o->argv[0]);
		return NULL;
	}
	if (sl_pipes_open(&q, o->transport) != 0) {
		sl_fail(err, SL_SPAWN, errno, "cannot start %s: cannot create a pipe", o->argv[0]);
		goto fail;
	}
	if (sl_pipes_launch(&q, o, &p->pid, err) != 0)
		goto fail;
	if (open_ports(p, &q) != 0) {
		sl_fail(err, SL_SPAWN, errno, "cannot watch %s", o->argv[0]);
		kill(-p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		sl_children_disown(p->pid);
		goto fail;
	}
	sl_pipes_close(&q); /* what is left: the child's ends */
	p->recorder = recorder;
	record_start(p, o->transport);
	sl_process_pump(p);
	return p;
fail:
	sl_pipes_close(&q);
	p->owner = NULL;
	start_freeing(p);
	return NULL;
}
