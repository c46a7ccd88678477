/*
 * reader.h - the records of a recording, one after the other (room: record)
 *
 * Pure: where bytes come from is a function that it is given. What is damaged is
 * found when it is come to, and named by its offset; nothing of a damaged block is
 * handed out. Memory: one block.
 */
#pragma once

#include "base/buffer.h"
#include "record/block.h"

/* Up to n bytes from this offset: how many there were (less only at the end), or
 * -1 with errno. */
typedef long sl_record_source(void *ctx, uint64_t offset, void *out, size_t n);

struct sl_record_place { /* of a record */
	uint64_t number, offset; /* of its block */
	size_t at;
};

struct sl_record_reader { /* embedded; read `flags`, `first`, `place`, `last` and `cut` */
	sl_record_source *source;
	void *ctx;
	struct sl_record_place first; /* of the file */
	struct sl_record_place place; /* of the record that comes next */
	struct sl_record_place last;  /* of the record that came last */
	uint64_t next_offset;         /* of the next block */
	uint32_t flags;               /* of the file (block.h) */
	bool unfinished; /* it may end behind any block: it is still a .part */
	bool cut;        /* it has done so */
	bool loaded, ended;
	struct sl_block *block;
	char *packed;
};

/* 0, or -1 and *err: no memory, or not a recording. */
int sl_record_open(struct sl_record_reader *r, sl_record_source *source, void *ctx, bool unfinished,
                   struct sl_error *err);
void sl_record_close(struct sl_record_reader *r);

/* The next record whose kind is in the set; blocks that hold none are passed over. 1: *out, borrowed
 * until the next call; 0: the end; -1: damaged, *err says where. */
int sl_record_next(struct sl_record_reader *r, uint32_t kinds, struct sl_record *out,
                   struct sl_error *err);

/* Behind the last record: are all blocks from this place on as they were written? Nothing is
 * unpacked. 0, or -1 and *err. To be followed by _seek. */
int sl_record_verify(struct sl_record_reader *r, struct sl_record_place from, struct sl_error *err);

/* Go on at a place where the reader has been. */
void sl_record_seek(struct sl_record_reader *r, struct sl_record_place place);
