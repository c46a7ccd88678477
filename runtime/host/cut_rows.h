/*
 * cut_rows.h - leaves out rows of a request (room: host)
 *
 * Each function takes a frame that is allowed at this point of the conversation, judges it as the runner did
 * (supervise/session.c), and says what becomes of it; what replaces it in the copy is appended to `out`.
 */
#pragma once

#include "host/recording_cut.h"
#include "host/redact_row.h"
#include "json/outline.h"
#include "wire/frame.h"
#include "wire/ledger.h"

struct sl_cut_place { /* of the next row */
	uint64_t line;
	unsigned told; /* how many place frames had come; 0: none yet */
};

struct sl_cut_rows { /* embedded */
	const struct sl_cut_options *options;
	struct sl_cut_report *report;
	struct sl_redaction *redaction; /* NULL: nothing is redacted */
	struct sl_buffer *out;
	struct sl_json *json;
	struct sl_outline outline;

	/* of a request */
	struct sl_ledger arrived, kept; /* streams with the same ids */
	struct {
		size_t in_report;
		bool is_wanted;
	} streams[SL_STREAM_LIMIT];     /* [id - 1] */
	struct sl_cut_place recorded, copied;
	uint64_t step; /* of lines */
	struct sl_buffer file;
};

enum sl_cut_verdict {
	SL_CUT_ERROR = -1, /* *err says why */
	SL_CUT_DONE,       /* `out` has its replacement, or it is left out */
	SL_CUT_COPY,       /* copy it as it is now */
	SL_CUT_FAULT       /* the runner ended the worker because of it */
};

/* The caller sets the first four fields. 0, or -1: no memory. _clear either way. */
int sl_cut_rows_init(struct sl_cut_rows *c);
void sl_cut_rows_clear(struct sl_cut_rows *c);

void sl_cut_rows_request(struct sl_cut_rows *c); /* a request begins */

enum sl_cut_verdict sl_cut_stream(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
enum sl_cut_verdict sl_cut_place(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
/* Changes the payload, and the header before it, in place, in the caller's buffer. */
enum sl_cut_verdict sl_cut_row(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
enum sl_cut_verdict sl_cut_summary(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
