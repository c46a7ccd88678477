/*
 * input.h - bytes out of files, one after the other, or of a descriptor (room: host)
 *
 * What is packed by gzip is recognised by its first two bytes, and unpacked.
 */
#pragma once

#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "file/gzip.h"

struct sl_input { /* embedded; zeroed, then _open or _next */
	int fd;                 /* that is read; -1: none */
	const char *name;       /* of its file; NULL: it has none; borrowed */
	char *const *files;     /* that are still to come, NULL at the end; or NULL; borrowed */
	struct sl_gunzip *gunzip; /* NULL: it is not packed, or that is not known yet */
	struct sl_buffer raw;   /* read, and not given yet */
	bool is_ours;           /* to be closed */
	bool is_known;          /* whether it is packed */
	bool has_ended;
	bool may_hold;          /* it was unpacked up to the last byte of room: there may be more */
};

/* Read this descriptor, which stays the caller's; _plain: never unpacked. */
void sl_input_open(struct sl_input *in, int fd, const char *name);
void sl_input_open_plain(struct sl_input *in, int fd);

/* Close the file, and open the next one; "-" is descriptor 0. 1; 0: there is none; -1:
 * *err (export_failed). */
int sl_input_next(struct sl_input *in, struct sl_error *err);

/* Does a read have something without waiting for the descriptor? */
bool sl_input_is_ready(const struct sl_input *in);

#define SL_INPUT_AGAIN (-2)

/* How many bytes went to `at`; 0: the end of this one; -1: *err (export_failed) says why
 * it cannot be read; SL_INPUT_AGAIN: wait for the descriptor first. */
ssize_t sl_input_read(struct sl_input *in, char *at, size_t room, struct sl_error *err);

void sl_input_clear(struct sl_input *in);
