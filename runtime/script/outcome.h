/*
 * outcome.h - how a request ended, as a Lua table (room: script)
 */
#pragma once

#include <lua.h>

#include "supervise/supervise.h"

/* Push the summary of a success, or the error object of a failure; the run's
 * userdata is at index run (absolute). Raises. */
void sl_outcome_push(lua_State *L, int run, const struct sl_outcome *o);
