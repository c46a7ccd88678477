/*
 * memo.h - short strings that a field had before (room: schema, private
 * to schema*.c)
 *
 * To make a Lua string is to hash it and to look for it among all strings of the
 * state. Many fields have few values, and short ones: these are remembered.
 */
#ifndef SL_SCHEMA_MEMO_H
#define SL_SCHEMA_MEMO_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#define SL_MEMO_STRINGS 16
#define SL_MEMO_LONGEST 16 /* bytes */

struct sl_memo { /* of one field; zeroed but for the anchor */
	int anchor; /* of the first string: all have their places there */
	unsigned misses; /* in a row */
	struct {
		uint64_t first, last;
		size_t len; /* 0: none yet */
	} strings[SL_MEMO_STRINGS];
};

/* As lua_pushlstring, for a string of a document; anchors: where on the stack.
 * Needs two free slots. */
void sl_memo_push(lua_State *L, int anchors, struct sl_memo *m, const char *text, size_t len);

#endif
