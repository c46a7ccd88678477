/* allocator.c - see allocator.h */
#include "lua/allocator.h"

#include <stdlib.h>
#include <string.h>

#define GRAIN 16u
#define KEPT_BYTES ((size_t)1 << 20)

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

struct sl_spare { /* a released block */
	struct sl_spare *next;
};

void sl_allocator_init(struct sl_allocator *a, size_t limit)
{
	*a = (struct sl_allocator){ .limit = limit };
}

void sl_allocator_clear(struct sl_allocator *a)
{
	for (size_t i = 0; i < SL_SPARE_SIZES; i++)
		for (struct sl_spare *s = a->spare[i], *next; s != NULL; s = next) {
			next = s->next;
			free(s);
		}
}

/* ---- blocks ---- */

/* All blocks of one class are equally long. */
static size_t class_of(size_t size)
{
	return (size - 1) / GRAIN;
}

static bool is_small(size_t size)
{
#ifdef __SANITIZE_ADDRESS__
	return false; /* it shall see each block come and go */
#endif
	return size <= GRAIN * SL_SPARE_SIZES;
}

static void *take(struct sl_allocator *a, size_t size)
{
	if (!is_small(size))
		return malloc(size);
	size_t length = (class_of(size) + 1) * GRAIN;
	struct sl_spare *s = a->spare[class_of(size)];
	if (s == NULL)
		return malloc(length);
	a->spare[class_of(size)] = s->next;
	a->kept -= length;
	return s;
}

static void give(struct sl_allocator *a, void *block, size_t size)
{
	struct sl_spare *s = block;
	if (size == 0 || !is_small(size) || a->kept >= KEPT_BYTES) {
		free(block);
		return;
	}
	s->next = a->spare[class_of(size)];
	a->spare[class_of(size)] = s;
	a->kept += (class_of(size) + 1) * GRAIN;
}

static void *move(struct sl_allocator *a, void *block, size_t had, size_t size)
{
	void *now = take(a, size);
	if (now == NULL)
		return NULL;
	memcpy(now, block, had < size ? had : size);
	give(a, block, had);
	return now;
}

static void *resize(struct sl_allocator *a, void *block, size_t had, size_t size)
{
	if (had == 0)
		return take(a, size);
	if (!is_small(had) && !is_small(size))
		return realloc(block, size);
	if (is_small(had) && is_small(size) && class_of(had) == class_of(size))
		return block;
	return move(a, block, had, size);
}

/* ---- for Lua ---- */

static bool fits(const struct sl_allocator *a, size_t more)
{
	size_t lid = a->limit + (a->strict ? 0 : SL_SCRIPT_MEMORY_RESERVE);
	return a->used <= lid && more <= lid - a->used;
}

static void *release(struct sl_allocator *a, void *block, size_t size)
{
	give(a, block, size);
	a->used -= size;
	return NULL;
}

void *sl_allocator_alloc(void *ud, void *block, size_t old_size, size_t new_size)
{
	struct sl_allocator *a = ud;
	size_t had = block != NULL ? old_size : 0; /* for a new one Lua passes a type */
	if (new_size == 0)
		return release(a, block, had);
	if (new_size > had && !fits(a, new_size - had))
		return NULL;
	void *now = resize(a, block, had, new_size);
	if (now == NULL && new_size <= had)
		now = block; /* Lua relies on it that shrinking cannot fail */
	if (now != NULL)
		a->used = a->used - had + new_size;
	return now;
}

struct sl_allocator *sl_allocator_of(lua_State *L)
{
	void *ud;
	return lua_getallocf(L, &ud) == sl_allocator_alloc ? ud : NULL;
}
