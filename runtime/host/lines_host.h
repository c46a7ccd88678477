/*
 * lines_host.h - workers that print JSON lines (room: host)
 *
 * Wraps a command that knows nothing of sluice. Its one export is `lines`:
 * each request starts the command anew, with the request's JSON in the
 * environment variable SLUICE_REQUEST (when it is under 100 KiB), and each line
 * of its stdout becomes a row, as soon as it is read. Blank lines are skipped,
 * a last line needs no newline, a carriage return before it is no part of the
 * line. Its stderr goes where the worker's goes.
 *
 * A line that is no JSON, or longer than a frame may be, ends the command and
 * the request. Otherwise the exit status decides: 0 is success. What the
 * command leaves running in the background may go on printing for two seconds
 * after its last line; then it is cut off, and a diagnostic says so.
 *
 * Without a command the lines are read from descriptor 0, and their end is
 * success. They can be read once: a second request finds them at their end.
 */
#pragma once

#include <stdbool.h>

#include "host/transport.h"

struct sl_lines_options {
	const char *stream; /* of the rows */
	bool envelopes;     /* each line is an envelope (envelope.h) */
	char **argv;        /* the command, NULL at its end; or NULL: no command */
};

/* Serve: the process's exit status. */
int sl_lines_host(const struct sl_transport *t, const struct sl_lines_options *options);
