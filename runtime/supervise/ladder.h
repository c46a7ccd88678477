/*
 * ladder.h - how a process is brought to its end (room: supervise)
 *
 * Pure: time comes in as an argument (nanoseconds, monotonic), signals go out as
 * return values. A process is over when its exit and the end of its pipe have
 * both been seen; either may come first, and a grandchild may hold the pipe open
 * forever, so a drain deadline stands in for an end that does not come.
 *
 *     alive --leave--> leaving --grace--> terminated --grace--> killed
 *       \__________________ exit, or end of pipe __________________/
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum sl_rung {
	SL_RUNG_ALIVE,      /* wanted */
	SL_RUNG_LEAVING,    /* was asked to leave */
	SL_RUNG_TERMINATED, /* SIGTERM was sent */
	SL_RUNG_KILLED,     /* SIGKILL was sent */
	SL_RUNG_DRAINING,   /* has exited; the end of its pipe is awaited */
	SL_RUNG_GONE
};

enum sl_ladder_event {
	SL_LADDER_LEAVE,     /* it was asked to leave in good order */
	SL_LADDER_TERMINATE, /* it must go now */
	SL_LADDER_KILL,      /* without any grace */
	SL_LADDER_EXIT,      /* exit was seen */
	SL_LADDER_END,       /* end of pipe was seen */
	SL_LADDER_DEADLINE   /* deadline_ns has passed */
};

enum sl_ladder_action {
	SL_LADDER_NOTHING,
	SL_LADDER_SEND_TERM,
	SL_LADDER_SEND_KILL,
	SL_LADDER_CLOSE      /* stop waiting for the end of the pipe */
};

struct sl_ladder {
	enum sl_rung rung;
	bool exited, ended;
	bool forced; /* a signal of ours was needed */
	int64_t leave_grace_ns, kill_grace_ns;
	int64_t deadline_ns; /* 0: none */
};

void sl_ladder_init(struct sl_ladder *l, int64_t leave_grace_ns, int64_t kill_grace_ns);

/* Returns what to do now. After CLOSE the caller closes the pipe and reports END. */
enum sl_ladder_action sl_ladder_step(struct sl_ladder *l, enum sl_ladder_event event,
                                     int64_t now_ns);

/* The deadline would be pointless or unfair just now: put it off by `more_ns` from now. */
void sl_ladder_extend(struct sl_ladder *l, int64_t now_ns, int64_t more_ns);
