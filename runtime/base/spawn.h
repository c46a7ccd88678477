/*
 * spawn.h - start a program, or become it, and know why not (room: base)
 *
 * The one place that starts programs. A name without a slash is looked for
 * along the PATH of the new program; an empty element is the current directory.
 * The walk goes on past a file that is not there, whose interpreter is not
 * there, or that may not be executed. Every other failure ends it: a file of
 * no known format is never handed to /bin/sh. Told is the first reason that is
 * not "no such file"; an element that is not a directory counts as that.
 *
 * A child that fails before it is the program reports {stage, errno} on a
 * close-on-exec pipe; so a missing file, a missing interpreter and a missing
 * directory, which execvp cannot tell apart, each get their own message.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* The child's descriptors 0 to 4: -1 is /dev/null for 0 to 2, and closed for
 * 3 and 4. Everything above 4 is closed in the program. */
#define SL_SPAWN_FDS 5

struct sl_spawn { /* borrowed for the call */
	const char *const *argv; /* NULL-terminated; argv[0] is what is started */
	const char *const *env;  /* NULL-terminated; NULL: ours */
	const char *cwd;         /* NULL: ours; relative paths start from it */
	int fds[SL_SPAWN_FDS];
	int death_signal; /* sent to it when the thread that calls ends; 0: none */
	bool own_session; /* it leads a session and a group of its own */
	bool no_core;     /* it leaves no core file */
};

/* 0 and *pid: the program is running, with no signal blocked or ignored, and our own
 * (children.h): whoever has waited for it says so to sl_children_disown. -1 and
 * *err: kind spawn, os, the stage as detail; nothing is left of the child.
 * Blocks until the child has become the program or has failed. */
int sl_spawn(const struct sl_spawn *s, pid_t *pid, struct sl_error *err);

/* Become the program, with our environment and all that exec keeps. Comes back
 * only when that failed: always -1, and *err as above. */
int sl_exec(const char *const *argv, struct sl_error *err);
