/*
 * guardian.h - a worker's host ends its tree when its parent is gone (room: host)
 *
 * The host is the subreaper of all that its worker starts, also of what has left the
 * process group or called setsid. It hears of its parent's end by the control thread
 * (serve.h), sweeps, and goes. What it adopts, it reaps. A SIGKILL of the host itself
 * leaves the tree to the runner; one of both at once leaves what called setsid.
 *
 * Native workers and shared libraries have their own process for themselves: there the
 * group is ended, no more.
 */
#pragma once

#include "base/children.h"

/* At the start of a host that is to be one. */
void sl_guardian_prepare(void);

/* In the control thread, now and then: reap what was adopted. Milliseconds until it should
 * be called again. */
int sl_guardian_reap(enum sl_reap whom);

/* In the control thread, when the parent is gone: end the tree, and the group if we lead
 * it, we with it. */
void sl_guardian_end(void);
