/*
 * program.h - become another program (room: host)
 *
 * PATH is searched as a shell does it, but nothing is ever handed to /bin/sh,
 * and a script whose interpreter is missing is told from a file that is.
 */
#ifndef SL_HOST_PROGRAM_H
#define SL_HOST_PROGRAM_H

#include "base/error.h"

#define SL_NO_INTERPRETER (-1)

/* Become argv[0]. Comes back only when that failed: the errno worth telling,
 * or SL_NO_INTERPRETER. Async-signal-safe, for a child that was forked while
 * other threads ran. */
int sl_program_exec(char *const *argv);

/* Set *err, kind spawn, from what sl_program_exec returned. Always -1. */
int sl_program_explain(const char *name, int os, struct sl_error *err);

/* Start argv with /dev/null as its input and `out` as its output, and know
 * whether it started. It dies when the calling thread's process does; signals
 * are neither blocked nor ignored. 0 and *pid, or -1 and *err. */
int sl_program_start(char *const *argv, int out, int *pid, struct sl_error *err);

#endif
