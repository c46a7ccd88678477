/*
 * stats.h - statistics of the fields of a request's streams, as a taker (room: sink)
 *
 * core.stats(stream?, by?): adds each row to the stats of its stream (by_stream.h, schema/stats.h);
 * describe(stream, most?) returns the table of sl_stats_push, with at most `most` (5) frequent values each.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

#define SL_STATS "sluice.core.Stats"

int sl_stats_taker_new(lua_State *L);

void sl_stats_taker_open(lua_State *L, const struct sl_sinks *s);
