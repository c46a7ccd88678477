/* decoder.c - see decoder.h */
#include "wire/decoder.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

void sl_decoder_init(struct sl_decoder *d, uint32_t cap)
{
	*d = (struct sl_decoder){ .cap = cap, .state = SL_DECODER_FRAMES };
}

void sl_decoder_clear(struct sl_decoder *d)
{
	sl_buffer_clear(&d->in);
	sl_buffer_clear(&d->preamble);
}

void sl_decoder_expect_magic(struct sl_decoder *d, bool tolerant)
{
	d->state = tolerant ? SL_DECODER_PREAMBLE : SL_DECODER_MAGIC;
	d->opening = true;
}

void sl_decoder_set_cap(struct sl_decoder *d, uint32_t cap)
{
	d->cap = cap;
}

static void consume(struct sl_decoder *d, size_t n)
{
	sl_buffer_consume(&d->in, n);
	d->offset += n;
}

/* The frame handed out last stays in the buffer until the next call. */
static void consume_last(struct sl_decoder *d)
{
	size_t n = d->last;
	d->last = 0;
	if (n > 0)
		consume(d, n);
}

char *sl_decoder_room(struct sl_decoder *d, size_t least, size_t *size)
{
	consume_last(d);
	char *at = sl_buffer_room_tight(&d->in, least);
	*size = at != NULL ? sl_buffer_free_space(&d->in) : 0;
	return at;
}

void sl_decoder_fed(struct sl_decoder *d, size_t n)
{
	sl_buffer_added(&d->in, n);
}

int sl_decoder_feed(struct sl_decoder *d, const void *bytes, size_t n)
{
	size_t size;
	char *at = sl_decoder_room(d, n, &size);
	if (at == NULL)
		return -1;
	memcpy(at, bytes, n);
	sl_decoder_fed(d, n);
	return 0;
}

/* How many bytes at p agree with the start of the magic. */
static size_t magic_match(const char *p, size_t len)
{
	size_t n = 0;
	while (n < len && n < SL_MAGIC_SIZE && p[n] == SL_MAGIC[n])
		n++;
	return n;
}

static int take_magic(struct sl_decoder *d, struct sl_error *err)
{
	size_t len = sl_buffer_len(&d->in);
	const char *p = sl_buffer_data(&d->in);
	size_t match = len > 0 ? magic_match(p, len) : 0;
	if (match == SL_MAGIC_SIZE) {
		consume(d, SL_MAGIC_SIZE);
		d->state = SL_DECODER_FRAMES;
		return 1;
	}
	if (match == len)
		return 0;
	char quoted[80];
	sl_quote(quoted, sizeof quoted, p, len);
	return sl_fail(err, SL_HANDSHAKE, 0,
	               "the worker does not speak the protocol: it began with \"%s\"", quoted);
}

/* Moves bytes that cannot be the start of the magic to the preamble. */
static int skip_preamble(struct sl_decoder *d, struct sl_error *err)
{
	for (;;) {
		size_t len = sl_buffer_len(&d->in);
		if (len == 0)
			return 0;
		const char *p = sl_buffer_data(&d->in);
		const char *m = memchr(p, (unsigned char)SL_MAGIC[0], len);
		size_t before = m != NULL ? (size_t)(m - p) : len;
		if (before == 0) {
			size_t match = magic_match(p, len);
			if (match == SL_MAGIC_SIZE || match == len)
				return take_magic(d, err);
			before = 1;
		}
		if (sl_buffer_len(&d->preamble) + before > SL_PREAMBLE_LIMIT)
			return sl_fail(err, SL_HANDSHAKE, 0, "no sign of a worker in the first %u bytes",
			               SL_PREAMBLE_LIMIT);
		if (sl_buffer_append(&d->preamble, p, before) != 0)
			return sl_fail(err, SL_HANDSHAKE, ENOMEM,
			               "no memory for the output before the worker's hello");
		consume(d, before);
	}
}

