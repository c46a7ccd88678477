/*
 * recording_maker.h - a recording of a worker that never ran (room: supervise)
 *
 * What is given here is written as a runner would have recorded it: the worker starts and
 * says hello, gets one request, sends rows, and ends. No process is started. This is for tests
 * of policies, which therefore need no worker.
 *
 * Calls come in the order of a worker: rows, diagnostics and progress first, then either
 * one terminal (_summary or _failure), after which it leaves in good order, or _exit, and
 * it dies in the middle of its rows. All return 0, or -1 and *err (sink, or the wire's error
 * for an invalid name).
 */
#pragma once

#include "supervise/supervise.h"

struct sl_maker;

struct sl_maker_options { /* borrowed for the call */
	struct sl_text worker, version;
	struct sl_text export_name;
	struct sl_text request; /* one valid JSON value */
};

/* NULL and *err, as from sl_recorder_open. */
struct sl_maker *sl_maker_open(const char *path, const struct sl_maker_options *o, struct sl_error *err);

/* json: one valid JSON value. */
int sl_maker_row(struct sl_maker *m, struct sl_text stream, struct sl_text json, struct sl_error *err);
int sl_maker_diagnostic(struct sl_maker *m, const struct sl_diagnostic *d, struct sl_error *err);
int sl_maker_progress(struct sl_maker *m, const struct sl_progress *p, struct sl_error *err);

/* metadata: one valid JSON value; bytes NULL: none. */
int sl_maker_summary(struct sl_maker *m, struct sl_text metadata, bool stopped, struct sl_error *err);
int sl_maker_failure(struct sl_maker *m, const struct sl_error *failure, struct sl_error *err);

/* It ends here: by a signal, or else with an exit status. */
int sl_maker_exit(struct sl_maker *m, bool signalled, uint32_t value, struct sl_error *err);

/* Completes the recording and frees. 0, or -1 and *err (sink). Accepts NULL. */
int sl_maker_close(struct sl_maker *m, struct sl_error *err);
