/*
 * guardian.h - a worker's host ends its tree when its parent is gone (room: host)
 *
 * The host is the subreaper of all that its worker starts, also of what has left the
 * process group or called setsid. Its runner's end reaches it as a signal, and as the end of
 * what the control thread reads (serve.h): it sweeps, and goes. What it adopts, it reaps. A SIGKILL of the host itself leaves the tree to the
 * runner; one of both at once leaves what called setsid.
 *
 * Native workers and shared libraries have their own process for themselves: there the
 * group is ended, no more.
 */
#pragma once

#include <stdbool.h>

/* At the start of a host that is to be one. */
void sl_guardian_prepare(void);

/* When its worker has served: nothing of it is to stay (--sweep), or nothing in our session, as
 * the runner has it. */
void sl_guardian_leave(bool all);

/* For a service's idle (serve.h): reap what was adopted. All that ends here but the
 * host's own; or what nobody has waited for, as a script's code might. */
int sl_guardian_reap_all(void *user);
int sl_guardian_reap_old(void *user);

/* For a service's orphaned: end the tree, and the group if we lead it, we with it. */
void sl_guardian_end(void *user);
