/* allocator.c - see allocator.h */
#include "script/allocator.h"

#include <stdlib.h>

void sl_allocator_init(struct sl_allocator *a, size_t limit)
{
	*a = (struct sl_allocator){ .limit = limit };
}

static bool fits(const struct sl_allocator *a, size_t more)
{
	size_t lid = a->limit + (a->strict ? 0 : SL_SCRIPT_MEMORY_RESERVE);
	return a->used <= lid && more <= lid - a->used;
}

static void *release(struct sl_allocator *a, void *block, size_t size)
{
	free(block);
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
	void *now = realloc(block, new_size);
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
