/*
 * distinct.h - counting distinct values (room: schema)
 *
 * The count is exact up to SL_DISTINCT_EXACT: 64-bit hashes are kept. Above that it is an estimate, in the same memory.
 *
 * HyperLogLog: P. Flajolet, É. Fusy, O. Gandouet, F. Meunier, "HyperLogLog: the analysis of a near-optimal
 * cardinality estimation algorithm", AofA 2007. Each of 2^14 registers keeps the largest number of leading
 * zeros seen. The estimator is that of O. Ertl, "New cardinality estimation algorithms for HyperLogLog
 * sketches", 2017, which needs no correction table and is unbiased from 0 to 10^18 values.
 *
 * Standard error 1.04 / sqrt(2^14) = 0.81 %: 95 % of all estimates are within 1.6 % of the truth, 99.7 % within 2.4 %. It
 * depends on which values were added, not on their order or how often each was.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_DISTINCT_BITS 14
#define SL_DISTINCT_REGISTERS (1u << SL_DISTINCT_BITS)

#define SL_DISTINCT_EXACT 1024

/* Initialise with {0}. */
struct sl_distinct {
	bool is_estimate;
	size_t count; /* in the set */
	union {
		uint64_t set[2 * SL_DISTINCT_EXACT]; /* 0: free */
		unsigned char ranks[SL_DISTINCT_REGISTERS];
	};
};

/* sl_distinct_add while the count is exact. */
void sl_distinct_add_exactly(struct sl_distinct *d, uint64_t hash);

static inline void sl_distinct_add_rank(struct sl_distinct *d, uint64_t hash)
{
	uint64_t index = hash >> (64 - SL_DISTINCT_BITS);
	uint64_t rest = hash << SL_DISTINCT_BITS | UINT64_C(1) << (SL_DISTINCT_BITS - 1);
	unsigned char rank = (unsigned char)(__builtin_clzll(rest) + 1);
	if (rank > d->ranks[index])
		d->ranks[index] = rank;
}

static inline void sl_distinct_add(struct sl_distinct *d, uint64_t hash)
{
	if (d->is_estimate)
		sl_distinct_add_rank(d, hash);
	else
		sl_distinct_add_exactly(d, hash);
}

uint64_t sl_distinct_count(const struct sl_distinct *d);
