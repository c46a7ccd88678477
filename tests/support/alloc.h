/*
 * alloc.h - a probe's allocations, counted and made to fail on purpose
 *
 * Link with --wrap for malloc, calloc, realloc and free. Only calls from the
 * program's own objects are seen, not those inside the C library.
 */
#ifndef TESTS_SUPPORT_ALLOC_H
#define TESTS_SUPPORT_ALLOC_H

#include <stddef.h>

struct alloc_figures {
	size_t bytes;   /* held now */
	size_t most;    /* highest value of bytes; set it to bytes to start again */
	size_t blocks;  /* held now */
	size_t calls;   /* since it was last set to 0 */
	size_t fail_at; /* the call that fails; 0: none */
};

extern struct alloc_figures alloc_now;

#endif
