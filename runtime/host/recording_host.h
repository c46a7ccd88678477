/*
 * recording_host.h - a recording in the place of a worker: *.rows (room: host)
 *
 * It speaks the transport itself, because what it has to say may be no good protocol:
 * the recorded bytes, with the ids of the present requests, what was printed, and the
 * same end, be it an exit status, a signal, or a pipe that was closed. What the runner had
 * caused ends as a failure that says so.
 *
 * A stop that the recorded request did not have ends with a summary of what has been
 * sent; frames of features that the present runner did not pick are left out, but a line
 * that was no row is a failure then. A cancel ends the process.
 */
#pragma once

#include <stdbool.h>

#include "host/transport.h"

/* realtime: with the recorded pauses. Comes back only with the exit status. */
int sl_recording_host(const struct sl_transport *t, enum sl_transport_kind kind, const char *path,
                      bool realtime);
