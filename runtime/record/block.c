/* block.c - see block.h */
#include "record/block.h"

#include <inttypes.h>
#include <string.h>

#include <lz4.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "wire/bytes.h"

static const char magic[8] = { '\x93', 'r', 'o', 'w', 's', '\r', '\n', '\n' };

static int damaged(struct sl_error *err, uint64_t offset, const char *what)
{
	sl_fail(err, SL_EXPORT_FAILED, 0, "the recording is damaged at byte %" PRIu64 ": %s", offset, what);
	return sl_error_number(err, SL_D_OFFSET, (int64_t)offset);
}

/* ---- exits ---- */

void sl_record_exit_put(char out[SL_RECORD_EXIT_SIZE], const struct sl_record_exit *e)
{
	out[0] = (char)e->forced;
	out[1] = (char)e->signalled;
	sl_put32((unsigned char *)out + 2, e->value);
}

bool sl_record_exit_get(struct sl_record_exit *e, const struct sl_record *r)
{
	if (r->kind != SL_RECORD_EXIT || r->len != SL_RECORD_EXIT_SIZE)
		return false;
	*e = (struct sl_record_exit){ r->bytes[0] != 0, r->bytes[1] != 0,
		                      sl_get32((const unsigned char *)r->bytes + 2) };
	return true;
}

/* ---- the file's header ---- */

void sl_file_header_put(unsigned char out[SL_FILE_HEADER_SIZE], uint32_t flags)
{
	memcpy(out, magic, sizeof magic);
	sl_put32(out + 8, SL_RECORD_VERSION);
	sl_put32(out + 12, flags);
}

int sl_file_header_get(uint32_t *flags, const unsigned char *in, size_t len, struct sl_error *err)
{
	if (len < sizeof magic || memcmp(in, magic, sizeof magic) != 0)
		return sl_fail(err, SL_EXPORT_FAILED, 0, "not a recording: it does not begin like one (byte 0)");
	if (len < SL_FILE_HEADER_SIZE)
		return damaged(err, len, "its header is truncated");
	if (sl_get32(in + 8) != SL_RECORD_VERSION) {
		sl_fail(err, SL_EXPORT_FAILED, 0,
		        "the recording has version %" PRIu32 " (byte 8), but this runtime reads version %d",
		        sl_get32(in + 8), SL_RECORD_VERSION);
		return sl_error_number(err, SL_D_OFFSET, 8);
	}
	*flags = sl_get32(in + 12);
	if ((*flags & ~SL_RECORD_FLAGS) == 0)
		return 0;
	sl_fail(err, SL_EXPORT_FAILED, 0,
	        "the recording has flags 0x%" PRIx32 " (byte 12), but this runtime knows 0x%x; use a newer sluice",
	        *flags, SL_RECORD_FLAGS);
	return sl_error_number(err, SL_D_OFFSET, 12);
}

/* ---- filling ---- */

long sl_block_add(struct sl_block *b, enum sl_record_kind kind, uint64_t time_ns,
                  const void *bytes, size_t n)
{
	size_t room = sizeof b->bytes - b->len;
	if (room < SL_RECORD_HEADER_SIZE + (n > 0))
		return -1;
	room -= SL_RECORD_HEADER_SIZE;
	if (n > room)
		n = room;
	unsigned char *at = (unsigned char *)b->bytes + b->len;
	at[0] = (unsigned char)kind;
	sl_put32(at + 1, (uint32_t)n);
	sl_put64(at + 5, time_ns);
	if (n > 0)
		memcpy(at + SL_RECORD_HEADER_SIZE, bytes, n);
	b->len += SL_RECORD_HEADER_SIZE + n;
	b->kinds |= SL_RECORD_BIT(kind);
	return (long)n;
}

/* The flags have no checksum of their own, so the block numbers cover them. */
uint64_t sl_block_first(uint32_t flags)
{
	return (uint64_t)flags << 32;
}

/* The number is the seed, so a block in the wrong place, or from a file with other flags,
 * fails the check. */
