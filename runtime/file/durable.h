/*
 * durable.h - a file that is there as a whole or not at all (room: file)
 *
 * What is written goes to a temporary file beside the target, which keeps its
 * old content, or its absence, until _commit renames the temporary over it.
 * Whatever ends the process at whatever point, SIGKILL included: a reader
 * finds the old content or the complete new one. A file that is to be appended
 * to is therefore copied first (sharing blocks where the file system can), new
 * bytes follow in the copy, and the same rename replaces it: at the price of
 * reading the old file, no torn line can be seen, not even between a crash and
 * the next run. A stop that the owner wants ends that copy (stop.h). Hard links,
 * ACLs and extended attributes of the old file stay with the old one; mode and,
 * where allowed, owner go over to the new.
 *
 * The temporary is called .NAME.sluice-XXXXXX and locked (flock) as long as its
 * owner lives; the kernel lets go of the lock however that process ends. Who
 * begins next finds the temporaries of the same target: one that is locked
 * means that somebody is writing this target right now, and is an error; one
 * that is not has no owner any more, and is removed. A short lock on the
 * directory keeps two that begin at once apart. On a file system
 * without locks, stale temporaries stay, and do no harm.
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

#define SL_DURABLE_MODE 0 /* mode: the old file's, else what the umask allows */

struct sl_durable { /* embedded, and not to be moved; all zero is closed */
	enum sl_durable_state state;
	struct sl_file_place place;
	char temporary[NAME_MAX + 1];
	int fd;     /* of the temporary while it is open, else -1 */
	int lock;   /* the same description, until the end: closing it unlocks */
	int old;    /* in append mode, the old file if there is one, else -1 */
	bool append;
	const char *path; /* for messages: as given, borrowed */
	sl_stop *stop;
	struct sl_durable *_Atomic next; /* of those that are open in this process */
};

/* Begin: state OPEN, or -1 and *err (sink, or what stop said) and nothing is
 * left. path is borrowed until the end. */
int sl_durable_begin(struct sl_durable *d, const char *path, bool append, int mode,
                     sl_stop *stop, struct sl_error *err);

/* All of it: 0, or the errno. */
int sl_durable_write(struct sl_durable *d, const char *bytes, size_t len);

/* Synced and closed, each checked: state PREPARED, or -1 and *err (sink), and
 * then only _rollback can follow. */
int sl_durable_prepare(struct sl_durable *d, struct sl_error *err);

/* Renamed over the target, the directory synced: state CLOSED. -1 and *err
 * (commit): either the target is untouched and the state still PREPARED, or it
 * is replaced but the directory could not be synced, and the state CLOSED. */
int sl_durable_commit(struct sl_durable *d, struct sl_error *err);

/* Remove the temporary, unless the state is CLOSED: it is then. -1 and *err
 * (sink) when the temporary could not be removed. Never touches the target. */
int sl_durable_rollback(struct sl_durable *d, struct sl_error *err);

/* The process is about to be left as it is: remove the temporaries of all that are
 * open in it. Async-signal-safe; nothing of them can be used after it. */
void sl_durable_abandon_all(void);
