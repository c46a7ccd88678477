/*
 * place.h - where a file that is to be replaced really stands (room: file)
 *
 * A path as its directory, held open, and a name in it. Symbolic links are
 * followed to the file they lead to, which need not exist yet. What cannot be
 * replaced by a rename is refused here, before anything is written: a
 * directory, a FIFO or device, a descriptor's name in /proc, a file that may
 * not be written or removed by us, a mount point.
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
	struct stat was; /* when it exists: as it was found */
};

/* 0, or -1 and *err (sink), and then nothing is held. */
int sl_place_find(struct sl_file_place *p, const char *path, struct sl_error *err);
void sl_place_clear(struct sl_file_place *p); /* idempotent */

/* Look again what is there: exists, and was. 0, or -1 and *err (sink). */
int sl_place_look(struct sl_file_place *p, const char *path, struct sl_error *err);

/* Does the name stand for something else by now, or for other content? */
bool sl_place_changed(const struct sl_file_place *p);