void sl_block_pack(struct sl_packed *p, const struct sl_block *b, uint64_t number, enum sl_block_method method,
                   char out[SL_BLOCK_SIZE])
{
	int packed = method == SL_BLOCK_LZ4 ? LZ4_compress_default(b->bytes, out, (int)b->len, (int)b->len - 1) : 0;
	p->bytes = packed > 0 ? out : b->bytes;
	p->len = packed > 0 ? (size_t)packed : b->len;
	sl_put32(p->head, (uint32_t)b->len);
	sl_put32(p->head + 4, (uint32_t)p->len);
	sl_put32(p->head + 8, b->kinds);
	sl_put32(p->head + 12, packed > 0 ? SL_BLOCK_LZ4 : SL_BLOCK_STORED);
	sl_put64(p->head + 16, XXH3_64bits_withSeed(p->bytes, p->len, number));
	sl_put64(p->head + 24, XXH3_64bits_withSeed(p->head, 24, number));
}

/* ---- reading ---- */

int sl_block_header_get(struct sl_block_header *h, const unsigned char in[SL_BLOCK_HEADER_SIZE],
                        uint64_t number, uint64_t offset, struct sl_error *err)
{
	*h = (struct sl_block_header){ sl_get32(in), sl_get32(in + 4), sl_get32(in + 8), sl_get32(in + 12), sl_get64(in + 16) };
	if (sl_get64(in + 24) != XXH3_64bits_withSeed(in, 24, number))
		return damaged(err, offset, "the checksum of a block's header does not match");
	if (h->size == 0 || h->size > SL_BLOCK_SIZE || h->packed == 0 || h->packed > SL_BLOCK_SIZE)
		return damaged(err, offset, "a block has an impossible size");
	if (h->method != SL_BLOCK_LZ4 && h->method != SL_BLOCK_STORED)
		return damaged(err, offset, "a block is compressed by an unknown method");
	return 0;
}

/* Does it hold only whole records of known kinds, and exactly the kinds that the header lists? */
static bool is_well_formed(const struct sl_block *b)
{
	uint32_t kinds = 0;
	size_t at = 0;
	while (at < b->len) {
		const unsigned char *p = (const unsigned char *)b->bytes + at;
		if (b->len - at < SL_RECORD_HEADER_SIZE)
			return false;
		uint32_t n = sl_get32(p + 1);
		if (p[0] < SL_RECORD_START || p[0] > SL_RECORD_END || n > b->len - at - SL_RECORD_HEADER_SIZE)
			return false;
		kinds |= SL_RECORD_BIT(p[0]);
		at += SL_RECORD_HEADER_SIZE + n;
	}
	return kinds == b->kinds;
}

int sl_block_check(const struct sl_block_header *h, const char *packed, uint64_t number, uint64_t offset,
                   struct sl_error *err)
{
	if (h->checksum == XXH3_64bits_withSeed(packed, h->packed, number))
		return 0;
	return damaged(err, offset + SL_BLOCK_HEADER_SIZE, "the checksum of a block does not match");
}

/* Returns the length of the records; after a failure it differs from the header's. */
static int unpack(char *out, const struct sl_block_header *h, const char *packed)
{
	if (h->method == SL_BLOCK_LZ4)
		return LZ4_decompress_safe(packed, out, (int)h->packed, SL_BLOCK_SIZE);
	memcpy(out, packed, h->packed);
	return (int)h->packed;
}

int sl_block_unpack(struct sl_block *b, const struct sl_block_header *h, const char *packed,
                    uint64_t number, uint64_t offset, struct sl_error *err)
{
	b->len = 0;
	b->kinds = h->kinds;
	if (sl_block_check(h, packed, number, offset, err) != 0)
		return -1;
	offset += SL_BLOCK_HEADER_SIZE;
	int n = unpack(b->bytes, h, packed);
	if (n < 0 || (uint32_t)n != h->size)
		return damaged(err, offset, "a block cannot be decompressed");
	b->len = (size_t)n;
	return is_well_formed(b) ? 0 : damaged(err, offset, "a block contains an invalid record");
}

bool sl_block_next(const struct sl_block *b, size_t *at, struct sl_record *r)
{
	const unsigned char *p = (const unsigned char *)b->bytes + *at;
	if (*at >= b->len)
		return false;
	*r = (struct sl_record){ (enum sl_record_kind)p[0], sl_get64(p + 5),
		                 (const char *)p + SL_RECORD_HEADER_SIZE, sl_get32(p + 1) };
	*at += SL_RECORD_HEADER_SIZE + r->len;
	return true;
}
