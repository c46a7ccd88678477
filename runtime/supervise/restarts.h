/*
 * restarts.h - how often a worker may fail (room: supervise)
 *
 * Pure: once so many generations have failed in so short a time, no other one is
 * started.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

#define SL_RESTART_LIMIT_COUNT 16
#define SL_RESTART_WINDOW_S 60

struct sl_restarts { /* embedded; zeroed */
	uint64_t count; /* generations that failed */
	int64_t at_ns[SL_RESTART_LIMIT_COUNT]; /* when, a ring */
};

/* A generation failed. */
void sl_restarts_note(struct sl_restarts *r, int64_t now_ns);

/* 0, or -1 and *err (restart_limit). name: of the program, for the message. */
int sl_restarts_check(const struct sl_restarts *r, const char *name, int64_t now_ns,
                      struct sl_error *err);
