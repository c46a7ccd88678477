/*
 * file.h - a recording that is read from its file (room: record)
 *
 * The reader (reader.h) over a descriptor. Every error names the file.
 */
#pragma once

#include "record/reader.h"

#define SL_RECORD_PART ".part" /* behind the name, until the end */

struct sl_record_file { /* embedded; use `reader` */
	int fd;
	const char *path; /* borrowed */
	struct sl_record_reader reader;
};

/* 0, or -1 and *err: spawn if it cannot be opened, else as sl_record_open. _close either way. */
int sl_record_file_open(struct sl_record_file *f, const char *path, struct sl_error *err);
void sl_record_file_close(struct sl_record_file *f);

/* An error of the reader's, or about what it has read: the file is named in front. Returns -1. */
int sl_record_file_name(const struct sl_record_file *f, struct sl_error *err);
