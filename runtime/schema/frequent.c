/* frequent.c - see frequent.h */
#include "schema/frequent.h"

#include <stdlib.h>

#define FIRST 4 /* values in the first allocation; each further one is four times as large */
#define BUCKETS 8 /* for each value, so that most lists have no or one element */
#define NONE SIZE_MAX

/* ---- by hash ---- */

static struct sl_frequent_bucket *bucket_of(const struct sl_frequent *f, uint64_t hash)
{
	return &f->buckets[hash & (BUCKETS * f->capacity - 1)];
}

static size_t find(const struct sl_frequent *f, uint64_t hash)
{
	size_t at = bucket_of(f, hash)->head;
	while (at != 0 && f->keys[at - 1].hash != hash)
		at = f->keys[at - 1].next;
	return at - 1; /* of 0: NONE */
}

static void put(struct sl_frequent *f, size_t place)
{
	uint16_t *head = &bucket_of(f, f->keys[place].hash)->head;
	f->keys[place].next = *head;
	*head = (uint16_t)(place + 1);
}

static void take_out(struct sl_frequent *f, size_t place)
{
	uint16_t *at = &bucket_of(f, f->keys[place].hash)->head;
	while (*at != place + 1)
		at = &f->keys[*at - 1].next;
	*at = f->keys[place].next;
}

/* ---- by count ---- */

/* One past the last rank that has the same count as this one. */
static size_t end_of_equals(const struct sl_frequent *f, size_t rank)
{
	uint64_t times = f->ranks[rank].times;
	size_t low = rank + 1, high = f->count;
	if (low < high && f->ranks[low].times > times)
		return low;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->ranks[middle].times > times)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static int compare_ranks(const void *a, const void *b)
{
	uint64_t x = ((const struct sl_frequent_rank *)a)->times, y = ((const struct sl_frequent_rank *)b)->times;
	return (x > y) - (x < y);
}

static void bring_into_order(struct sl_frequent *f)
{
	qsort(f->ranks, f->count, sizeof *f->ranks, compare_ranks);
	for (size_t rank = 0; rank < f->count; rank++)
		f->keys[f->ranks[rank].place].rank = (uint16_t)rank;
	f->equals = end_of_equals(f, 0);
}

static void swap_ranks(struct sl_frequent *f, size_t a, size_t b)
{
	struct sl_frequent_rank moved = f->ranks[a];
	f->ranks[a] = f->ranks[b];
	f->ranks[b] = moved;
	f->keys[f->ranks[a].place].rank = (uint16_t)a;
	f->keys[f->ranks[b].place].rank = (uint16_t)b;
}

static void count(struct sl_frequent *f, size_t rank)
{
	if (f->equals == 0) {
		f->ranks[rank].times++;
		return;
	}
	size_t to = rank < f->equals ? f->equals - 1 : end_of_equals(f, rank) - 1;
	if (to != rank)
		swap_ranks(f, rank, to);
	f->ranks[to].times++;
	if (to < f->equals && --f->equals == 0)
		f->equals = end_of_equals(f, 0);
}

/* ---- values ---- */

static bool resize(void *array, size_t count, size_t size)
{
	void *moved = realloc(*(void **)array, count * size);
	if (moved != NULL)
		*(void **)array = moved;
	return moved != NULL;
}

static bool grow(struct sl_frequent *f)
{
	size_t capacity = f->count > 0 ? 4 * f->count : FIRST;
	struct sl_frequent_bucket *buckets = calloc(BUCKETS * capacity, sizeof *buckets);
	if (buckets == NULL || !resize(&f->keys, capacity, sizeof *f->keys) || !resize(&f->values, capacity, sizeof *f->values)
	    || !resize(&f->ranks, capacity, sizeof *f->ranks)) {
		free(buckets);
		return false;
	}
	free(f->buckets);
	f->buckets = buckets;
	f->capacity = capacity;
	for (size_t place = 0; place < f->count; place++)
		put(f, place);
	return true;
}

