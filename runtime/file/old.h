/*
 * old.h - examines the content of a file before appending to it (room: file)
 *
 * Appended rows must be readable as rows by a program that reads the file from its
 * beginning, without knowing where the old content ends. gzip is read completely, including
 * checksums; CSV completely, because of its quotes (RFC 4180; a quote within a bare cell is
 * an ordinary character); of any other plain file, the head and the last byte. Uses bounded memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "file/stop.h"

enum sl_old_break { SL_BREAK_NONE, SL_BREAK_LF, SL_BREAK_CRLF, SL_BREAK_CR };

enum sl_old_place { SL_AT_CELL, SL_IN_BARE, SL_IN_QUOTED, SL_AT_QUOTE }; /* in CSV; at a quote in a quoted cell */

struct sl_old {
	char *head;     /* owned by the caller; room for `wanted` bytes */
	size_t wanted, len;
	char delimiter; /* of CSV; '\0': it is not CSV */

	bool empty, ends; /* in \n */
	/* for CSV only */
	enum sl_old_break first_break; /* the first one that ends a line */
	enum sl_old_place place;       /* where the content ends */
	char last;
	size_t mark; /* bytes of the byte order mark read so far */
};

/* The caller has set head, wanted and delimiter. Returns 0; or -1 and *err: the file cannot be
 * read, is gzip although it should not be or vice versa, is damaged or cut off, or has bytes
 * after its last member, where most readers stop (sink); or stop's error. */
int sl_old_read(struct sl_old *o, int fd, const char *path, bool is_gzip, sl_stop *stop, struct sl_error *err);

/* Does the content end within a quoted cell? */
bool sl_old_is_open(const struct sl_old *o);
