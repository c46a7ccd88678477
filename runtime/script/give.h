/*
 * give.h - rows given to sinks in C (room: script)
 *
 * What the room sink/ needs of whoever runs it, and taker:row(row) for scripts,
 * which give rows by themselves.
 */
#pragma once

#include "script/state.h"

/* Fill in the context s->sinks. */
void sl_give_init(struct sl_script *s);
