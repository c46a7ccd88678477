/* give.c - see give.h */
#include "script/give.h"

#include <lauxlib.h>

#include "lua/error.h"
#include "script/interrupt.h"
#include "script/row.h"
#include "script/run.h"
#include "sink/taker.h"

static struct sl_script *script_of(struct sl_sinks *s)
{
	return (struct sl_script *)((char *)s - offsetof(struct sl_script, sinks));
}

static void pause_limit(struct sl_sinks *s)
{
	sl_limit_pause(&script_of(s)->limit);
}

static void resume_limit(struct sl_sinks *s)
{
	sl_limit_resume(&script_of(s)->limit);
}

static void on_lost(struct sl_sinks *s, const void *taker, const struct sl_error *why)
{
	sl_run_taker_failed(script_of(s), taker, why);
}

/* A row that goes to a taker without Lua is in no scope: then its run's deadline counts. */
static bool is_late(const struct sl_sinks *sinks)
{
	const struct sl_script *s = (const struct sl_script *)((const char *)sinks - offsetof(struct sl_script, sinks));
	const struct sl_scope *scope = atomic_load(&s->limit.scope);
	if (scope == NULL)
		return s->giving != NULL && s->giving->deadline.passed;
	for (; scope != NULL; scope = scope->outer)
		if (scope->expired)
			return true;
	return false;
}

static bool is_hurried(void)
{
	return sl_interrupt_count() > 1;
}

static int give(lua_State *L) /* [taker, row] */
{
	SL_ERROR(err);
	struct sl_taken taken = { .L = L };
	struct sl_taker taker = sl_taker_at(L, 1);
	const struct sl_row_object *row = sl_row_test(L, 2);
	luaL_argexpected(L, taker.type != NULL, 1, "taker of rows");
	luaL_argexpected(L, row != NULL, 2, SL_ROW);
	lua_settop(L, 2);
	sl_row_from(row, &taken.from);
	taken.text = sl_row_text(L, row, &taken.len);
	if (taker.type->reads_document) {
		taken.root = sl_json_root(sl_row_document(L, row));
		taken.payload = sl_row_push_payload(L, 2) ? 3 : 0;
	}
	if (sl_taker_take(taker, &taken, &err) != SL_TOOK)
		return sl_lua_error_return(L, &err);
	lua_pushboolean(L, true);
	return 1;
}

static void push_give(lua_State *L)
{
	lua_pushcfunction(L, give);
}

void sl_give_init(struct sl_script *s)
{
	s->sinks = (struct sl_sinks){
		.stop = sl_interrupt_check,
		.is_hurried = is_hurried,
		.is_late = is_late,
		.pause = pause_limit,
		.resume = resume_limit,
		.on_lost = on_lost,
		.push_give = push_give,
	};
}
