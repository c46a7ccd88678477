/*
 * options.h - reading tables of options (room: lua)
 *
 * A bad value raises at the caller's line, naming the option. Strings are
 * borrowed as long as the table holds them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "base/text.h"

/* A value from 0 to max; `missing` if absent. */
int64_t sl_option_integer(lua_State *L, int table, const char *name, int64_t missing, int64_t max);
bool sl_option_boolean(lua_State *L, int table, const char *name);
struct sl_text sl_option_text(lua_State *L, int table, const char *name); /* bytes NULL: absent */

/* A string without NUL bytes; NULL if absent. */
const char *sl_option_string(lua_State *L, int table, const char *name);

/* The index of the value in `names` (NULL at the end); 0 if absent. */
int sl_option_choice(lua_State *L, int table, const char *name, const char *const *names);

/* Is there a function of this name? */
bool sl_option_function(lua_State *L, int table, const char *name);

/* A list of strings as a NULL-terminated array, pushed as a userdata that must
 * outlive its use. If absent, returns NULL and pushes nil. */
const char *const *sl_option_list(lua_State *L, int table, const char *name);

/* The same for a table of NAME = value, as an array of "NAME=value"; pushes a table
 * that also holds the strings. */
const char *const *sl_option_environment(lua_State *L, int table, const char *name);
