/*
 * frequent.h - the values that occur most often (room: schema)
 *
 * Up to SL_FREQUENT_VALUES distinct values are all counted exactly. Beyond that the algorithm is Filtered
 * Space-Saving: N. Homem, J. P. Carvalho, "Finding top-k elements in data streams", Information Sciences 180, 2010.
 * Values without a place are counted together, in the cell of their bucket. When a cell has reached the least count of
 * all places, the next of its values takes such a place and continues from that count, by which its own may be too
 * large (`over`). So a cell holds no less than the count of any of its values; a value that occurs rarely seldom costs
 * more than adding one to a cell; and the least count, and with it `over`, grows slowly.
 *
 * After n values, each that occurred more than n / SL_FREQUENT_VALUES times has a place, and no count is too
 * large by more than that, nor too small. A count whose `over` is 0 is exact. Which of the others have a place
 * depends on their order.
 *
 * A value is identified by its hash; only its first bytes are kept. The counts are sorted, and one that grows
 * changes places with the last of its equals: no step takes longer than a binary search, whatever the input.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define SL_FREQUENT_VALUES 256
#define SL_FREQUENT_BYTES 64

struct sl_frequent_key {
	uint64_t hash;
	uint16_t next; /* in the same bucket: its place + 1 */
	uint16_t rank; /* index of its count */
};

struct sl_frequent_bucket {
	uint32_t cell; /* how often its values without a place occurred; UINT32_MAX: at least as often as the least count */
	uint16_t head; /* the first of those that have one: its place + 1 */
};

struct sl_frequent_rank {
	uint64_t times;
	uint16_t place; /* of the value */
};

struct sl_frequent_value {
	uint64_t over;
	size_t len;         /* may be more than is kept */
	unsigned char type; /* the caller's */
	char bytes[SL_FREQUENT_BYTES];
};

/* Embedded; initialise with {0}. */
struct sl_frequent {
	size_t count, capacity;
	size_t equals; /* how many ranks, from the first, have the least count; 0: not sorted yet */
	size_t last;   /* the place of the last value added */
	struct sl_frequent_key *keys;     /* by place */
	struct sl_frequent_value *values; /* by place */
	struct sl_frequent_rank *ranks;
	struct sl_frequent_bucket *buckets; /* by hash */
};

void sl_frequent_clear(struct sl_frequent *f);

/* Count a value: 0; 1: it has no place and none is free, so nothing was done; -1: no memory. */
int sl_frequent_add(struct sl_frequent *f, uint64_t hash, unsigned char type, struct sl_text bytes);

/* After a 1: count it in its cell or in the place of another. */
void sl_frequent_replace(struct sl_frequent *f, uint64_t hash, unsigned char type, struct sl_text bytes);

static inline uint64_t sl_frequent_times(const struct sl_frequent *f, size_t place)
{
	return f->ranks[f->keys[place].rank].times;
}

/* How often it occurred at least. */
static inline uint64_t sl_frequent_certain(const struct sl_frequent *f, size_t place)
{
	return sl_frequent_times(f, place) - f->values[place].over;
}

/* Writes the places of at most `most` values that certainly occurred more than `above` times, most frequent
 * first, equals ordered by type and bytes. Returns how many. */
size_t sl_frequent_top(const struct sl_frequent *f, uint64_t above, size_t most, uint16_t *out);
