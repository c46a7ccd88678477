/*
 * process.h - one generation of a worker (room: supervise, private)
 *
 * A process with its pipes, its session, its ladder and what it printed. It
 * belongs to a worker until it is released; then it is on its own, climbs its
 * ladder, and frees itself when exit and end of pipe have been seen and every
 * libuv handle has been closed. What its owner wants to know arrives through
 * sl_process_events, always on a turn of the loop or inside _pump.
 */
#pragma once

#include "record/recorder.h"
#include "supervise/ladder.h"
#include "supervise/port.h"
#include "supervise/printed.h"
#include "supervise/session.h"
#include "supervise/supervisor.h"

struct sl_process;

struct sl_process_events {
	/* Frames may have arrived: decode. Called after each read. */
	void (*on_input)(void *owner);
	/* A line on stdout or stderr. */
	void (*on_line)(void *owner, const char *code, const char *line, size_t len);
	/* The nearest deadline of the session may have passed. */
	void (*on_deadline)(void *owner);
	/* Exit and end of pipe have been seen; everything it sent has been read. */
	void (*on_gone)(void *owner);
};

struct sl_process { /* read the fields; change them through the functions */
	struct sl_supervisor *supervisor;
	LIST_ENTRY(sl_process) link; /* in supervisor->processes */
	const struct sl_process_events *events;
	void *owner; /* NULL: released */
	struct sl_recorder *recorder; /* records it until it is released; NULL: none; borrowed */

	pid_t pid;
	int status;  /* of waitpid, once ladder.exited; -1: unknown */
	struct sl_ladder ladder;
	struct sl_session session;
	struct sl_printed printed;

	struct sl_port exit;    /* pidfd */
	struct sl_port control; /* to the worker */
	struct sl_port frames;  /* from the worker */
	struct sl_port out, err; /* what it prints; out is absent in stdio transport */
	uv_timer_t timer;
	int open_handles;

	size_t read_size; /* of the next read of frames, bytes */
	bool more;        /* the latest read came back full */

	bool paused;    /* the owner takes no frames */
	bool discard;   /* frames are read and thrown away */
	bool over;      /* on_gone has been called */
	bool freeing;
};

/* Start it. NULL and *err (spawn). */
struct sl_process *sl_process_start(struct sl_supervisor *s, const struct sl_worker_options *o,
                                    const struct sl_process_events *events, void *owner,
                                    struct sl_recorder *recorder, struct sl_error *err);

/* The owner lets go. leave: in good order, with the grace of the ladder;
 * otherwise SIGTERM at once. A process that is gone already is freed. */
void sl_process_release(struct sl_process *p, bool leave);

/* Ask it to leave in good order, but keep it: on_gone will come. */
void sl_process_leave(struct sl_process *p);

/* SIGKILL, now. */
void sl_process_kill(struct sl_process *p);

/* Write what the session has put into its out buffer, and arm the timer for
 * the nearest deadline. Call this after every change to the session. */
void sl_process_pump(struct sl_process *p);

/* Read once more what has already arrived, without waiting. True if there
 * was anything; on_input is not called. */
bool sl_process_read_arrived(struct sl_process *p);

/* The same for what it has printed: on_line is called for each line, even an unfinished one. */
void sl_process_read_printed(struct sl_process *p);

void sl_process_pause(struct sl_process *p, bool paused);
