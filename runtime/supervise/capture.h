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
struct sl_tail { /* embedded; the rest zeroed, and bytes cleared at the end */
	size_t limit;
	struct sl_buffer bytes;
};

void sl_tail_add(struct sl_tail *t, const char *bytes, size_t n);

/* code: what the capture was given, "worker.stdout" for example. */
typedef void sl_on_line(void *ctx, const char *code, const char *line, size_t len);

struct sl_capture { /* embedded; the rest zeroed, and line cleared at the end */
	const char *code;
	sl_on_line *on_line;
	void *ctx;
	struct sl_buffer line; /* what has arrived of the next line */
	bool cut; /* the beginning of this line has been handed out */
};

/* Calls on_line for each line that is complete now, without its line end. */
void sl_capture_feed(struct sl_capture *c, const char *bytes, size_t n);

/* The end: a last line without a line end. */
void sl_capture_end(struct sl_capture *c);
