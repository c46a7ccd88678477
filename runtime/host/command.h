/*
 * command.h - a program that knows nothing of sluice, wrapped (room: host)
 *
 * Starts a program, hands over what it prints, ends it, and interprets its exit. The
 * program is in the process group of its host, so that whoever ends that group ends
 * everything the host has started. It shares the host's standard input and standard error.
 *
 * SIGTERM to the host is meant for the command: the host wakes up, ends the command
 * as on a cancel, and then dies of SIGTERM too (sl_command_pass_on).
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
	int pidfd;             /* readable when it has exited; -1: none */
	atomic_int pid;        /* 0: not started, or reaped */
	int wait_status;
};

/* Exit status 0 is success. */
void sl_command_init(struct sl_command *c, char *const *argv);

/* request: JSON for the environment variable SLUICE_REQUEST, which is unset from 100 KiB
 * on. wake: an eventfd that SIGTERM makes readable while the command runs.
 * 0, or -1 and *err (spawn). */
int sl_command_start(struct sl_command *c, const char *request, size_t len, int wake,
                     struct sl_error *err);

static inline bool sl_command_runs(struct sl_command *c)
{
	return atomic_load(&c->pid) != 0;
}

/* Call it once the command has exited, or is about to. */
void sl_command_reap(struct sl_command *c);

/* Sends SIGTERM to the group, if it is ours, then, after grace_ms (-1: never), SIGKILL to
 * the command. Returns when the command is reaped, and what it has started in this group
 * has ended or has had half a second to. */
void sl_command_end(struct sl_command *c, int grace_ms);

/* Once it is reaped: 0; or -1 and *err (export_failed) for a signal or an exit
 * status that is not success. */
int sl_command_judge(const struct sl_command *c, struct sl_error *err);

/* Has SIGTERM come since the start? _pass_on dies of it. */
bool sl_command_terminated(void);
_Noreturn void sl_command_pass_on(void);
