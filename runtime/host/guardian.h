/*
 * guardian.h - a worker's host ends its tree when its parent is gone (room: host)
 *
 * The host is the subreaper of everything that its worker starts, including what has left the
 * process group or called setsid. Its runner's end reaches it as a signal, and as end of file in
 * the control thread (serve.h): it sweeps and exits. It reaps what it adopts. A SIGKILL of the host
 * itself leaves the tree to the runner; if both are killed at once, what called setsid survives.
 *
 * Native workers and shared libraries have a process of their own: there only the process
 * group is ended.
 */
#pragma once

#include <stdbool.h>

/* Call this at the start of a host that is to be a guardian. */
void sl_guardian_prepare(void);

/* Once its worker has served: end everything that it left (all: --sweep), or what is in our session,
 * which the runner started for us. */
void sl_guardian_leave(bool all);

/* For a service's idle (serve.h): reap what was adopted. _all reaps everything that ends here except
 * the host's own; _old only what nobody else has waited for, as a script's code might. */
int sl_guardian_reap_all(void *user);
int sl_guardian_reap_old(void *user);

/* For a service's orphaned: end the tree, and the group if we lead it, ourselves included. */
void sl_guardian_end(void *user);
