/*
 * block.h - the parts of a recording (room: record)
 *
 * Pure: turns records into a block, a block into bytes, and back. FORMAT.md has a
 * diagram; this file and block.c are the only place in the code that knows the
 * layout. No header is trusted before its checksum is verified, and sizes are
 * checked against bounds even then.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SL_RECORD_VERSION 1

/* X(identifier, code, name); a code is also a bit in the set of kinds of a block, so
 * that a reader that looks for some kinds can skip other blocks. */
#define SL_RECORD_KINDS(X)                                                            \
	X(START, 1, "start")   /* a process was started: u8 transport */              \
	X(WORKER, 2, "worker") /* bytes that it sent: magic, frames, or garbage */    \
	X(RUNNER, 3, "runner") /* bytes that were sent to it: frames */               \
	X(STDOUT, 4, "stdout") /* bytes that it printed */                            \
	X(STDERR, 5, "stderr")                                                        \
	X(HANGUP, 6, "hangup") /* it closed its pipe */                               \
	X(EXIT, 7, "exit")     /* it ended: struct sl_record_exit */                  \
	X(CUT, 8, "cut")       /* the runner ended the request: a failure frame */    \
	X(END, 9, "end")       /* of the recording; nothing follows */

enum sl_record_kind {
#define SL_RECORD_ENUM(id, code, name) SL_RECORD_##id = code,
	SL_RECORD_KINDS(SL_RECORD_ENUM)
#undef SL_RECORD_ENUM
};

/* The stage of a cut that the runner did not cause: the recording that it was made from ended there. */
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
	bool forced;   /* the runner had to send a signal */
	bool signalled;
	uint32_t value; /* exit status, or the signal */
};

void sl_record_exit_put(char out[SL_RECORD_EXIT_SIZE], const struct sl_record_exit *e);
/* Returns false if the record is not one. */
bool sl_record_exit_get(struct sl_record_exit *e, const struct sl_record *r);

/* ---- sizes, bytes ---- */

#define SL_FILE_HEADER_SIZE 16
#define SL_BLOCK_HEADER_SIZE 32
#define SL_RECORD_HEADER_SIZE 13
#define SL_BLOCK_SIZE (256u * 1024) /* of records, packed or not; a record is in one block */

/* Flags of the file, bits. */
#define SL_RECORD_IS_CUT 1u /* made from another: rows were left out or changed */
#define SL_RECORD_FLAGS SL_RECORD_IS_CUT

void sl_file_header_put(unsigned char out[SL_FILE_HEADER_SIZE], uint32_t flags);
/* Returns 0 and *flags, or -1 and *err (export_failed, with the offset). len: how much of it was read. */
int sl_file_header_get(uint32_t *flags, const unsigned char *in, size_t len, struct sl_error *err);

/* ---- filling a block ---- */

struct sl_block {
	size_t len;
	uint32_t kinds; /* a bit for each kind that it holds */
	char bytes[SL_BLOCK_SIZE];
};

/* Adds as many of the bytes as there is room for. Returns how many, or -1 if there is
 * room for none. Kinds that are bytes of a stream may be split; others must fit into an
 * empty block, and the caller treats a partial one like -1. */
long sl_block_add(struct sl_block *b, enum sl_record_kind kind, uint64_t time_ns,
                  const void *bytes, size_t n);

/* The number of a file's first block; the following blocks count up from it. */
uint64_t sl_block_first(uint32_t flags);

enum sl_block_method { SL_BLOCK_LZ4 = 0, SL_BLOCK_STORED = 1 };

struct sl_packed {
	unsigned char head[SL_BLOCK_HEADER_SIZE];
	const char *bytes; /* borrowed: from the block if stored, otherwise from out */
	size_t len;
};

/* Packs the block with this number for writing. If LZ4 does not make it smaller, it is stored. */
void sl_block_pack(struct sl_packed *p, const struct sl_block *b, uint64_t number, enum sl_block_method method,
                   char out[SL_BLOCK_SIZE]);

/* ---- reading a block ---- */

struct sl_block_header {
	uint32_t size, packed, kinds, method;
	uint64_t checksum; /* of the packed records */
};

/* offset: of the header in the file, for the error. Returns 0, or -1 and *err. */
int sl_block_header_get(struct sl_block_header *h, const unsigned char in[SL_BLOCK_HEADER_SIZE],
                        uint64_t number, uint64_t offset, struct sl_error *err);

/* Verifies the checksum of the h->packed bytes. Returns 0, or -1 and *err. */
int sl_block_check(const struct sl_block_header *h, const char *packed, uint64_t number, uint64_t offset,
                   struct sl_error *err);

/* Does the same and unpacks them into b. Returns 0, or -1 and *err. */
int sl_block_unpack(struct sl_block *b, const struct sl_block_header *h, const char *packed,
                    uint64_t number, uint64_t offset, struct sl_error *err);

/* Reads the record at *at and advances it. Returns false at the end. An unpacked block
 * holds only whole records of known kinds. */
bool sl_block_next(const struct sl_block *b, size_t *at, struct sl_record *r);
