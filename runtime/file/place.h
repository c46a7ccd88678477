/*
 * place.h - the real location of a file that is to be replaced (room: file)
 *
 * Resolves a path to its directory, held open, and a name in it. Symbolic links
 * are followed to their target, which need not exist yet. Anything that cannot be
 * replaced by a rename is refused here, before anything is written: a directory,
 * a FIFO or device, a descriptor's name in /proc, a file that we may not write
 * or remove, a mount point.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

struct sl_file_place { /* embedded: _find, then _clear */
	int dir; /* descriptor; -1: none */
	char name[NAME_MAX + 1];
	bool exists;
	struct stat was; /* if it exists: as it was found */
};

/* Returns 0, or -1 and *err (sink), after which nothing is held. */
int sl_place_find(struct sl_file_place *p, const char *path, struct sl_error *err);
void sl_place_clear(struct sl_file_place *p); /* idempotent */

/* Refreshes exists and was. Returns 0, or -1 and *err (sink). */
int sl_place_look(struct sl_file_place *p, const char *path, struct sl_error *err);

/* Has the name since come to mean another file, or has the content changed? */
bool sl_place_changed(const struct sl_file_place *p);
