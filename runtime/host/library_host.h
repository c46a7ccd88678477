/*
 * library_host.h - workers that are shared libraries (room: host)
 *
 * sluice/library.h is what their authors read.
 */
#pragma once

#include "host/transport.h"

/* Load the library and serve its exports: the process's exit status. */
int sl_library_host(const struct sl_transport *t, const char *path);
