/*
 * interrupt.h - signals that the user sends to the command (room: script)
 *
 * The command's signal handler reports here; the loop and every row check with
 * one plain read. After the first signal every request, including later ones, is
 * cancelled at the next row boundary, and a handler that still runs a second later
 * is stopped; from the second signal on, leaving workers are killed and handlers
 * stopped at once. No signal handler is installed here: a program that embeds the
 * module keeps its own. Process-wide, like signals.
 */
#pragma once

#include <stdatomic.h>

struct sl_error;
struct sl_supervisor;
struct sl_limit;

/* From a signal handler (async-signal-safe). Returns how many signals there have been. */
int sl_script_interrupt(int sig);

/* Which supervisor a signal wakes, and whose handlers it stops; NULL: none. */
void sl_interrupt_watch(struct sl_supervisor *s, struct sl_limit *limit);

extern atomic_int sl_interrupt_total; /* see sl_interrupt_count */

/* How many signals there have been. */
static inline int sl_interrupt_count(void)
{
	return atomic_load_explicit(&sl_interrupt_total, memory_order_relaxed);
}

/* The number of the latest signal, and its name ("SIGINT"; "signal" if unknown). */
int sl_interrupt_signal(void);
const char *sl_interrupt_name(int sig);

/* 0, or -1 and *err (cancelled): the user wants to wait no longer for the work
 * on this file. */
int sl_interrupt_check(struct sl_error *err, const char *path);

/* How many signals have come since the last call: for core.interrupted(). */
int sl_interrupt_news(void);
