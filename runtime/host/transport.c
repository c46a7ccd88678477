/* transport.c - see transport.h */
#include "host/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_IN 3
#define PIPE_OUT 4
#define FIRST_PRIVATE 10

int sl_transport_from_name(enum sl_transport_kind *kind, const char *name, struct sl_error *err)
{
	for (int k = 0; k < SL_TRANSPORT_COUNT; k++)
		if (strcmp(sl_transport_names[k], name) == 0) {
			*kind = (enum sl_transport_kind)k;
			return 0;
		}
	return sl_fail(err, SL_USAGE, 0, "transport: expected pipe or stdio, got \"%s\"", name);
}

int sl_transport_from_environment(enum sl_transport_kind *kind, struct sl_error *err)
{
	const char *name = getenv(SL_TRANSPORT_VARIABLE);
	if (name == NULL)
		return sl_fail(err, SL_USAGE, 0,
		               "this is a sluice worker: start it with `sluice run POLICY.lua -- PROGRAM`");
	return sl_transport_from_name(kind, name, err);
}

/* A descriptor opened later must not get a number that programs print to. */
static void fill_standard_descriptors(void)
{
	int fd;
	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static int claim_pipe(struct sl_transport *t)
{
	t->in = PIPE_IN;
	t->out = PIPE_OUT;
	if (fcntl(t->in, F_SETFD, FD_CLOEXEC) != 0 || fcntl(t->out, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	fill_standard_descriptors();
	return 0;
}

static int claim_stdio(struct sl_transport *t)
{
	t->in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_PRIVATE);
	t->out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FIRST_PRIVATE);
	if (t->in < 0 || t->out < 0)
		return -1;
	close(STDIN_FILENO);
	fill_standard_descriptors();
	return dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -1 : 0;
}

int sl_transport_claim(struct sl_transport *t, enum sl_transport_kind kind, struct sl_error *err)
{
	int rc = kind == SL_TRANSPORT_PIPE ? claim_pipe(t) : claim_stdio(t);
	if (rc != 0)
		return sl_fail(err, SL_SPAWN, errno, "the descriptors of %s transport are not open",
		               sl_transport_names[kind]);
	unsetenv(SL_TRANSPORT_VARIABLE);
	/* A larger pipe means fewer switches between the two processes; nothing is
	 * lost if the system does not allow it or it is not a pipe. */
	(void)fcntl(t->out, F_SETPIPE_SZ, SL_PIPE_SIZE);
	return 0;
}
