/*
 * spawn.h - start a process and know why it did not start (room: supervise)
 *
 * The launcher stage runs in the forked child before the program does. It
 * makes a session of its own, arms the death signal, sets up descriptors,
 * and reports what failed as {stage, errno} on a close-on-exec pipe; so a
 * missing file, a missing interpreter, a file of no known format and a missing
 * directory, which execvp cannot tell apart, each get their own message.
 * PATH is searched here, and nothing is ever handed to /bin/sh.
 */
#ifndef SL_SUPERVISE_SPAWN_H
#define SL_SUPERVISE_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* The child's descriptors 0 to 4: -1 is /dev/null for 0 to 2, and closed for
 * 3 and 4. Everything above 4 is closed in the child. */
#define SL_SPAWN_FDS 5

struct sl_spawn { /* borrowed for the call */
	const char *const *argv; /* NULL-terminated; argv[0] looked up in env's PATH */
	const char *const *env;  /* NULL-terminated */
	const char *cwd;         /* NULL: unchanged; argv[0] is then relative to it */
	int fds[SL_SPAWN_FDS];
};

/* 0 and *pid: the program is running, as the leader of its own session and
 * group. -1 and *err: kind spawn, os, the stage as detail. Blocks until
 * the child has become the program or has failed. */
int sl_spawn(const struct sl_spawn *s, pid_t *pid, struct sl_error *err);

#endif
