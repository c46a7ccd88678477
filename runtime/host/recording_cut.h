/*
 * recording_cut.h - makes a smaller recording from another (room: host)
 *
 * Rows are left out, strings in those that stay may be redacted, and the counts and seals in the summary
 * are recomputed; all else stays as it was recorded, byte for byte and with its time: requests, metadata,
 * replies, failures, diagnostics, progress, printed output, how each process ended. Rows that stay are
 * renumbered 0, 1, 2, … in each stream and request, and keep the lines that they came from.
 *
 * Faults stay what they are, so that the copy ends as the recording does: a gap in the sequences stays as
 * wide, a wrong seal stays as wrong, and from the first fault on nothing is left out. When strings are
 * redacted, what a runner does not look at after a fault is left out, and so are the texts of lines that
 * were not rows.
 *
 * The copy is marked as cut (FORMAT.md). Memory: a few times the largest frame.
 */
#pragma once

#include "base/text.h"
#include "file/stop.h"
#include "json/json.h"

struct sl_cut_row { /* borrowed for the call */
	struct sl_text stream, text;
	uint64_t sequence;
	const struct sl_json *json; /* its document */
};

struct sl_cut_options { /* borrowed */
	const char *from, *to;
	const struct sl_text *only; /* streams; none: all */
	size_t only_count;
	uint64_t first, last; /* sequences, both inclusive */
	/* Is the row wanted? 1, 0, or -1 and *err. NULL: all are. */
	int (*where)(void *ctx, const struct sl_cut_row *row, struct sl_error *err);
	void *ctx;
	const struct sl_text *redact; /* JSON Pointers */
	size_t redact_count;
	sl_stop *stop; /* asked between records */
};

struct sl_cut_stream {
	char *name; /* NUL-terminated */
	uint64_t rows, kept; /* of all requests */
};

struct sl_cut_report { /* embedded; zeroed at first */
	struct sl_cut_stream *streams; /* in the order of their first use */
	size_t count;
	uint64_t strings, others; /* redacted; other values at such places */
	/* what the copy holds as it was recorded */
	uint64_t requests, metadata, replies, failures, diagnostics, progress, printed /* bytes */;
};

/* 0, or -1 and *err, in which case there is no copy. _clear either way. */
int sl_recording_cut(const struct sl_cut_options *o, struct sl_cut_report *report, struct sl_error *err);
void sl_cut_report_clear(struct sl_cut_report *report);
