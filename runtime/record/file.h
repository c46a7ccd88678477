/*
 * file.h - reads a recording from a file (room: record)
 *
 * The reader (reader.h) over a descriptor. Every error names the file.
 */
#pragma once

#include "record/reader.h"

#define SL_RECORD_PART ".part" /* appended to the name until it is complete */

struct sl_record_file { /* embedded; use `reader` */
	int fd;
	const char *path; /* borrowed */
	struct sl_record_reader reader;
};

/* Returns 0, or -1 and *err: spawn if it cannot be opened, otherwise like sl_record_open. Call
 * _close in either case. */
int sl_record_file_open(struct sl_record_file *f, const char *path, struct sl_error *err);
void sl_record_file_close(struct sl_record_file *f);

/* Prefixes the file name to an error of the reader, or about what it has read. Returns -1. */
int sl_record_file_name(const struct sl_record_file *f, struct sl_error *err);
