/*
 * frame.h - the fixed header of a frame (room: wire)
 *
 * Every frame is a header of SL_HEADER_SIZE bytes, little-endian, and a
 * payload of `length` bytes. PROTOCOL.md has a diagram; this is the only place
 * in the code that knows the layout. The kinds are listed in kinds.h.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "wire/kinds.h"

#define SL_PROTOCOL_VERSION 1
#define SL_HEADER_SIZE 24

/* What a worker writes before its first frame. The first byte is not UTF-8
 * and the line ends differ, so that neither text nor a text-mode pipe can forge it. */
#define SL_MAGIC "\x93sluice\r\n\n"
#define SL_MAGIC_SIZE 10

/* The cap on a frame's payload, in bytes; negotiated within these bounds.
 * Until `configure` has been sent, it is the floor. */
#define SL_FRAME_CAP_FLOOR (64u * 1024)
#define SL_FRAME_CAP_DEFAULT (1024u * 1024)
#define SL_FRAME_CAP_CEILING (256u * 1024 * 1024)

enum sl_frame_kind {
#define SL_FRAME_ENUM(id, code, name, sender, when, header) SL_FRAME_##id = code,
	SL_FRAME_KINDS(SL_FRAME_ENUM)
#undef SL_FRAME_ENUM
};

/* The states of a connection; bits. */
enum sl_when {
	SL_AT_OPENING = 1,   /* waiting for hello or configure */
	SL_AT_IDLE = 2,
	SL_AT_ROWS = 4,      /* a request for rows runs */
	SL_AT_CALL = 8,      /* a call runs */
	SL_AT_SETTLING = 16, /* after the terminal frame, before ready */
	SL_AT_RUNNING = SL_AT_ROWS | SL_AT_CALL,
	SL_AT_RUNNING_OR_OPENING = SL_AT_RUNNING | SL_AT_OPENING,
	SL_AT_OPEN = SL_AT_IDLE | SL_AT_RUNNING | SL_AT_SETTLING
};

/* The ids that the header of a kind carries; each value includes those before it. */
enum sl_header_ids { SL_HAS_NONE, SL_HAS_REQUEST, SL_HAS_STREAM, SL_HAS_ROW /* sequence */ };

enum sl_sender { SL_FROM_WORKER, SL_FROM_RUNNER };

struct sl_frame_rule {
	const char *name;
	uint8_t sender; /* enum sl_sender */
	uint8_t when;   /* enum sl_when */
	uint8_t header; /* enum sl_header_ids */
};

struct sl_header {
	uint32_t length;   /* of the payload, bytes */
	uint8_t version;
	uint8_t kind;      /* enum sl_frame_kind */
	uint16_t stream;   /* 0: none */
	uint64_t request;  /* 0: none */
	uint64_t sequence; /* of a row within its stream and request */
};

void sl_header_put(unsigned char out[SL_HEADER_SIZE], const struct sl_header *h);
void sl_header_get(struct sl_header *h, const unsigned char in[SL_HEADER_SIZE]);

/* The entry of kinds.h for a kind; NULL for a code that this version does not know. */
const struct sl_frame_rule *sl_frame_rule(uint8_t kind);

/* "row", or NULL. */
const char *sl_frame_kind_name(uint8_t kind);

/* A complete frame. The payload is borrowed from the decoder until its next
 * feed, and has SL_BUFFER_PADDING readable bytes after it. */
struct sl_frame {
	struct sl_header head;
	const char *payload;
	uint64_t offset; /* of the header, in bytes since the connection began */
};
