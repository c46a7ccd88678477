/* pipes.c - see pipes.h */
#include "supervise/pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/spawn.h"

extern char **environ;

static int own_pipe(int ends[2], bool to_child)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	ends[0] = fds[to_child ? 1 : 0];
	ends[1] = fds[to_child ? 0 : 1];
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static void close_both(int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
}

void sl_pipes_close(struct sl_pipes *q)
{
	close_both(q->control);
	close_both(q->frames);
	close_both(q->out);
	close_both(q->err);
}

int sl_pipes_open(struct sl_pipes *q, enum sl_transport_kind transport)
{
	*q = (struct sl_pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
	if (own_pipe(q->control, true) != 0 || own_pipe(q->frames, false) != 0 ||
	    own_pipe(q->err, false) != 0)
		return -1;
	if (transport == SL_TRANSPORT_PIPE && own_pipe(q->out, false) != 0)
		return -1;
	fcntl(q->frames[0], F_SETPIPE_SZ, SL_PIPE_SIZE); /* if allowed */
	return 0;
}

static const char *const transport_entries[] = {
#define ENTRY(id, name) SL_TRANSPORT_VARIABLE "=" name,
	SL_TRANSPORTS(ENTRY)
#undef ENTRY
};

/* Returns the environment plus the transport. Free it with free(); entries borrowed. */
static const char **with_transport(const char *const *env, enum sl_transport_kind transport)
{
	size_t n = 0;
	while (env[n] != NULL)
		n++;
	const char **out = calloc(n + 2, sizeof *out);
	if (out == NULL)
		return NULL;
	size_t kept = 0;
	out[kept++] = transport_entries[transport];
	for (size_t i = 0; i < n; i++)
		if (strncmp(env[i], SL_TRANSPORT_VARIABLE "=", sizeof SL_TRANSPORT_VARIABLE) != 0)
			out[kept++] = env[i];
	return out;
}

static void choose_descriptors(int fds[SL_SPAWN_FDS], const struct sl_pipes *q,
                               const struct sl_worker_options *o)
{
	const int pipe[SL_SPAWN_FDS] = { o->pass_stdin ? 0 : -1, q->out[1], q->err[1],
		                         q->control[1], q->frames[1] };
	const int stdio[SL_SPAWN_FDS] = { q->control[1], q->frames[1], q->err[1], -1, -1 };
	memcpy(fds, o->transport == SL_TRANSPORT_PIPE ? pipe : stdio, sizeof pipe);
}

int sl_pipes_launch(const struct sl_pipes *q, const struct sl_worker_options *o, pid_t *pid,
                    struct sl_error *err)
{
	const char **env = with_transport(o->env != NULL ? o->env : (const char *const *)environ,
	                                  o->transport);
	if (env == NULL)
		return sl_fail(err, SL_SPAWN, ENOMEM, "no memory to start %s", o->argv[0]);
	struct sl_spawn s = {
		.argv = o->argv,
		.env = env,
		.cwd = o->cwd,
		.death_signal = SIGKILL,
		.own_session = true,
		.no_core = true,
	};
	choose_descriptors(s.fds, q, o);
	int rc = sl_spawn(&s, pid, err);
	free(env);
	return rc;
}
