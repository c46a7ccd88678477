/* sink.c - see sink.h */
#include "sink/sink.h"

#include <lauxlib.h>

#include "sink/csv.h"
#include "sink/file.h"
#include "sink/postgres.h"
#include "sink/shapes.h"
#include "sink/sqlite.h"
#include "sink/stats.h"
#include "sink/writer.h"

void sl_sinks_open(lua_State *L, struct sl_sinks *s) /* [..., module] */
{
	static const luaL_Reg functions[] = { /* upvalue 1: the context */
		{ "writer", sl_writer_new },
		{ "file", sl_file_new },
		{ "csv", sl_csv_new },
		{ "sqlite", sl_sqlite_new },
		{ "postgres", sl_postgres_new },
		{ "shapes", sl_shapes_new },
		{ "stats", sl_stats_taker_new },
		{ NULL, NULL },
	};
	sl_writer_open(L, s);
	sl_file_open(L);
	sl_csv_open(L, s);
	sl_sqlite_open(L, s);
	sl_postgres_open(L, s);
	sl_shapes_open(L, s);
	sl_stats_taker_open(L, s);
	lua_pushlightuserdata(L, s);
	luaL_setfuncs(L, functions, 1);
}

int sl_sinks_flush(struct sl_sinks *s)
{
	struct sl_error err;
	int rc = 0;
	while (sl_sinks_are_dirty(s)) {
		struct sl_writer *w = LIST_FIRST(&s->dirty);
		sl_error_clear(&err);
		if (sl_writer_flush(w, &err) == 0)
			continue;
		rc = -1;
		s->on_lost(s, w, &err);
	}
	return rc;
}
