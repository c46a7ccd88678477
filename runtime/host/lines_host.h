/*
 * lines_host.h - JSON out of a program, of files, or of standard input (room: host)
 *
 * Its one export is `lines`. A command knows nothing of sluice: each request starts
 * it anew (command.h), and each line of its stdout becomes a row, as soon as it is
 * read. Blank lines are skipped, a last line needs no newline, a carriage return
 * before it is not part of the line, a byte order mark at the beginning is not part
 * of the text. With `json`, each document is a row, or each element of an array
 * (json/documents.h). Files are read one after the other (input.h), and without
 * command and files, descriptor 0 is; the end of these is success. They can be
 * read once: a second request finds them at their end.
 *
 * A record that is not JSON, or longer than a frame may be, ends the command and the
 * request, unless bad records are reported. Otherwise the exit status decides. What the
 * command leaves running in the background may go on printing for two seconds after its
 * last line; then it is cut off, and a diagnostic says so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "host/transport.h"

enum sl_bad_lines { SL_BAD_LINES_FAIL, SL_BAD_LINES_DROP, SL_BAD_LINES_REJECT };

extern const char *const sl_bad_lines_names[]; /* NULL at the end */

struct sl_lines_options { /* borrowed */
	const char *stream;    /* of the rows */
	const char *stream_by; /* JSON Pointer to what names the stream of a row; or NULL */
	bool envelopes;        /* each record is an envelope (envelope.h) */
	bool json;             /* documents instead of lines */
	const char *at;        /* of these: JSON Pointer to the array; or NULL */
	enum sl_bad_lines bad_lines; /* what becomes of a record that is none; drop: its text is not sent */
	uint64_t ok_status[4]; /* bit per exit status of the command that is success */
	bool files;            /* words are files; "-" is descriptor 0 */
	char **words;          /* the command or the files, NULL at the end; or NULL: descriptor 0 */
};

/* Serve: the process's exit status. */
int sl_lines_host(const struct sl_transport *t, const struct sl_lines_options *options);
