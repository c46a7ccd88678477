/*
 * input.h - bytes from files, one after the other, or from a descriptor (room: host)
 *
 * Gzip data is recognised by its first two bytes, and unpacked.
 */
#pragma once

#include <sys/types.h>

#include "base/buffer.h"
#include "base/error.h"
#include "file/gzip.h"

struct sl_input { /* embedded; zeroed, then _open or _next */
	int fd;                 /* being read; -1: none */
	const char *name;       /* of the file; NULL: it has none; borrowed */
	char *const *files;     /* still to come, NULL at the end; or NULL; borrowed */
	struct sl_gunzip *gunzip; /* NULL: it is not packed, or that is not known yet */
	struct sl_buffer raw;   /* read, but not returned yet */
	bool is_ours;           /* to be closed */
	bool is_known;          /* it is known whether it is packed */
	bool has_ended;
	bool may_hold;          /* unpacking filled all of the room: there may be more */
};

/* Read this descriptor, which stays the caller's. _plain: never unpack it. */
void sl_input_open(struct sl_input *in, int fd, const char *name);
void sl_input_open_plain(struct sl_input *in, int fd);

/* Close the file and open the next one; "-" is descriptor 0. 1; 0: there is no next one; -1:
 * *err (export_failed). */
int sl_input_next(struct sl_input *in, struct sl_error *err);

/* Would a read return something without waiting for the descriptor? */
bool sl_input_is_ready(const struct sl_input *in);

#define SL_INPUT_AGAIN (-2)

/* Returns the number of bytes put at `at`; 0: the end of this one; -1: *err (export_failed) says
 * why it cannot be read; SL_INPUT_AGAIN: wait for the descriptor first. */
ssize_t sl_input_read(struct sl_input *in, char *at, size_t room, struct sl_error *err);

void sl_input_clear(struct sl_input *in);
