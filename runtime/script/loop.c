/* loop.c - see loop.h */
#include "script/loop.h"

#include <lauxlib.h>

#include "script/interrupt.h"
#include "script/run.h"

static void obey_signals(struct sl_script *s)
{
	if (sl_interrupt_count() == 0)
		return;
	sl_run_interrupt_all(s);
	if (sl_interrupt_count() > 1)
		sl_supervisor_kill_leaving(s->supervisor);
}

static void turn(struct sl_script *s, lua_State *L, int wait_ms)
{
	struct sl_script_place was = sl_script_enter(s, L);
	uint64_t before = s->events;
	s->turns++;
	sl_run_resume_all(s);
	sl_supervisor_turn(s->supervisor, s->events == before ? wait_ms : 0);
	obey_signals(s);
	sl_script_leave(s, was);
}

/* If more has already arrived, the writers can wait for it. Otherwise flush
 * them, and let the caller check before the loop blocks. */
static void turn_or_flush(struct sl_script *s, lua_State *L)
{
	uint64_t before = s->events;
	turn(s, L, 0);
	if (s->events != before)
		return;
	struct sl_script_place was = sl_script_enter(s, L); /* runs whose writer fails are cancelled */
	sl_sinks_flush(&s->sinks);
	sl_script_leave(s, was);
}

void sl_loop_turn(struct sl_script *s, lua_State *L, int wait_ms)
{
	if (sl_sinks_are_dirty(&s->sinks) && wait_ms != 0)
		turn_or_flush(s, L);
	else
		turn(s, L, wait_ms);
}

void sl_loop_resume(struct sl_script *s, lua_State *L, struct sl_worker *w)
{
	struct sl_script_place was = sl_script_enter(s, L);
	sl_worker_resume(w);
	sl_script_leave(s, was);
}

void sl_loop_check_outside(lua_State *L, const struct sl_script *s, const char *what)
{
	if (s->turning)
		luaL_error(L, "%s inside a handler", what);
}
