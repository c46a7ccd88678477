/*
 * reader.h - the records of a recording, one after the other (room: record)
 *
 * Pure: it gets bytes from a function passed by the caller. Damage is found when it
 * is reached, and reported with its offset; nothing from a damaged block is handed
 * out. Memory: one block.
 */
#pragma once

#include "base/buffer.h"
#include "record/block.h"

/* Reads n bytes from this offset. Returns how many (fewer only at the end), or -1 with
 * errno. */
typedef long sl_record_source(void *ctx, uint64_t offset, void *out, size_t n);

struct sl_record_place { /* of a record */
	uint64_t number, offset; /* of its block */
	size_t at;
};

struct sl_record_reader { /* embedded; read `flags`, `first`, `place`, `last` and `cut` */
	sl_record_source *source;
	void *ctx;
	struct sl_record_place first; /* of the file */
	struct sl_record_place place; /* of the next record */
	struct sl_record_place last;  /* of the last record returned */
	uint64_t next_offset;         /* of the next block */
	uint32_t flags;               /* of the file (block.h) */
	bool unfinished; /* still a .part, which may end anywhere */
	bool cut;        /* it ended without an end record */
	bool loaded, ended;
	struct sl_block *block;
	char *packed;
};

/* Returns 0, or -1 and *err: unreadable, out of memory, or not a recording. */
int sl_record_open(struct sl_record_reader *r, sl_record_source *source, void *ctx, bool unfinished,
                   struct sl_error *err);
void sl_record_close(struct sl_record_reader *r);

/* The next record whose kind is in the set; blocks without any are skipped. Returns 1 and *out,
 * borrowed until the next call; 0 at the end; -1 if damaged, and *err says where. */
int sl_record_next(struct sl_record_reader *r, uint32_t kinds, struct sl_record *out,
                   struct sl_error *err);

/* After the last record: verifies the checksums of all blocks from this place on, without
 * unpacking. Returns 0, or -1 and *err. Must be followed by _seek. */
int sl_record_verify(struct sl_record_reader *r, struct sl_record_place from, struct sl_error *err);

/* Continues at a place where the reader has been. */
void sl_record_seek(struct sl_record_reader *r, struct sl_record_place place);
