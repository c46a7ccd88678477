/*
 * recording_host.h - a recording in the place of a worker: *.rows (room: host)
 *
 * It speaks the transport itself, because what it has to send may break the protocol:
 * the recorded bytes, with the ids of the present requests, what was printed, and the
 * same end, be it an exit status, a signal, or a closed pipe. An end that the runner had
 * caused becomes a failure that says so.
 *
 * A stop that the recorded request did not get ends with a summary of what has been
 * sent. Frames of features that the present runner did not pick are left out, except that
 * a line that was not a row is then a failure. A cancel ends the process.
 */
#pragma once

#include <stdbool.h>

#include "host/transport.h"

/* realtime: with the recorded pauses. If it returns, it returns the exit status. */
int sl_recording_host(const struct sl_transport *t, enum sl_transport_kind kind, const char *path,
                      bool realtime);
