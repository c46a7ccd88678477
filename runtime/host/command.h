/*
 * command.h - a program that knows nothing of sluice, wrapped (room: host)
 *
 * Starts it, gives what it prints, ends it, and says what its end means. It
 * stands in the process group of its host, so that whoever ends the host's group
 * ends all that it has started. It has the host's standard input, and
 * complains where the host does.
 *
 * SIGTERM to the host is meant for the command: the host wakes up, ends it as
 * it would on a cancel, and goes the same way (sl_command_pass_on).
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sl_command { /* embedded; set up by _init */
	char *const *argv;     /* borrowed; NULL-terminated */
	uint64_t ok_status[4]; /* bit per exit status that is success */
	int out;               /* what it prints: the caller reads and closes it */
	int pidfd;             /* readable when it has exited; -1: there is none */
	atomic_int pid;        /* until it is reaped, else 0 */
	int wait_status;
};

/* Exit status 0 is success. */
void sl_command_init(struct sl_command *c, char *const *argv);

/* request: JSON for the environment variable SLUICE_REQUEST; over 100 KiB it is not
 * set. wake: an eventfd that SIGTERM makes readable, as long as the command runs.
 * 0, or -1 and *err (spawn). */
int sl_command_start(struct sl_command *c, const char *request, size_t len, int wake,
                     struct sl_error *err);

static inline bool sl_command_runs(struct sl_command *c)
{
	return atomic_load(&c->pid) != 0;
}

/* It has exited, or is about to. */
void sl_command_reap(struct sl_command *c);

/* SIGTERM to the group, then, after grace_ms (-1: never), SIGKILL to the command;
 * returns when it is reaped, and what it has started in this group has ended or had
 * half a second to. */
void sl_command_end(struct sl_command *c, int grace_ms);

/* Once it is reaped: 0; or -1 and *err (export_failed) for an exit status that is
 * not success, or a signal. */
int sl_command_judge(const struct sl_command *c, struct sl_error *err);

/* SIGTERM has come since the start; and die of it. */
bool sl_command_terminated(void);
_Noreturn void sl_command_pass_on(void);
