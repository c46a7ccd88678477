/*
 * old.h - what stands in a file that is appended to (room: file)
 *
 * Rows behind it must be read as rows: by who reads the file from its beginning, without
 * knowing where the old content ends. Of gzip all is read, checksums included; of CSV all
 * is read, for its quotes (RFC 4180, and a quote within a bare cell is a character); of
 * another plain file the head and the last byte. In bounded memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "file/stop.h"

enum sl_old_break { SL_BREAK_NONE, SL_BREAK_LF, SL_BREAK_CRLF, SL_BREAK_CR };

enum sl_old_place { SL_AT_CELL, SL_IN_BARE, SL_IN_QUOTED, SL_AT_QUOTE }; /* in CSV; at a quote in a quoted cell */

struct sl_old {
	char *head;     /* the caller's; room for `wanted` bytes */
	size_t wanted, len;
	char delimiter; /* of CSV; or '\0': it is no CSV */

	bool empty, ends; /* in \n */
	/* of CSV only */
	enum sl_old_break first_break; /* the first one that ends a line */
	enum sl_old_place place;       /* where its end is */
	char last;
	size_t mark; /* bytes of the byte order mark that have come */
};

/* The caller has set the first three: 0; or -1 and *err: it cannot be read, is gzip although it
 * should not be or the other way round, is damaged or cut off, or has bytes behind its last
 * member, behind which most readers stop (sink); or what stop said. */
int sl_old_read(struct sl_old *o, int fd, const char *path, bool is_gzip, sl_stop *stop, struct sl_error *err);

/* Does it end within a quoted cell? */
bool sl_old_is_open(const struct sl_old *o);