void sl_frequent_clear(struct sl_frequent *f)
{
	free(f->keys);
	free(f->values);
	free(f->ranks);
	free(f->buckets);
	*f = (struct sl_frequent){ 0 };
}

static void write_value(struct sl_frequent *f, size_t place, uint64_t over, unsigned char type, struct sl_text bytes)
{
	struct sl_frequent_value *v = &f->values[place];
	v->over = over;
	v->type = type;
	v->len = bytes.len;
	memcpy(v->bytes, bytes.bytes, bytes.len < sizeof v->bytes ? bytes.len : sizeof v->bytes);
	put(f, place);
	f->last = place;
}

static int append(struct sl_frequent *f, uint64_t hash, unsigned char type, struct sl_text bytes)
{
	size_t place = f->count;
	if (place == f->capacity && !grow(f))
		return -1;
	f->keys[place] = (struct sl_frequent_key){ .hash = hash, .rank = (uint16_t)place };
	f->ranks[place] = (struct sl_frequent_rank){ .times = 1, .place = (uint16_t)place };
	f->count++;
	write_value(f, place, 0, type, bytes);
	return 0;
}

int sl_frequent_add(struct sl_frequent *f, uint64_t hash, unsigned char type, struct sl_text bytes)
{
	if (f->count > 0) {
		size_t place = f->keys[f->last].hash == hash ? f->last : find(f, hash);
		if (place != NONE) {
			count(f, f->keys[place].rank);
			f->last = place;
			return 0;
		}
	}
	return f->count < SL_FREQUENT_VALUES ? append(f, hash, type, bytes) : 1;
}

static uint32_t limited(uint64_t count)
{
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

void sl_frequent_replace(struct sl_frequent *f, uint64_t hash, unsigned char type, struct sl_text bytes)
{
	if (f->equals == 0)
		bring_into_order(f);
	uint64_t least = f->ranks[0].times;
	struct sl_frequent_bucket *bucket = bucket_of(f, hash);
	if (bucket->cell < limited(least)) {
		bucket->cell++;
		return;
	}
	size_t rank = f->equals - 1, place = f->ranks[rank].place;
	take_out(f, place);
	bucket_of(f, f->keys[place].hash)->cell = limited(least);
	f->keys[place].hash = hash;
	write_value(f, place, least, type, bytes);
	count(f, rank);
}

/* ---- the most frequent ---- */

static struct sl_text bytes_of(const struct sl_frequent_value *v)
{
	return (struct sl_text){ v->bytes, v->len < sizeof v->bytes ? v->len : sizeof v->bytes };
}

static int compare(const void *a, const void *b, void *frequent)
{
	const struct sl_frequent *f = frequent;
	size_t i = *(const uint16_t *)a, j = *(const uint16_t *)b;
	const struct sl_frequent_value *v = &f->values[i], *w = &f->values[j];
	uint64_t x = sl_frequent_certain(f, i), y = sl_frequent_certain(f, j);
	if (x != y)
		return x > y ? -1 : 1;
	if (v->type != w->type)
		return v->type < w->type ? -1 : 1;
	int order = sl_text_compare(bytes_of(v), bytes_of(w));
	return order != 0 ? order : (f->keys[i].hash > f->keys[j].hash) - (f->keys[i].hash < f->keys[j].hash);
}

size_t sl_frequent_top(const struct sl_frequent *f, uint64_t above, size_t most, uint16_t *out)
{
	uint16_t found[SL_FREQUENT_VALUES];
	size_t n = 0;
	for (size_t i = 0; i < f->count; i++)
		if (sl_frequent_certain(f, i) > above)
			found[n++] = (uint16_t)i;
	qsort_r(found, n, sizeof *found, compare, (void *)f);
	n = n < most ? n : most;
	memcpy(out, found, n * sizeof *out);
	return n;
}
