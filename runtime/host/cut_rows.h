/*
 * cut_rows.h - the rows of a request, fewer (room: host)
 *
 * Each function takes a frame that has its place in the conversation, judges it as the runner did
 * (supervise/session.c), and says what becomes of it; what stands in its place in the copy is added to `out`.
 */
#pragma once

#include "host/recording_cut.h"
#include "host/redact_row.h"
#include "json/outline.h"
#include "wire/frame.h"
#include "wire/ledger.h"

struct sl_cut_place { /* of the next row */
	uint64_t line;
	unsigned told; /* by which place frame: 0, none yet */
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
	SL_CUT_DONE,       /* `out` has what is to be there, or there is nothing */
	SL_CUT_COPY,       /* it is copied as it is now */
	SL_CUT_FAULT       /* the runner ended the worker over it */
};

/* The first four fields are the caller's. 0, or -1: no memory. _clear either way. */
int sl_cut_rows_init(struct sl_cut_rows *c);
void sl_cut_rows_clear(struct sl_cut_rows *c);

void sl_cut_rows_request(struct sl_cut_rows *c); /* one begins */

enum sl_cut_verdict sl_cut_stream(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
enum sl_cut_verdict sl_cut_place(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
/* The payload, in a buffer of the caller's, and the header before it are changed in place. */
enum sl_cut_verdict sl_cut_row(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
enum sl_cut_verdict sl_cut_summary(struct sl_cut_rows *c, const struct sl_frame *f, struct sl_error *err);
