/*
 * decoder.h - bytes in, frames out (room: wire)
 *
 * Feed it bytes, ask it for frames. It knows nothing about pipes, clocks or the
 * meaning of payloads. Lengths are checked against the cap before anything is
 * allocated, and memory grows only as bytes arrive: never beyond what has
 * arrived plus the room requested.
 *
 *     char *at = sl_decoder_room(d, 65536, &size);
 *     sl_decoder_fed(d, read(fd, at, size));
 *     while ((rc = sl_decoder_next(d, &frame, &err)) == 1)
 *             ...
 *
 * The end that reads from a worker begins with sl_decoder_expect_magic(). After an
 * error the decoder stays broken: there is no resynchronising.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "wire/frame.h"

/* Bytes tolerated, and kept for quoting, before the magic in stdio transport. */
#define SL_PREAMBLE_LIMIT (64u * 1024)

enum sl_decoder_state {
	SL_DECODER_MAGIC,    /* the magic must come next */
	SL_DECODER_PREAMBLE, /* text may come first */
	SL_DECODER_FRAMES,
	SL_DECODER_BROKEN
};

struct sl_decoder { /* embedded; the fields are private */
	struct sl_buffer in;
	struct sl_buffer preamble;
	uint64_t offset; /* of in's first byte since the connection began */
	uint32_t cap;
	enum sl_decoder_state state;
	bool opening; /* waiting for the frame after the magic */
	size_t last; /* bytes of the frame handed out last, not yet consumed */
};

/* cap: the largest payload allowed, bytes. */
void sl_decoder_init(struct sl_decoder *d, uint32_t cap);
void sl_decoder_clear(struct sl_decoder *d);

/* The connection starts with the magic. tolerant: other bytes may come before
 * it (see sl_decoder_preamble); otherwise they are a handshake error. */
void sl_decoder_expect_magic(struct sl_decoder *d, bool tolerant);

/* Changes the cap, once it has been negotiated. */
void sl_decoder_set_cap(struct sl_decoder *d, uint32_t cap);

/* Returns room for at least `least` bytes; *size is how much there is. NULL when out
 * of memory. Invalidates the frame handed out last. */
char *sl_decoder_room(struct sl_decoder *d, size_t least, size_t *size);
void sl_decoder_fed(struct sl_decoder *d, size_t n);

/* Does both of the above with a copy. Returns 0, or -1 when out of memory. */
int sl_decoder_feed(struct sl_decoder *d, const void *bytes, size_t n);

/*
 * 1: *frame is filled in. 0: more bytes are needed. -1: broken, and *err says
 * why: `handshake` (no magic, or the first frame has another version),
 * `protocol` or `frame_too_large`, with the byte offset.
 */
int sl_decoder_next(struct sl_decoder *d, struct sl_frame *frame, struct sl_error *err);

/* Is the next frame of this kind, and complete? */
bool sl_decoder_has(const struct sl_decoder *d, enum sl_frame_kind kind);

/* The stream has ended. Returns 0 if that is between two frames, otherwise -1 and an
 * error that says what was cut, and where. */
int sl_decoder_end(const struct sl_decoder *d, struct sl_error *err);

/* How many bytes have arrived but are not yet consumed. */
size_t sl_decoder_pending(const struct sl_decoder *d);

/* Bytes that came before the magic (borrowed until the next feed). */
const char *sl_decoder_preamble(const struct sl_decoder *d, size_t *len);

/* Frees memory above `keep` bytes; for use between requests. */
void sl_decoder_trim(struct sl_decoder *d, size_t keep);
