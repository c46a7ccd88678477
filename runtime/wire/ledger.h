/*
 * ledger.h - what has been sent on each stream of one request (room: wire)
 *
 * Both ends keep one. The sender's ledger assigns ids and sequences and makes
 * the seal; the receiver checks every row and, at the end, the seal against its
 * own. A stream's checksum is chained over its rows: XXH3-64 of the payload,
 * seeded with the checksum so far (0 at first), so that it covers the content,
 * the order and the boundaries of rows.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SL_STREAM_LIMIT 1024     /* streams in one request */
#define SL_STREAM_NAME_LIMIT 255 /* bytes */

struct sl_seal {
	uint16_t stream; /* id, from 1 in the order of first use */
	uint64_t rows;
	uint64_t bytes; /* of payloads */
	uint64_t checksum;
};

struct sl_stream {
	struct sl_seal seal; /* seal.rows is the next sequence */
	uint16_t name_len;
	char name[SL_STREAM_NAME_LIMIT + 1]; /* terminated */
};

struct sl_ledger { /* embedded; zeroed at first */
	struct sl_stream **streams; /* [id - 1], each its own allocation */
	uint16_t count;
	uint16_t recent; /* id found last, a guess for the next look-up */
};

void sl_ledger_clear(struct sl_ledger *l); /* frees; ready for a new request */

/* The stream with this id; NULL if there is none. Borrowed until clear. */
struct sl_stream *sl_ledger_stream(const struct sl_ledger *l, uint16_t id);

/* Sender: the stream of this name, or NULL. */
struct sl_stream *sl_ledger_find(struct sl_ledger *l, const char *name, size_t len);

/* Sender: adds a stream with the next id. Returns NULL and *err (row_malformed) if the
 * name is empty, too long, not UTF-8 or contains NUL, or there are too many. */
struct sl_stream *sl_ledger_add(struct sl_ledger *l, const char *name, size_t len,
                                struct sl_error *err);

/* Receiver: the sender has declared id to have this name. Returns 0, or -1 (protocol)
 * if the id is not the next one, or the name is bad or already in use. */
int sl_ledger_declare(struct sl_ledger *l, uint16_t id, const char *name, size_t len,
                      struct sl_error *err);

/* Sender: counts a row; its sequence is s->seal.rows before the call. */
void sl_stream_count(struct sl_stream *s, const char *payload, size_t len);

/* Receiver: checks the stream id and the sequence, then counts the row. Returns the
 * stream, or NULL and *err (protocol, with stream and sequence). */
struct sl_stream *sl_ledger_receive(struct sl_ledger *l, uint16_t id, uint64_t sequence,
                                    const char *payload, size_t len, struct sl_error *err);

/* Receiver: compares the sender's seals with what arrived. Returns 0 or -1 (protocol,
 * naming the stream and both sides' figures). Every stream must be sealed. */
int sl_ledger_check(const struct sl_ledger *l, const struct sl_seal *seals, size_t count,
                    struct sl_error *err);

uint64_t sl_ledger_rows(const struct sl_ledger *l);
