/*
 * spawn.h - start a program, or become it, and know why not (room: base)
 *
 * The one place that starts programs. A name without a slash is looked up
 * along the PATH of the new program; an empty element is the current directory.
 * The search continues past a file that is missing, whose interpreter is
 * missing, or that may not be executed. Any other failure ends it: a file of
 * unknown format is never passed to /bin/sh. The first error other than "no such
 * file" is reported; an element that is not a directory counts as "no such file".
 *
 * A child that fails before it has become the program reports {stage, errno} on
 * a close-on-exec pipe; so a missing file, a missing interpreter and a missing
 * directory, which execvp cannot tell apart, each get their own message.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* The child's descriptors 0 to 4: -1 means /dev/null for 0 to 2, and closed for
 * 3 and 4. Everything above 4 is closed in the program. */
#define SL_SPAWN_FDS 5

struct sl_spawn { /* borrowed for the call */
	const char *const *argv; /* NULL-terminated; argv[0] is the program */
	const char *const *env;  /* NULL-terminated; NULL: ours */
	const char *cwd;         /* NULL: ours; relative paths start from it */
	int fds[SL_SPAWN_FDS];
	int death_signal; /* sent to it when the calling thread ends; 0: none */
	bool own_session; /* it leads a session and a group of its own */
	bool no_core;     /* it leaves no core file */
};

/* 0 and *pid: the program is running, with no signal blocked or ignored. It is our own
 * (children.h): the caller waits for it and then calls sl_children_disown. -1 and
 * *err: kind spawn, os, the stage as detail; nothing is left of the child.
 * Blocks until the child has become the program or has failed. */
int sl_spawn(const struct sl_spawn *s, pid_t *pid, struct sl_error *err);

/* Become the program, with our environment and everything that exec keeps. Returns
 * only if that failed: always -1, and *err as above. */
int sl_exec(const char *const *argv, struct sl_error *err);
