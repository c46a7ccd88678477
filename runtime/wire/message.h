/*
 * message.h - what the frames say (room: wire)
 *
 * One struct per kind of frame that carries more than raw bytes, an encoder
 * that appends the whole frame to a buffer, and a parser that reads a
 * payload. Rows, replies and stream names are raw payloads: sl_frame is all
 * there is to them. Strings in a parsed message are borrowed from the payload
 * and not terminated. The byte layout is in PROTOCOL.md.
 *
 * Encoders return 0, or -1 when memory is short. Parsers return 0, or -1 and
 * *err: kind `protocol`, with the offset within the connection.
 */
#ifndef SL_WIRE_MESSAGE_H
#define SL_WIRE_MESSAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "wire/frame.h"
#include "wire/ledger.h"

struct sl_text { /* borrowed bytes; bytes may be NULL when len is 0 */
	const char *bytes;
	size_t len;
};

struct sl_text sl_text_of(const char *terminated);
struct sl_text sl_text_of_buffer(const struct sl_buffer *b); /* never NULL bytes */

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

struct sl_hello {
	uint8_t version_min, version_max; /* protocol versions spoken */
	uint32_t max_frame;  /* the largest cap the worker accepts, bytes */
	struct sl_text name, version; /* of the worker */
	struct sl_text runtime;       /* of the library that speaks for it */
	uint32_t export_count;
	const char *exports; /* parsed: walk with sl_hello_export */
	size_t exports_len;
};

struct sl_configure {
	uint8_t version;
	uint32_t max_frame;
};

struct sl_request_message {
	enum sl_export_type type; /* what the caller expects */
	struct sl_text export_name;
	struct sl_text json; /* exactly one JSON value */
};

struct sl_diagnostic {
	struct sl_text code, message;
};

struct sl_progress {
	struct sl_text phase;
	uint64_t current;
	bool has_total;
	uint64_t total;
};

struct sl_summary {
	bool stopped;
	uint64_t elapsed_ns; /* as the worker measured it */
	bool has_metadata;
	struct sl_text metadata; /* one JSON value */
	struct sl_seal *seals;   /* encode: borrowed; parse: see below */
	uint32_t seal_count;
};

int sl_hello_encode(struct sl_buffer *out, const struct sl_hello *m,
                    const struct sl_export_name *exports);
int sl_hello_parse(const struct sl_frame *f, struct sl_hello *m, struct sl_error *err);
/* Iterate over a parsed hello: *at starts at 0; false at the end. */
bool sl_hello_export(const struct sl_hello *m, size_t *at, struct sl_export_name *out);

int sl_configure_encode(struct sl_buffer *out, const struct sl_configure *m);
int sl_configure_parse(const struct sl_frame *f, struct sl_configure *m, struct sl_error *err);

int sl_request_encode(struct sl_buffer *out, uint64_t request, const struct sl_request_message *m);
int sl_request_parse(const struct sl_frame *f, struct sl_request_message *m, struct sl_error *err);

/* stop, cancel, shutdown, ready: a header and nothing else. */
int sl_plain_encode(struct sl_buffer *out, enum sl_frame_kind kind, uint64_t request);

/* stream (sequence 0), row, reply: the payload as it is. */
int sl_raw_encode(struct sl_buffer *out, enum sl_frame_kind kind, uint64_t request,
                  uint16_t stream, uint64_t sequence, const char *payload, size_t len);

int sl_diagnostic_encode(struct sl_buffer *out, uint64_t request, const struct sl_diagnostic *m);
int sl_diagnostic_parse(const struct sl_frame *f, struct sl_diagnostic *m, struct sl_error *err);

int sl_progress_encode(struct sl_buffer *out, uint64_t request, const struct sl_progress *m);
int sl_progress_parse(const struct sl_frame *f, struct sl_progress *m, struct sl_error *err);

/* Parsing allocates m->seals (free with sl_summary_clear, also after -1). */
int sl_summary_encode(struct sl_buffer *out, uint64_t request, const struct sl_summary *m);
int sl_summary_parse(const struct sl_frame *f, struct sl_summary *m, struct sl_error *err);
void sl_summary_clear(struct sl_summary *m);

/* A failure is an sl_error on the wire, its details included. Request 0: the
 * worker could not start, and this stands in place of hello. Parsing fills
 * *out with the worker's error; an unknown kind becomes export_failed. */
int sl_failure_encode(struct sl_buffer *out, uint64_t request, const struct sl_error *m);
int sl_failure_parse(const struct sl_frame *f, struct sl_error *out, struct sl_error *err);

#endif
