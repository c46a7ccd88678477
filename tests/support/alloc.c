/* alloc.c - see alloc.h; the linker's --wrap redirects every call to here */
#include "support/alloc.h"

#include <stdlib.h>

struct alloc_figures alloc_now;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

/* The size is kept in front of each block: the requested size, not the one that
 * the allocator rounded it to. Sixteen bytes, for the alignment. */
enum { FRONT = 16 };

static int due(void)
{
	alloc_now.calls++;
	return alloc_now.fail_at != 0 && alloc_now.calls == alloc_now.fail_at;
}

static void *count(size_t *block, size_t n)
{
	if (block == NULL)
		return NULL;
	*block = n;
	alloc_now.bytes += n;
	alloc_now.blocks++;
	if (alloc_now.bytes > alloc_now.most)
		alloc_now.most = alloc_now.bytes;
	return (char *)block + FRONT;
}

static size_t *uncount(void *p)
{
	size_t *block = (size_t *)(void *)((char *)p - FRONT);
	alloc_now.bytes -= *block;
	alloc_now.blocks--;
	return block;
}

void *__wrap_malloc(size_t n)
{
	return due() ? NULL : count(__real_malloc(n + FRONT), n);
}

void *__wrap_calloc(size_t times, size_t n)
{
	return due() ? NULL : count(__real_calloc(1, times * n + FRONT), times * n);
}

void *__wrap_realloc(void *p, size_t n)
{
	if (p == NULL)
		return __wrap_malloc(n);
	if (due())
		return NULL;
	size_t *block = uncount(p), before = *block;
	size_t *moved = __real_realloc(block, n + FRONT);
	if (moved == NULL)
		count(block, before);
	return count(moved, n);
}

void __wrap_free(void *p)
{
	if (p != NULL)
		__real_free(uncount(p));
}
