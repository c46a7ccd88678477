/*
 * printed.h - what one process prints (room: supervise)
 *
 * Pure: bytes of its stdout and stderr in, lines out. What comes on stdout
 * before the hello may be all there ever is, from a program that is no worker:
 * then its first line is quoted, and the rest is not for anybody's terminal. So
 * it is held back until the worker has shown itself.
 */
#pragma once

#include "supervise/capture.h"

#define SL_FIRST_LINE_SIZE 200

enum sl_printed_on { SL_PRINTED_OUT, SL_PRINTED_ERR };

struct sl_printed { /* embedded; read tail and first_line */
	struct sl_tail tail; /* the last bytes of both */
	char first_line[SL_FIRST_LINE_SIZE]; /* of stdout before the hello, quoted; or "" */
	bool first_line_whole;
	bool holding;
	struct sl_tail held;
	struct sl_capture lines[2];
	bool ended[2];
};

/* on_line gets the code "worker.stdout" or "worker.stderr". */
void sl_printed_init(struct sl_printed *p, size_t limit, sl_on_line *on_line, void *ctx);
void sl_printed_clear(struct sl_printed *p);

void sl_printed_add(struct sl_printed *p, enum sl_printed_on on, const char *bytes, size_t n);

/* The end: a last line without a line end. */
void sl_printed_end(struct sl_printed *p, enum sl_printed_on on);

/* What has come of lines that have no end yet is handed out. */
void sl_printed_settle(struct sl_printed *p);

/* The worker has shown itself: nothing is held back from here on. */
void sl_printed_release(struct sl_printed *p);
