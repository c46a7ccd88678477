/*
 * recording_fuzz.c - whatever a recording contains, the reader stays within it
 *
 * The input is the file, or the content of blocks with valid checksums, so that more
 * than the checksums is tested. Records are whole and of known kinds; a second reading
 * finds as many; a file that the writer's functions made has as many records as were
 * put in.
 */
#include "fuzz/check.h"
#include "record/reader.h"

struct file {
	const uint8_t *bytes;
	size_t len;
};

static long read_at(void *ctx, uint64_t offset, void *out, size_t n)
{
	const struct file *f = ctx;
	if (offset >= f->len)
		return 0;
	size_t left = f->len - (size_t)offset;
	n = n < left ? n : left;
	memcpy(out, f->bytes + offset, n);
	return (long)n;
}

static void look_at(const struct sl_record *r)
{
	CHECK(r->kind >= SL_RECORD_START && r->kind <= SL_RECORD_END && r->len <= SL_BLOCK_SIZE);
	for (uint32_t i = 0; i < r->len; i++)
		(void)*(volatile const char *)&r->bytes[i];
}

/* Reads everything; returns the number of records of these kinds, or -1. */
static long read_all(struct sl_record_reader *r, uint32_t kinds)
{
	struct sl_record rec;
	struct sl_error err;
	sl_error_clear(&err);
	long n = 0;
	int rc;
	while ((rc = sl_record_next(r, kinds, &rec, &err)) == 1) {
		look_at(&rec);
		n++;
	}
	CHECK((rc < 0) == (err.kind != SL_NONE));
	return rc < 0 ? -1 : n;
}

static void read_file(const uint8_t *bytes, size_t len, bool unfinished)
{
	struct file f = { bytes, len };
	struct sl_record_reader r;
	struct sl_error err;
	sl_error_clear(&err);
	if (sl_record_open(&r, read_at, &f, unfinished, &err) != 0) {
		CHECK(err.kind != SL_NONE);
		return;
	}
	struct sl_record_place first = r.place;
	long all = read_all(&r, SL_RECORD_ALL);
	sl_record_seek(&r, first);
	CHECK(read_all(&r, SL_RECORD_ALL) == all);
	sl_record_seek(&r, first);
	long some = read_all(&r, SL_RECORD_BIT(SL_RECORD_RUNNER));
	CHECK(all < 0 || (some >= 0 && some <= all));
	CHECK(all < 0 || sl_record_verify(&r, first, &err) == 0);
	sl_record_close(&r);
}

#define FILE_MOST (SL_FILE_HEADER_SIZE + SL_BLOCK_HEADER_SIZE + SL_BLOCK_SIZE)

/* Makes a file of one block; returns its length. */
static size_t make_file(uint8_t out[FILE_MOST], const struct sl_block *b, enum sl_block_method method)
{
	static char packed[SL_BLOCK_SIZE];
	struct sl_packed p;
	sl_block_pack(&p, b, 0, method, packed);
	sl_file_header_put(out, 0);
	memcpy(out + SL_FILE_HEADER_SIZE, p.head, sizeof p.head);
	memcpy(out + SL_FILE_HEADER_SIZE + sizeof p.head, p.bytes, p.len);
	return SL_FILE_HEADER_SIZE + sizeof p.head + p.len;
}

/* One block with valid checksums whose records are the raw input. */
static void read_block(const uint8_t *data, size_t size, uint32_t kinds)
{
	static struct sl_block b;
	static uint8_t file[FILE_MOST];
	if (size == 0 || size > SL_BLOCK_SIZE)
		return;
	memcpy(b.bytes, data, size);
	b.len = size;
	b.kinds = kinds;
	read_file(file, make_file(file, &b, kinds & 2 ? SL_BLOCK_STORED : SL_BLOCK_LZ4), kinds & 1);
}

/* The input as records of a block, which is read back. */
static void round_trip(const uint8_t *data, size_t size)
{
	static struct sl_block b;
	static uint8_t file[FILE_MOST];
	struct input in = { data, size };
	b.len = 0;
	b.kinds = 0;
	long n = 1;
	while (in.left > 2) {
		enum sl_record_kind kind = SL_RECORD_START + take_byte(&in) % (SL_RECORD_END - 1);
		size_t len = take_byte(&in);
		len = len < in.left ? len : in.left;
		CHECK(sl_block_add(&b, kind, (uint64_t)n, in.at, len) == (long)len);
		in.at += len;
		in.left -= len;
		n++;
	}
	CHECK(sl_block_add(&b, SL_RECORD_END, (uint64_t)n, NULL, 0) == 0);
	struct file f = { file, make_file(file, &b, n % 2 ? SL_BLOCK_STORED : SL_BLOCK_LZ4) };
	struct sl_record_reader r;
	struct sl_error err;
	sl_error_clear(&err);
	CHECK(sl_record_open(&r, read_at, &f, false, &err) == 0);
	CHECK(read_all(&r, SL_RECORD_ALL) == n);
	sl_record_close(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t mode = take_byte(&in);
	switch (mode % 3) {
	case 0: read_file(in.at, in.left, mode & 4); break;
	case 1: {
		uint32_t kinds = take_byte(&in) | (uint32_t)take_byte(&in) << 8;
		read_block(in.at, in.left, kinds);
		break;
	}
	default: round_trip(in.at, in.left);
	}
	return 0;
}
