/*
 * members.h - a name that does not exist is an error (room: lua)
 *
 * A misspelt name of a module or an object would be nil, and nil means "not
 * given" in most places where it ends up: a column that is missing, a function
 * that keeps every row. So an unknown name is an error, at the line that has it:
 *
 *     sluice.schema has no 'int'; did you mean integer?
 *
 * What libraries look for is nil: metafields, which begin with two underscores,
 * and keys that are no texts (ipairs looks for 1).
 */
#pragma once

#include <lua.h>

#include "base/nearest.h"

/*
 * Give the table on top a metatable that does so. owner: as a message names it,
 * "a run". At index absent is a table whose keys are names too, nil unless they
 * are set; 0: none. Raises on memory.
 */
void sl_members_close(lua_State *L, const char *owner, int absent);

/* The same for the table on top, one of many: its metatable is made once for each
 * owner. names: of all fields that it may have, to which NULL is the end. */
void sl_members_mark(lua_State *L, const char *owner, const char *const *names);

/* For an __index of one's own [object, key]: what an object with these names, to
 * which NULL is the end, says of another key: raises at the line that has it, or
 * pushes nil for a metafield. otherwise: how the message ends when no name is near. */
int sl_members_unknown(lua_State *L, const char *owner, const char *const *names, const char *otherwise);

/* Of a table that users wrote: raise "exprots: unknown key; did you mean exports?"
 * for the first of its keys, by name, that is not among the names. */
void sl_members_check(lua_State *L, int index, const char *const *names);

/* Offer each name of the table at index. */
void sl_members_offer(lua_State *L, int index, struct sl_nearest *n);

/* core.members(table, owner, absent?): the table, closed. */
int sl_members_new(lua_State *L);

/* core.nearest(word, candidates): which of a list was meant, or nil. */
int sl_members_nearest(lua_State *L);
