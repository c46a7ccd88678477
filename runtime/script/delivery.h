/*
 * delivery.h - delivering rows to their handlers (room: script)
 *
 * A row goes through the steps of its stream (route.h): schema, where, map,
 * on_row, the sink, the taker. It becomes a userdata only when a step needs
 * one: expressions and takers work on the bytes and the document that the
 * supervisor holds, and a row for which no user code is called never enters
 * Lua. In the end it is kept, dropped or rejected, and counted as such; a
 * rejected row goes no further, and is passed to the request's on_reject.
 */
#pragma once

#include "script/run.h"

/* Deliver this row and, if Lua is entered for it, those after it that have already
 * arrived, until next() must take one, the user sends a signal, or the turn has
 * been long enough. 0; or -1, and the request is failing. Never raises. */
int sl_delivery_from(struct sl_run *run, const struct sl_row *row);
