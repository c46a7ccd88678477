/*
 * printed.h - what one process prints (room: supervise)
 *
 * Pure: bytes of its stdout and stderr in, lines out. A program that is not a
 * worker may print on stdout and never send a hello: then its first line is
 * quoted, and the rest is not meant for a terminal. So stdout is held back until
 * the handshake is over.
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

/* The end: hands out a last line without a line end. */
void sl_printed_end(struct sl_printed *p, enum sl_printed_on on);

/* Hands out what has arrived of unfinished lines. */
void sl_printed_settle(struct sl_printed *p);

/* The handshake is over: nothing is held back from here on. */
void sl_printed_release(struct sl_printed *p);
