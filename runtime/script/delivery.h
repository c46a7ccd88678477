/*
 * delivery.h - what becomes of a row (room: script)
 *
 * A row goes through the steps of its stream (route.h): schema, where, map,
 * on_row, the sink, the taker. It becomes a userdata only when a step wants to
 * see one: expressions and takers work on the bytes and the document that the
 * supervisor holds, and a row for which nothing of the user's is called never
 * enters Lua. In the end it is kept, dropped or rejected, and counted as that;
 * a row that has been rejected goes no further, and the request's on_reject
 * hears of it.
 */
#pragma once

#include "script/run.h"

/* This row, and where Lua is entered for it, those behind it that have come already,
 * unless something is in the way: the reader of the last one, the user's signal, a
 * turn that was long enough. 0; or -1, and the request is on its way to failure.
 * Never raises. */
int sl_delivery_from(struct sl_run *run, const struct sl_row *row);
