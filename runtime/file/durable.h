/*
 * durable.h - a file that is written completely or not at all (room: file)
 *
 * Data is written to a temporary file beside the target, which keeps its old
 * content, or stays absent, until _commit renames the temporary over it. However
 * and whenever the process ends, even by SIGKILL, a reader finds the old content
 * or the complete new one. To append to a file, it is therefore copied first
 * (sharing blocks if the file system can), new bytes follow in the copy, and the
 * same rename replaces it: at the price of reading the old file, no torn line is
 * ever visible, not even between a crash and the next run. The owner can stop
 * that copy (stop.h). Hard links, ACLs and extended attributes stay with the old
 * file; the new one gets its mode and, if allowed, its owner.
 *
 * The temporary is called .NAME.sluice-XXXXXX and is locked (flock) as long as its
 * owner lives; the kernel releases the lock however that process ends. The next
 * writer to begin finds the temporaries of the same target: if one is locked,
 * another writer is using this target, which is an error; one that is not locked
 * has lost its owner and is removed. A short lock on the directory serialises
 * writers that begin at the same time. On a file system without locks, stale
 * temporaries remain but are harmless.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "file/place.h"
#include "file/stop.h"

enum sl_durable_state {
	SL_DURABLE_CLOSED, /* committed, rolled back, or never begun */
	SL_DURABLE_OPEN,
	SL_DURABLE_PREPARED
};

#define SL_DURABLE_MODE 0 /* mode: the old file's, otherwise what the umask allows */

struct sl_durable { /* embedded; must not be moved; all zero is closed */
	enum sl_durable_state state;
	struct sl_file_place place;
	char temporary[NAME_MAX + 1];
	int fd;     /* of the temporary while it is open, otherwise -1 */
	int lock;   /* the same open file, kept until the end: closing it unlocks */
	int old;    /* when appending, the old file if there is one, otherwise -1 */
	bool append;
	const char *path; /* for messages: as given, borrowed */
	sl_stop *stop;
	struct sl_durable *_Atomic next; /* list of those open in this process */
};

/* Begins: the state is OPEN, or -1 and *err (sink, or stop's error) and nothing is
 * left behind. path is borrowed until the end. */
int sl_durable_begin(struct sl_durable *d, const char *path, bool append, int mode,
                     sl_stop *stop, struct sl_error *err);

/* Writes all the bytes. Returns 0, or the errno. */
int sl_durable_write(struct sl_durable *d, const char *bytes, size_t len);

/* Syncs and closes, checking each: the state is PREPARED, or -1 and *err (sink), after
 * which only _rollback may follow. */
int sl_durable_prepare(struct sl_durable *d, struct sl_error *err);

/* Renames it over the target and syncs the directory: the state is CLOSED. -1 and *err
 * (commit): either the target is untouched and the state still PREPARED, or it was
 * replaced but the directory could not be synced, and the state is CLOSED. */
int sl_durable_commit(struct sl_durable *d, struct sl_error *err);

/* Removes the temporary, unless the state is CLOSED; then the state is CLOSED. -1 and
 * *err (sink) if the temporary could not be removed. Never touches the target. */
int sl_durable_rollback(struct sl_durable *d, struct sl_error *err);

/* For a process that ends without cleaning up: removes the temporaries of all that are
 * open in it. Async-signal-safe; they must not be used afterwards. */
void sl_durable_abandon_all(void);
