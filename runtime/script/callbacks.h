/*
 * callbacks.h - the supervisor's callbacks (room: script)
 *
 * All callbacks of the loop arrive here. Rows are passed on to delivery.c;
 * diagnostics, progress and outcomes become handlers' arguments here.
 */
#pragma once

#include "script/run.h"

/* Fill in the callbacks; ctx is the run. */
void sl_callbacks_init(struct sl_events *events, struct sl_run *run);
