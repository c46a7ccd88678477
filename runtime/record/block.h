/*
 * block.h - what a recording is made of (room: record)
 *
 * Pure: records into a block, a block into bytes and back. FORMAT.md has the
 * picture; this and block.c are the one place in the code that knows the layout.
 * Nothing that a header says is believed before its checksum has been seen, and
 * no size is: all have bounds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SL_RECORD_VERSION 1

/* X(identifier, code, name); a code is also a bit in the set of kinds of a block,
 * so that whoever looks for some can pass over the others. */
#define SL_RECORD_KINDS(X)                                                            \
	X(START, 1, "start")   /* a process has been started: u8 transport */         \
	X(WORKER, 2, "worker") /* bytes that it sent: magic, frames, or garbage */    \
	X(RUNNER, 3, "runner") /* bytes that were sent to it: frames */               \
	X(STDOUT, 4, "stdout") /* bytes that it printed */                            \
	X(STDERR, 5, "stderr")                                                        \
	X(HANGUP, 6, "hangup") /* it has closed its pipe */                           \
	X(EXIT, 7, "exit")     /* it has ended: struct sl_record_exit */              \
	X(CUT, 8, "cut")       /* the runner has ended the request: a failure frame */ \
	X(END, 9, "end")       /* of the recording; nothing follows */

enum sl_record_kind {
#define SL_RECORD_ENUM(id, code, name) SL_RECORD_##id = code,
	SL_RECORD_KINDS(SL_RECORD_ENUM)
#undef SL_RECORD_ENUM
};

/* The stage of a cut whose cause is not the runner: the recording that it was made from ended there. */
#define SL_RECORD_UNFINISHED "unfinished"

#define SL_RECORD_BIT(kind) (1u << (kind))
#define SL_RECORD_ALL (~0u)

struct sl_record { /* the bytes are borrowed from the block */
	enum sl_record_kind kind;
	uint64_t time_ns; /* since the recording began */
	const char *bytes;
	uint32_t len;
};

#define SL_RECORD_EXIT_SIZE 6
struct sl_record_exit {
	bool forced;   /* a signal of the runner's was needed */
	bool signalled;
	uint32_t value; /* exit status, or the signal */
};

void sl_record_exit_put(char out[SL_RECORD_EXIT_SIZE], const struct sl_record_exit *e);
/* False: the record is none. */
bool sl_record_exit_get(struct sl_record_exit *e, const struct sl_record *r);

/* ---- sizes, bytes ---- */

#define SL_FILE_HEADER_SIZE 16
#define SL_BLOCK_HEADER_SIZE 32
#define SL_RECORD_HEADER_SIZE 13
#define SL_BLOCK_SIZE (256u * 1024) /* of records, packed or not; a record stands in one block */

/* Flags of the file, bits. */
#define SL_RECORD_IS_CUT 1u /* made from another: rows were left out or changed */
#define SL_RECORD_FLAGS SL_RECORD_IS_CUT

void sl_file_header_put(unsigned char out[SL_FILE_HEADER_SIZE], uint32_t flags);
/* 0 and *flags, or -1 and *err (export_failed, with the offset). len: what there is of it. */
int sl_file_header_get(uint32_t *flags, const unsigned char *in, size_t len, struct sl_error *err);

/* ---- a block that is filled ---- */

struct sl_block {
	size_t len;
	uint32_t kinds; /* a bit for each that it holds */
	char bytes[SL_BLOCK_SIZE];
};

/* As much of the bytes as there is room for: how many that were, or -1 when there
 * is room for none. Kinds that are bytes of a stream may be cut; of others the caller
 * passes what fits into an empty block, and takes less as -1. */
long sl_block_add(struct sl_block *b, enum sl_record_kind kind, uint64_t time_ns,
                  const void *bytes, size_t n);

/* The number of a file's first block; each that follows has the next. */
uint64_t sl_block_first(uint32_t flags);

enum sl_block_method { SL_BLOCK_LZ4 = 0, SL_BLOCK_STORED = 1 };

struct sl_packed {
	unsigned char head[SL_BLOCK_HEADER_SIZE];
	const char *bytes; /* borrowed: of the block if they are stored, else of out */
	size_t len;
};

/* The block with this number as it is written. What LZ4 does not make smaller is stored. */
void sl_block_pack(struct sl_packed *p, const struct sl_block *b, uint64_t number, enum sl_block_method method,
                   char out[SL_BLOCK_SIZE]);

/* ---- a block that is read ---- */

struct sl_block_header {
	uint32_t size, packed, kinds, method;
	uint64_t checksum; /* of the packed records */
};

/* offset: of the header in the file, for the error. 0, or -1 and *err. */
int sl_block_header_get(struct sl_block_header *h, const unsigned char in[SL_BLOCK_HEADER_SIZE],
                        uint64_t number, uint64_t offset, struct sl_error *err);

/* h->packed bytes are those that were written: 0, or -1 and *err. */
int sl_block_check(const struct sl_block_header *h, const char *packed, uint64_t number, uint64_t offset,
                   struct sl_error *err);

/* Checked, and unpacked into b: 0, or -1 and *err. */
int sl_block_unpack(struct sl_block *b, const struct sl_block_header *h, const char *packed,
                    uint64_t number, uint64_t offset, struct sl_error *err);

/* The record at *at, which moves on; false at the end. A block that was unpacked
 * holds whole records, and of known kinds only. */
bool sl_block_next(const struct sl_block *b, size_t *at, struct sl_record *r);
