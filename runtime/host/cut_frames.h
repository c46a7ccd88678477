/*
 * cut_frames.h - the bytes of a worker, with fewer rows (room: host)
 *
 * Follows what each process sent, and what it was sent, as the runner did (supervise/session.c), to know
 * which rows are good and where the first fault is. recording_cut.h says what becomes of them.
 */
#pragma once

#include "host/cut_rows.h"
#include "wire/decoder.h"
#include "wire/transport.h"

struct sl_cut_frames { /* embedded; read `out` and `request` */
	struct sl_cut_rows rows;
	struct sl_cut_report *report;
	struct sl_redaction *redaction; /* NULL: nothing is redacted */

	/* of a process */
	enum { SL_CUT_OPENING, SL_CUT_FRAMES, SL_CUT_RAW, SL_CUT_SILENT } state;
	bool tolerant;            /* text may come before the magic */
	uint32_t cap;
	unsigned at;              /* where the conversation is: an enum sl_when; 0: over */
	struct sl_decoder runner; /* what the process was sent */
	struct sl_buffer in;      /* sent by it, but not a whole frame yet */
	struct sl_buffer out;     /* for the copy; the caller empties it */
	uint64_t request;         /* the latest */
};

/* 0, or -1 and *err. _clear either way. */
int sl_cut_frames_init(struct sl_cut_frames *c, const struct sl_cut_options *o, struct sl_cut_report *report,
                       struct sl_redaction *redaction, struct sl_error *err);
void sl_cut_frames_clear(struct sl_cut_frames *c);

/* A process begins. */
void sl_cut_frames_start(struct sl_cut_frames *c, enum sl_transport_kind transport);

/* Bytes that were sent to it: 0, or -1 and *err. */
int sl_cut_frames_runner(struct sl_cut_frames *c, const char *bytes, size_t n, struct sl_error *err);

/* Bytes that it sent; what the copy gets of them is appended to `out`. 0, or -1 and *err. */
int sl_cut_frames_worker(struct sl_cut_frames *c, const char *bytes, size_t n, struct sl_error *err);

/* It sends no more: an incomplete frame goes to `out`. 0, or -1 and *err. */
int sl_cut_frames_rest(struct sl_cut_frames *c, struct sl_error *err);
