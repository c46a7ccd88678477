/* stats.c - see stats.h */
#include "sink/stats.h"

#include <lauxlib.h>

#include "schema/stats.h"
#include "sink/by_stream.h"

#define MOST 5

static void *make(void)
{
	return sl_stats_new();
}

static void release(void *stats)
{
	sl_stats_free(stats);
}

static int add(void *stats, const struct sl_taken *row)
{
	return sl_stats_add(stats, row->root, row->len);
}

static void push(lua_State *L, const void *stats)
{
	lua_Integer most = luaL_optinteger(L, 3, MOST);
	luaL_argcheck(L, most >= 0, 3, "must not be negative");
	sl_stats_push(L, stats, (size_t)most);
}

static const struct sl_kept_type type = {
	.class_name = SL_STATS, .noun = "the statistics", .make = make, .free = release, .add = add, .push = push,
};

int sl_stats_taker_new(lua_State *L)
{
	return sl_by_stream_new(L, &type);
}

static int gc(lua_State *L)
{
	return sl_by_stream_free(L, &type);
}

void sl_stats_taker_open(lua_State *L, const struct sl_sinks *s)
{
	sl_by_stream_open(L, &type, gc, s);
}
