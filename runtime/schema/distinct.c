/* distinct.c - see distinct.h */
#include "schema/distinct.h"

#include <math.h>
#include <string.h>

/* ---- exactly: linear probing, at most half full ---- */

static void begin_estimate(struct sl_distinct *d)
{
	uint64_t set[2 * SL_DISTINCT_EXACT];
	memcpy(set, d->set, sizeof set);
	memset(d->ranks, 0, sizeof d->ranks);
	d->is_estimate = true;
	for (size_t i = 0; i < 2 * SL_DISTINCT_EXACT; i++)
		if (set[i] != 0)
			sl_distinct_add_rank(d, set[i]);
}

void sl_distinct_add_exactly(struct sl_distinct *d, uint64_t hash)
{
	const size_t mask = 2 * SL_DISTINCT_EXACT - 1;
	hash += hash == 0;
	size_t at = hash & mask;
	while (d->set[at] != 0 && d->set[at] != hash)
		at = (at + 1) & mask;
	if (d->set[at] == hash)
		return;
	if (d->count < SL_DISTINCT_EXACT) {
		d->set[at] = hash;
		d->count++;
		return;
	}
	begin_estimate(d);
	sl_distinct_add_rank(d, hash);
}

/* ---- estimated ---- */

#define RANKS (64 - SL_DISTINCT_BITS + 2) /* 0: empty; the last: all other bits are zero */

/* x + x^2 + 2 x^4 + 4 x^8 + …: the contribution of empty registers. */
static double sigma(double x)
{
	double sum = x, factor = 1, before;
	if (x == 1)
		return HUGE_VAL;
	do {
		x *= x;
		before = sum;
		sum += x * factor;
		factor += factor;
	} while (sum != before);
	return sum;
}

/* (1 - x - sum of (1 - x^(2^-k))^2 2^-k) / 3: the contribution of saturated registers. */
static double tau(double x)
{
	double sum = 1 - x, factor = 1, before;
	if (x == 0 || x == 1)
		return 0;
	do {
		x = sqrt(x);
		before = sum;
		factor *= 0.5;
		sum -= (1 - x) * (1 - x) * factor;
	} while (sum != before);
	return sum / 3;
}

static uint64_t estimate(const struct sl_distinct *d)
{
	const double all = SL_DISTINCT_REGISTERS, ln2 = 0.69314718055994530942;
	double counts[RANKS] = { 0 };
	for (unsigned i = 0; i < SL_DISTINCT_REGISTERS; i++)
		counts[d->ranks[i]]++;
	double z = all * tau(1 - counts[RANKS - 1] / all);
	for (int k = RANKS - 2; k > 0; k--)
		z = 0.5 * (z + counts[k]);
	z += all * sigma(counts[0] / all);
	return (uint64_t)llround(all * all / (2 * ln2 * z));
}

uint64_t sl_distinct_count(const struct sl_distinct *d)
{
	return d->is_estimate ? estimate(d) : d->count;
}
