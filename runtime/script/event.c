/* event.c - see event.h */
#include "script/event.h"

#include <lauxlib.h>

#include "script/protect.h"

static int body(lua_State *L) /* [event] */
{
	struct sl_event *e = lua_touserdata(L, 1);
	e->handle(L, e);
	return 0;
}

void sl_event_push_body(lua_State *L, int run) /* [..., metatable] */
{
	lua_pushvalue(L, run);
	lua_newtable(L);
	lua_rotate(L, -3, 2); /* [run, slots, metatable] */
	lua_pushcclosure(L, body, 3);
}

void sl_event_init(struct sl_event *e, struct sl_run *run, const void *what,
                   void (*handle)(lua_State *L, struct sl_event *e))
{
	run->script->events++;
	*e = (struct sl_event){
		.handle = handle,
		.run = run,
		.what = what,
		.scope = { .kind = SL_SINK, .deadline = &run->deadline },
	};
}

void sl_event_renew(struct sl_event *e, const void *what)
{
	e->run->script->events++;
	e->what = what;
	e->scope.handler = e->scope.entry = NULL;
	e->scope.explain = NULL;
	e->scope.ticks = 0;
}

int sl_event_call(struct sl_event *e, struct sl_error *err)
{
	sl_error_clear(err);
	return sl_protect_event(e->run->script, e->run->body, SL_RUN_CAUSE, &e->scope, e, err);
}

int sl_event_contain(struct sl_event *e)
{
	struct sl_error err;
	if (sl_event_call(e, &err) == 0)
		return 0;
	sl_worker_cancel(e->run->worker, &err);
	return -1;
}
