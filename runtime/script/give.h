/*
 * give.h - rows given to sinks in C (room: script)
 *
 * What the room sink/ needs from its user, and taker:row(row) for scripts that
 * give rows themselves.
 */
#pragma once

#include "script/state.h"

/* Fill in the context s->sinks. */
void sl_give_init(struct sl_script *s);
