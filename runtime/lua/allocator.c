/* allocator.c - see allocator.h */
#include "lua/allocator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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

static bool is_small(size_t size)
{
#ifdef __SANITIZE_ADDRESS__
	return false; /* it must see every malloc and free */
#endif
	return size <= GRAIN * SL_SPARE_SIZES;
}

/* All blocks of one class have the same length. */
static size_t class_of(size_t size)
{
	return (size - 1) / GRAIN;
}

static size_t length_of(size_t class)
{
	return (class + 1) * GRAIN;
}

static void *take(struct sl_allocator *a, size_t size)
{
	if (!is_small(size))
		return malloc(size);
	size_t class = class_of(size);
	struct sl_spare *s = a->spare[class];
	if (s == NULL)
		return malloc(length_of(class));
	a->spare[class] = s->next;
	a->kept -= length_of(class);
	return s;
}

static void give(struct sl_allocator *a, void *block, size_t size)
{
	if (!is_small(size) || a->kept >= KEPT_BYTES) {
		free(block);
		return;
	}
	size_t class = class_of(size);
	struct sl_spare *s = block;
	s->next = a->spare[class];
	a->spare[class] = s;
	a->kept += length_of(class);
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

static void *move_or_stay(struct sl_allocator *a, void *block, size_t had, size_t size)
{
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

static void *make(struct sl_allocator *a, size_t size)
{
	bool fitting = fits(a, size);
	void *block = fitting ? take(a, size) : NULL;
	if (block != NULL)
		a->used += size;
	else
		a->of_system = fitting;
	return block;
}

static void *release(struct sl_allocator *a, void *block, size_t size)
{
	give(a, block, size);
	a->used -= size;
	return NULL;
}

static void *resize(struct sl_allocator *a, void *block, size_t had, size_t size)
{
	a->of_system = size <= had || fits(a, size - had);
	if (!a->of_system)
		return NULL;
	void *now = move_or_stay(a, block, had, size);
	if (now == NULL && size <= had)
		now = block; /* Lua relies on shrinking never to fail */
	if (now != NULL)
		a->used = a->used - had + size;
	return now;
}

/* For a new block, Lua passes the kind of object as the old size. */
void *sl_allocator_alloc(void *ud, void *block, size_t old_size, size_t new_size)
{
	if (block == NULL)
		return new_size > 0 ? make(ud, new_size) : NULL;
	return new_size > 0 ? resize(ud, block, old_size, new_size) : release(ud, block, old_size);
}

/* ---- the message ---- */

static unsigned long long mib(unsigned long long bytes)
{
	return bytes >> 20;
}

const char *sl_allocator_refusal(const struct sl_allocator *a)
{
	static char room[200];
	struct rlimit process = { RLIM_INFINITY, RLIM_INFINITY };
	if (a != NULL && !a->of_system) {
		snprintf(room, sizeof room, "the script needs more than %llu MiB of memory", mib(a->limit));
		return room;
	}
	getrlimit(RLIMIT_AS, &process);
	int len = snprintf(room, sizeof room, "the system has no more memory for the script");
	if (a != NULL)
		len += snprintf(room + len, sizeof room - (size_t)len, ", which has %llu MiB", mib(a->used));
	if (process.rlim_cur != RLIM_INFINITY)
		snprintf(room + len, sizeof room - (size_t)len, "; the process may have %llu MiB (ulimit -v)",
		         mib(process.rlim_cur));
	return room;
}

struct sl_allocator *sl_allocator_of(lua_State *L)
{
	void *ud;
	return lua_getallocf(L, &ud) == sl_allocator_alloc ? ud : NULL;
}
