/*
 * allocator.h - a limit on the memory of one Lua state (room: lua)
 *
 * Counts what Lua holds and refuses more than the limit, so that a memory
 * bomb in a handler becomes a Lua error (FACTS, "Embedding Lua", 7). Memory
 * of libraries is not counted. Outside handlers a reserve on top of the limit
 * is available, so that an error can still be reported after a handler has
 * filled everything. The command uses it; a plain lua5.4 has its own allocator.
 *
 * Small blocks that Lua frees are kept for reuse by size, up to 1 MiB of them, so
 * that a row's table and strings need no malloc.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <lua.h>

#define SL_SCRIPT_MEMORY_LIMIT ((size_t)1 << 30)
#define SL_SCRIPT_MEMORY_RESERVE ((size_t)16 << 20)

#define SL_SPARE_SIZES 32 /* 16 bytes, 32, ..., 512 */

struct sl_allocator { /* embedded; outlives its Lua state */
	size_t used;
	size_t limit;
	bool strict; /* a handler runs: the reserve is closed */
	bool of_system; /* the system, not the limit, caused the last refusal */
	size_t kept; /* bytes of spare blocks */
	struct sl_spare *spare[SL_SPARE_SIZES];
};

void sl_allocator_init(struct sl_allocator *a, size_t limit);
void sl_allocator_clear(struct sl_allocator *a); /* after lua_close */

/* The lua_Alloc; ud is the struct. */
void *sl_allocator_alloc(void *ud, void *block, size_t old_size, size_t new_size);

/* Describes the memory failure that just occurred, with the limit that was reached:
 * "the script needs more than 1024 MiB of memory". Returns a static buffer. */
const char *sl_allocator_refusal(const struct sl_allocator *a);

/* The allocator of this state if it is one of ours, otherwise NULL. */
struct sl_allocator *sl_allocator_of(lua_State *L);
