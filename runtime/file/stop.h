/*
 * stop.h - whether long work is still wanted (room: file)
 */
#pragma once

#include "base/error.h"

/* Asked between the pieces of work that takes as long as a file is large: 0 to
 * go on; or -1 and *err (cancelled), which names the file. err may be NULL. */
typedef int sl_stop(struct sl_error *err, const char *path);
