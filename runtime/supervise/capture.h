/*
 * capture.h - what a worker prints, line by line (room: supervise)
 *
 * Pure: bytes in, lines out, and the last SL_TAIL_LIMIT bytes of all that came
 * are kept. A line longer than SL_CAPTURE_LINE is handed out in pieces, so
 * that memory stays bounded whatever arrives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define SL_CAPTURE_LINE 8192

/* The last bytes of several captures, oldest first. */
struct sl_tail { /* embedded */
	struct sl_buffer bytes;
	size_t limit;
};

void sl_tail_init(struct sl_tail *t, size_t limit);
void sl_tail_clear(struct sl_tail *t);
void sl_tail_add(struct sl_tail *t, const char *bytes, size_t n);

struct sl_capture { /* embedded */
	struct sl_buffer line; /* what has arrived of the next line */
	bool cut; /* the beginning of this line has been handed out */
};

typedef void sl_on_line(void *ctx, const char *line, size_t len);

void sl_capture_init(struct sl_capture *c);
void sl_capture_clear(struct sl_capture *c);

/* Calls on_line for each line that is complete now, without its line end. */
void sl_capture_feed(struct sl_capture *c, const char *bytes, size_t n,
                     sl_on_line *on_line, void *ctx);

/* The end: a last line without a line end. */
void sl_capture_end(struct sl_capture *c, sl_on_line *on_line, void *ctx);
