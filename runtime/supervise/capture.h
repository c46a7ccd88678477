/*
 * capture.h - what a worker prints, line by line (room: supervise)
 *
 * Pure: bytes in, lines out; an sl_tail keeps the last bytes of all that came.
 * A line longer than SL_CAPTURE_LINE is handed out in pieces, so that memory
 * stays bounded whatever arrives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

#define SL_CAPTURE_LINE 8192

/* The last bytes of one or several captures, oldest first. */
struct sl_tail { /* embedded; set limit, zero the rest; clear bytes at the end */
	size_t limit;
	struct sl_buffer bytes;
};

void sl_tail_add(struct sl_tail *t, const char *bytes, size_t n);

/* code: as given to the capture, "worker.stdout" for example. */
typedef void sl_on_line(void *ctx, const char *code, const char *line, size_t len);

struct sl_capture { /* embedded; set the first three, zero the rest; clear line at the end */
	const char *code;
	sl_on_line *on_line;
	void *ctx;
	struct sl_buffer line; /* what has arrived of an unfinished line */
	bool cut; /* the beginning of this line has been handed out */
};

/* Calls on_line for each line that is complete now, without its line end. */
void sl_capture_feed(struct sl_capture *c, const char *bytes, size_t n);

/* The end: hands out a last line without a line end. */
void sl_capture_end(struct sl_capture *c);
