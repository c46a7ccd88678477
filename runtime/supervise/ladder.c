/* ladder.c - see ladder.h */
#include "supervise/ladder.h"

#include <stddef.h>

typedef enum sl_ladder_action step(struct sl_ladder *l, int64_t now_ns);

static enum sl_ladder_action stay(struct sl_ladder *l, int64_t now_ns)
{
	(void)l;
	(void)now_ns;
	return SL_LADDER_NOTHING;
}

static void climb(struct sl_ladder *l, enum sl_rung rung, int64_t now_ns, int64_t grace_ns)
{
	l->rung = rung;
	l->deadline_ns = now_ns + grace_ns;
}

static enum sl_ladder_action leave(struct sl_ladder *l, int64_t now_ns)
{
	climb(l, SL_RUNG_LEAVING, now_ns, l->leave_grace_ns);
	return SL_LADDER_NOTHING;
}

static enum sl_ladder_action terminate(struct sl_ladder *l, int64_t now_ns)
{
	climb(l, SL_RUNG_TERMINATED, now_ns, l->kill_grace_ns);
	l->forced = true;
	return SL_LADDER_SEND_TERM;
}

static enum sl_ladder_action slay(struct sl_ladder *l, int64_t now_ns)
{
	climb(l, SL_RUNG_KILLED, now_ns, l->kill_grace_ns);
	l->forced = true;
	return SL_LADDER_SEND_KILL;
}

static enum sl_ladder_action over(struct sl_ladder *l)
{
	l->rung = SL_RUNG_GONE;
	l->deadline_ns = 0;
	return SL_LADDER_NOTHING;
}

static enum sl_ladder_action exit_seen(struct sl_ladder *l, int64_t now_ns)
{
	l->exited = true;
	if (l->ended)
		over(l);
	else
		climb(l, SL_RUNG_DRAINING, now_ns, l->kill_grace_ns);
	return SL_LADDER_NOTHING;
}

/* The pipe has ended before the exit, which gets the leave grace to follow. */
static enum sl_ladder_action end_alive(struct sl_ladder *l, int64_t now_ns)
{
	l->ended = true;
	return leave(l, now_ns);
}

static enum sl_ladder_action end_leaving(struct sl_ladder *l, int64_t now_ns)
{
	(void)now_ns;
	l->ended = true;
	return SL_LADDER_NOTHING;
}

static enum sl_ladder_action end_draining(struct sl_ladder *l, int64_t now_ns)
{
	(void)now_ns;
	l->ended = true;
	return over(l);
}

static enum sl_ladder_action give_up(struct sl_ladder *l, int64_t now_ns)
{
	(void)now_ns;
	l->deadline_ns = 0;
	return SL_LADDER_CLOSE;
}

static step *const table[SL_RUNG_GONE + 1][SL_LADDER_DEADLINE + 1] = {
	/*                      LEAVE  TERMINATE  KILL  EXIT       END           DEADLINE */
	[SL_RUNG_ALIVE] =      { leave, terminate, slay, exit_seen, end_alive,    stay },
	[SL_RUNG_LEAVING] =    { stay,  terminate, slay, exit_seen, end_leaving,  terminate },
	[SL_RUNG_TERMINATED] = { stay,  stay,      slay, exit_seen, end_leaving,  slay },
	[SL_RUNG_KILLED] =     { stay,  stay,      stay, exit_seen, end_leaving,  slay /* stuck in the kernel */ },
	[SL_RUNG_DRAINING] =   { stay,  stay,      give_up, stay,   end_draining, give_up },
	[SL_RUNG_GONE] =       { stay,  stay,      stay, stay,      stay,         stay },
};

void sl_ladder_init(struct sl_ladder *l, int64_t leave_grace_ns, int64_t kill_grace_ns)
{
	*l = (struct sl_ladder){
		.leave_grace_ns = leave_grace_ns,
		.kill_grace_ns = kill_grace_ns,
	};
}

enum sl_ladder_action sl_ladder_step(struct sl_ladder *l, enum sl_ladder_event event,
                                     int64_t now_ns)
{
	return table[l->rung][event](l, now_ns);
}

void sl_ladder_extend(struct sl_ladder *l, int64_t now_ns, int64_t more_ns)
{
	l->deadline_ns = now_ns + more_ns;
}
