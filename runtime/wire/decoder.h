/*
 * decoder.h - bytes in, frames out (room: wire)
 *
 * Feed it bytes, ask it for frames. Knows nothing of pipes, clocks or what a
 * payload means. Lengths are checked against the cap before anything is
 * allocated, and memory grows only as bytes arrive: never beyond what has
 * arrived plus the room asked for.
 *
 *     char *at = sl_decoder_room(d, 65536, &size);
 *     sl_decoder_fed(d, read(fd, at, size));
 *     while ((rc = sl_decoder_next(d, &frame, &err)) == 1)
 *             ...
 *
 * The reader of a worker begins with sl_decoder_expect_magic(). After an
 * error the decoder is broken for good: there is no resynchronising.
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

struct sl_decoder { /* embedded; the fields are the decoder's own */
	struct sl_buffer in;
	struct sl_buffer preamble;
	uint64_t offset; /* of in's first byte since the connection began */
	uint32_t cap;
	enum sl_decoder_state state;
	bool opening; /* the frame after the magic is awaited */
	size_t last; /* bytes of the frame handed out last, not yet consumed */
};

/* cap: the largest payload allowed, bytes. */
void sl_decoder_init(struct sl_decoder *d, uint32_t cap);
void sl_decoder_clear(struct sl_decoder *d);

/* The connection starts with the magic. tolerant: other bytes may come before
 * it (see sl_decoder_preamble); otherwise they are a handshake error. */
void sl_decoder_expect_magic(struct sl_decoder *d, bool tolerant);

/* Change the cap, once it has been negotiated. */
void sl_decoder_set_cap(struct sl_decoder *d, uint32_t cap);

/* Room for at least `least` bytes; *size is what there is. NULL when memory
 * is short. The frame handed out last is dead afterwards. */
char *sl_decoder_room(struct sl_decoder *d, size_t least, size_t *size);
void sl_decoder_fed(struct sl_decoder *d, size_t n);

/* Copying twin of the two above: 0, or -1 when memory is short. */
int sl_decoder_feed(struct sl_decoder *d, const void *bytes, size_t n);

/*
 * 1: *frame is filled in. 0: more bytes are needed. -1: broken, *err says
 * why: `handshake` (no magic, or another version in the first frame's place),
 * `protocol` or `frame_too_large`, with the byte offset.
 */
int sl_decoder_next(struct sl_decoder *d, struct sl_frame *frame, struct sl_error *err);

/* Whether a whole frame of this kind has come and is the next. */
bool sl_decoder_has(const struct sl_decoder *d, enum sl_frame_kind kind);

/* The stream has ended: 0 when that is between two frames, else -1 and an
 * error that says what was cut, and where. */
int sl_decoder_end(const struct sl_decoder *d, struct sl_error *err);

/* Bytes that have arrived and are not yet consumed. */
size_t sl_decoder_pending(const struct sl_decoder *d);

/* Bytes that came before the magic (borrowed until the next feed). */
const char *sl_decoder_preamble(const struct sl_decoder *d, size_t *len);

/* Between requests: give back memory above `keep` bytes. */
void sl_decoder_trim(struct sl_decoder *d, size_t keep);
