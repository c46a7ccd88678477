/*
 * stop.h - asks whether to go on with long work (room: file)
 */
#pragma once

#include "base/error.h"

/* Called between the pieces of work whose duration grows with the size of a file.
 * Returns 0 to go on, or -1 and *err (cancelled), which names the file. err may be NULL. */
typedef int sl_stop(struct sl_error *err, const char *path);