static int check_header(const struct sl_decoder *d, const struct sl_header *h, struct sl_error *err)
{
	if (h->version != SL_PROTOCOL_VERSION)
		return sl_fail(err, d->opening ? SL_HANDSHAKE : SL_PROTOCOL, 0,
		               "frame of protocol version %u, expected %u (byte %" PRIu64 ")",
		               h->version, SL_PROTOCOL_VERSION, d->offset);
	if (sl_frame_kind_name(h->kind) == NULL)
		return sl_fail(err, SL_PROTOCOL, 0, "unknown kind of frame %u (byte %" PRIu64 ")",
		               h->kind, d->offset);
	if (h->length <= d->cap)
		return 0;
	sl_fail(err, SL_FRAME_TOO_LARGE, 0,
	        "a %s frame of %" PRIu32 " bytes, over the cap of %" PRIu32 " (byte %" PRIu64 ")",
	        sl_frame_kind_name(h->kind), h->length, d->cap, d->offset);
	sl_error_number(err, SL_D_SIZE, h->length);
	return sl_error_number(err, SL_D_LIMIT, d->cap);
}

static int take_frame(struct sl_decoder *d, struct sl_frame *frame, struct sl_error *err)
{
	size_t len = sl_buffer_len(&d->in);
	if (len < SL_HEADER_SIZE)
		return 0;
	const char *p = sl_buffer_data(&d->in);
	sl_header_get(&frame->head, (const unsigned char *)p);
	if (check_header(d, &frame->head, err) != 0)
		return -1;
	if (len - SL_HEADER_SIZE < frame->head.length)
		return 0;
	frame->payload = p + SL_HEADER_SIZE;
	frame->offset = d->offset;
	d->last = SL_HEADER_SIZE + (size_t)frame->head.length;
	d->opening = false;
	return 1;
}

int sl_decoder_next(struct sl_decoder *d, struct sl_frame *frame, struct sl_error *err)
{
	int rc = 1;
	consume_last(d);
	if (d->state == SL_DECODER_BROKEN)
		return sl_fail(err, SL_PROTOCOL, 0, "the connection is already broken");
	if (d->state != SL_DECODER_FRAMES)
		rc = d->state == SL_DECODER_MAGIC ? take_magic(d, err) : skip_preamble(d, err);
	if (rc == 1)
		rc = take_frame(d, frame, err);
	if (rc < 0) {
		sl_error_number(err, SL_D_OFFSET, (int64_t)d->offset);
		d->state = SL_DECODER_BROKEN;
	}
	return rc;
}

bool sl_decoder_has(const struct sl_decoder *d, enum sl_frame_kind kind)
{
	struct sl_header h;
	size_t len = sl_decoder_pending(d);
	if (d->state != SL_DECODER_FRAMES || len < SL_HEADER_SIZE)
		return false;
	sl_header_get(&h, (const unsigned char *)sl_buffer_data(&d->in) + d->last);
	return h.kind == kind && len - SL_HEADER_SIZE >= h.length;
}

int sl_decoder_end(const struct sl_decoder *d, struct sl_error *err)
{
	size_t left = sl_decoder_pending(d);
	if (d->state == SL_DECODER_BROKEN)
		return sl_fail(err, SL_PROTOCOL, 0, "the connection is already broken");
	if (left == 0)
		return 0;
	if (d->state != SL_DECODER_FRAMES) {
		sl_fail(err, SL_HANDSHAKE, 0, "the stream ended before the worker had introduced itself");
	} else if (left < SL_HEADER_SIZE) {
		sl_fail(err, SL_PROTOCOL, 0,
		        "the stream ended inside a header: %zu of %d bytes (byte %" PRIu64 ")",
		        left, SL_HEADER_SIZE, d->offset + d->last);
	} else {
		struct sl_header h;
		sl_header_get(&h, (const unsigned char *)sl_buffer_data(&d->in) + d->last);
		sl_fail(err, SL_PROTOCOL, 0,
		        "the stream ended inside a %s frame: %zu of %" PRIu32 " bytes (byte %" PRIu64 ")",
		        sl_frame_kind_name(h.kind) ? sl_frame_kind_name(h.kind) : "broken",
		        left - SL_HEADER_SIZE, h.length, d->offset + d->last);
	}
	return sl_error_number(err, SL_D_OFFSET, (int64_t)(d->offset + d->last));
}

size_t sl_decoder_pending(const struct sl_decoder *d)
{
	return sl_buffer_len(&d->in) - d->last;
}

const char *sl_decoder_preamble(const struct sl_decoder *d, size_t *len)
{
	*len = sl_buffer_len(&d->preamble);
	return sl_buffer_data(&d->preamble);
}

void sl_decoder_trim(struct sl_decoder *d, size_t keep)
{
	consume_last(d);
	sl_buffer_trim(&d->in, keep);
}
