/*
 * members.h - a name that does not exist is an error (room: lua)
 *
 * A misspelt name in a module or an object would be nil, and nil means "not given"
 * in most places where it ends up: a missing column, a function that keeps every
 * row. So an unknown name is an error, at the line that uses it:
 *
 *     sluice.schema has no 'int'; did you mean integer?
 *
 * Keys that libraries look up are nil: metafields, which begin with two
 * underscores, and keys that are not strings (ipairs looks up 1).
 */
#pragma once

#include <lua.h>

#include "base/nearest.h"

/*
 * Gives the table on top a metatable that does this. owner: its name in messages,
 * "a run". At index absent is a table whose keys are also known names, nil unless
 * they are set; 0: none. Raises if out of memory.
 */
void sl_members_close(lua_State *L, const char *owner, int absent);

/* The same for a table on top that is one of many: the metatable is made once for each
 * owner. names: all fields that it may have, NULL at the end. */
void sl_members_mark(lua_State *L, const char *owner, const char *const *names);

/* For an __index of your own [object, key], when the key is not among these names (NULL
 * at the end): raises at the line that uses it, or pushes nil for a metafield.
 * otherwise: how the message ends if no name is near. */
int sl_members_unknown(lua_State *L, const char *owner, const char *const *names, const char *otherwise);

/* Checks a table written by the user: raises "exprots: unknown key; did you mean exports?"
 * for the first of its keys, by name, that is not among the names. */
void sl_members_check(lua_State *L, int index, const char *const *names);

/* Offers each name in the table at index. */
void sl_members_offer(lua_State *L, int index, struct sl_nearest *n);

/* core.members(table, owner, absent?): returns the table, closed. */
int sl_members_new(lua_State *L);

/* core.nearest(word, candidates): returns the candidate that was meant, or nil. */
int sl_members_nearest(lua_State *L);
