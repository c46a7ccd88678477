/*
 * lines_host.h - JSON from a program, from files, or from standard input (room: host)
 *
 * Its one export is `lines`. A command knows nothing of sluice: each request starts
 * it anew (command.h), and each line of its stdout becomes a row as soon as it is
 * read. Blank lines are skipped, and the last line needs no newline. A carriage return
 * before a newline is not part of the line, and a byte order mark at the beginning is
 * not part of the text. With `json`, each document is a row, or each element of one that
 * is an array (json/documents.h). Files are read one after the other (input.h); without
 * command and files, descriptor 0 is read. The end of these is success. They can be
 * read only once: a second request finds them at their end.
 *
 * A record that is not JSON, or longer than a frame may be, ends the command and the
 * request, unless bad records are reported. Otherwise the exit status decides. Processes
 * that the command leaves in the background may go on printing until they have been silent
 * for two seconds; then they are cut off, and a diagnostic says so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "host/transport.h"

enum sl_bad_lines { SL_BAD_LINES_FAIL, SL_BAD_LINES_DROP, SL_BAD_LINES_REJECT };

extern const char *const sl_bad_lines_names[]; /* NULL at the end */

struct sl_lines_options { /* borrowed */
	const char *stream;    /* of the rows */
	const char *stream_by; /* JSON Pointer to the field that names a row's stream; or NULL */
	bool envelopes;        /* each record is an envelope (envelope.h) */
	bool json;             /* documents instead of lines */
	const char *at;        /* with json: JSON Pointer to the array; or NULL */
	enum sl_bad_lines bad_lines; /* what becomes of a bad record; drop: its text is not sent */
	uint64_t ok_status[4]; /* bit per exit status of the command that is success */
	bool files;            /* words are files; "-" is descriptor 0 */
	char **words;          /* the command or the files, NULL at the end; or NULL: descriptor 0 */
};

/* Serve: the process's exit status. */
int sl_lines_host(const struct sl_transport *t, const struct sl_lines_options *options);
