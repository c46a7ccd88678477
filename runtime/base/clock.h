/*
 * clock.h - the monotonic clock (room: base)
 *
 * Nanoseconds that only grow, unaffected by changes of the date. The coarse
 * clock is a few milliseconds behind and costs a fifth of the exact one; use
 * it for checks made with every row. Pure code gets the time as an argument
 * and calls neither.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#define SL_NS_PER_MS INT64_C(1000000)
#define SL_NS_PER_S INT64_C(1000000000)

static inline int64_t sl_clock_read(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return t.tv_sec * SL_NS_PER_S + t.tv_nsec;
}

static inline int64_t sl_now_ns(void)
{
	return sl_clock_read(CLOCK_MONOTONIC);
}

static inline int64_t sl_now_coarse_ns(void)
{
	return sl_clock_read(CLOCK_MONOTONIC_COARSE);
}
