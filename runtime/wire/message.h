/*
 * message.h - the contents of frames (room: wire)
 *
 * One struct per kind of frame that carries more than raw bytes, an encoder
 * that appends the whole frame to a buffer, and a parser that reads a
 * payload. Those that consist only of fields are generated from the lists in
 * kinds.h. Rows, replies and stream names are raw payloads and need only
 * sl_frame. Strings in a parsed message are borrowed from the payload and not
 * terminated. The byte layout is in PROTOCOL.md.
 *
 * Encoders return 0, or -1 when out of memory. Parsers return 0, or -1 and
 * *err: kind `protocol`, with the offset within the connection.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/text.h"
#include "wire/frame.h"
#include "wire/ledger.h"

/* How an export is called. */
enum sl_export_type {
	SL_EXPORT_ROWS = 1, /* rows, then a summary */
	SL_EXPORT_CALL = 2, /* one reply */
};

struct sl_export_name {
	struct sl_text name;
	enum sl_export_type type;
};

#define SL_EXPORT_LIMIT 4096

/* Names of optional features (feature.h): 1 to 64 bytes of a to z, 0 to 9, "-"
 * and "_", each name at most once, in any order. */
#define SL_FEATURE_LIMIT 64
#define SL_FEATURE_NAME_LIMIT 64

struct sl_feature_names {
	uint32_t count;
	struct sl_text name[SL_FEATURE_LIMIT];
};

struct sl_hello {
	uint8_t version_min, version_max; /* protocol versions spoken */
	uint32_t max_frame;  /* the largest cap the worker accepts, bytes */
	struct sl_text name, version; /* of the worker */
	struct sl_text runtime;       /* of the library that implements the protocol */
	uint32_t export_count;
	const char *exports; /* parsed: walk with sl_hello_export */
	size_t exports_len;
	struct sl_feature_names features; /* offered */
};

struct sl_summary {
	bool stopped;
	uint64_t elapsed_ns; /* as the worker measured it */
	bool has_metadata;
	struct sl_text metadata; /* one JSON value */
	uint32_t seal_count;
	struct sl_seal seals[SL_STREAM_LIMIT];
};

/*
 * The simple messages of kinds.h: for `diagnostic`, for example, the struct
 * sl_diagnostic with the fields listed there, and
 *
 *     int sl_diagnostic_encode(out, request, &m);
 *     int sl_diagnostic_parse(frame, &m, err);
 *
 * request is 0 for a kind whose header has none.
 */
#define SL_TYPE_u8 uint8_t
#define SL_TYPE_u32 uint32_t
#define SL_TYPE_u64 uint64_t
#define SL_TYPE_flag bool
#define SL_TYPE_text struct sl_text
#define SL_TYPE_type enum sl_export_type
#define SL_TYPE_features struct sl_feature_names

#define SL_FIELD(type, name) SL_TYPE_##type name;
#define SL_MESSAGE(id, name, tag, FIELDS)                                                        \
	struct tag {                                                                             \
		FIELDS(SL_FIELD)                                                                 \
	};                                                                                       \
	int sl_##name##_encode(struct sl_buffer *out, uint64_t request, const struct tag *m);    \
	int sl_##name##_parse(const struct sl_frame *f, struct tag *m, struct sl_error *err);
SL_SIMPLE_MESSAGES(SL_MESSAGE)
#undef SL_MESSAGE
#undef SL_FIELD

int sl_hello_encode(struct sl_buffer *out, const struct sl_hello *m,
                    const struct sl_export_name *exports);
int sl_hello_parse(const struct sl_frame *f, struct sl_hello *m, struct sl_error *err);
/* Iterates over a parsed hello: *at starts at 0; returns false at the end. */
bool sl_hello_export(const struct sl_hello *m, size_t *at, struct sl_export_name *out);

/* stop, cancel, shutdown, ready: a header and nothing else. */
int sl_plain_encode(struct sl_buffer *out, enum sl_frame_kind kind, uint64_t request);

/* stream (sequence 0), row, reply: a raw payload. */
int sl_raw_encode(struct sl_buffer *out, enum sl_frame_kind kind, uint64_t request,
                  uint16_t stream, uint64_t sequence, const char *payload, size_t len);

int sl_summary_encode(struct sl_buffer *out, uint64_t request, const struct sl_summary *m);
int sl_summary_parse(const struct sl_frame *f, struct sl_summary *m, struct sl_error *err);

/* A failure is an sl_error on the wire, including its details. Request 0: the worker
 * could not start, and this is sent instead of hello. Parsing fills *out with the
 * worker's error; an unknown kind becomes export_failed. */
int sl_failure_encode(struct sl_buffer *out, uint64_t request, const struct sl_error *m);
int sl_failure_parse(const struct sl_frame *f, struct sl_error *out, struct sl_error *err);
