/* stamp.h - the row of the latency job, stamped with the time of its emission */
#ifndef BENCH_STAMP_H
#define BENCH_STAMP_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define STAMP_MAX 160
#define PING_GAP_NS (2 * 1000 * 1000)

/* The clock of sluice.core.now(), in nanoseconds. */
static inline uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void wait_gap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = PING_GAP_NS }, NULL);
}

/* A row of the usual size, stamped now. */
static inline size_t stamp_write(char row[STAMP_MAX])
{
	int len = snprintf(row, STAMP_MAX,
	                   "{\"kind\":\"ping\",\"name\":\"Order.of_12345678\",\"file\":\"src/Order/M512"
	                   ".lean\",\"line\":17,\"doc\":\"a constant below every limit\",\"t\":%llu}",
	                   (unsigned long long)now_ns());
	return (size_t)len;
}

#endif
