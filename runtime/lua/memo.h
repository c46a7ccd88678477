/*
 * memo.h - short strings that were made before (room: lua)
 *
 * To make a Lua string is to hash it and to look for it among all strings of
 * the state. Names of fields come again with every row, and many fields have few
 * values, and short ones: these are remembered. A string takes a place when it
 * is looked for twice, with no other in between that wants the place: values
 * that never come again take none.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#define SL_MEMO_LONGEST 16 /* bytes; longer strings are made anew */

struct sl_memo_string {
	uint64_t first, last;
	uint32_t len;  /* 0: none yet */
	uint32_t seen; /* of the string that was looked for here last and not found: of its hash */
};

struct sl_memo { /* zeroed but for the first two */
	int anchor;  /* place of the first string in a table; all follow it */
	size_t mask; /* of their count, a power of 2 */
	struct sl_memo_string strings[];
};

#define SL_MEMO_SIZE(count) (sizeof(struct sl_memo) + (count) * sizeof(struct sl_memo_string))

/* As lua_pushlstring, for a string of a document; anchors: where on the stack
 * the table is. Needs two free slots. Raises on memory. */
void sl_memo_push(lua_State *L, int anchors, struct sl_memo *m, const char *text, size_t len);
