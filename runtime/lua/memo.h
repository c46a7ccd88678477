/*
 * memo.h - a cache of short Lua strings (room: lua)
 *
 * Making a Lua string means hashing it and looking it up among all strings of the
 * state. Field names recur with every row, and many fields have few distinct
 * values, often short ones: these are cached. A string is stored when it is looked
 * up twice without another one for the same place in between, so that values
 * that never recur take no place.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#define SL_MEMO_LONGEST 16 /* bytes; longer strings are not cached */

struct sl_memo_string {
	uint64_t first, last;
	uint32_t len;  /* 0: none yet */
	uint32_t seen; /* part of the hash of the string last looked up here and not found */
};

struct sl_memo { /* zeroed except for the first two */
	int anchor;  /* index of the first string in a table; the others follow it */
	size_t mask; /* their number, a power of 2, minus 1 */
	struct sl_memo_string strings[];
};

#define SL_MEMO_SIZE(count) (sizeof(struct sl_memo) + (count) * sizeof(struct sl_memo_string))

/* Like lua_pushlstring, for a string of a document. anchors: the stack index of the
 * table. Needs two free slots. Raises if out of memory. */
void sl_memo_push(lua_State *L, int anchors, struct sl_memo *m, const char *text, size_t len);
