/* reader.c - see reader.h */
#include "record/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int sl_record_open(struct sl_record_reader *r, sl_record_source *source, void *ctx, bool unfinished,
                   struct sl_error *err)
{
	unsigned char head[SL_FILE_HEADER_SIZE];
	*r = (struct sl_record_reader){ .source = source, .ctx = ctx, .unfinished = unfinished };
	long n = source(ctx, 0, head, sizeof head);
	if (n < 0)
		return sl_fail(err, SL_EXPORT_FAILED, errno, "the recording cannot be read");
	if (sl_file_header_get(&r->flags, head, (size_t)n, err) != 0)
		return -1;
	r->block = malloc(sizeof *r->block);
	r->packed = malloc(SL_BLOCK_SIZE);
	r->first = (struct sl_record_place){ sl_block_first(r->flags), SL_FILE_HEADER_SIZE, 0 };
	sl_record_seek(r, r->first);
	if (r->block != NULL && r->packed != NULL)
		return 0;
	sl_record_close(r);
	return sl_fail(err, SL_EXPORT_FAILED, ENOMEM, "no memory to read a recording");
}

void sl_record_close(struct sl_record_reader *r)
{
	free(r->block);
	free(r->packed);
	r->block = NULL;
	r->packed = NULL;
}

void sl_record_seek(struct sl_record_reader *r, struct sl_record_place place)
{
	r->place = place;
	r->loaded = r->ended = r->cut = false;
}

/* Reads n bytes. Returns 1; 0 if the file ends before; -1 and *err. */
static int fetch(struct sl_record_reader *r, uint64_t offset, void *out, size_t n, struct sl_error *err)
{
	long got = r->source(r->ctx, offset, out, n);
	if (got < 0) {
		sl_fail(err, SL_EXPORT_FAILED, errno, "the recording cannot be read at byte %" PRIu64, offset);
		return sl_error_number(err, SL_D_OFFSET, (int64_t)offset);
	}
	return (size_t)got == n;
}

/* The file ended without an end record, which is an error unless it is unfinished. */
static int at_the_end(struct sl_record_reader *r, struct sl_error *err)
{
	r->ended = r->cut = true;
	if (r->unfinished)
		return 0;
	sl_fail(err, SL_EXPORT_FAILED, 0, "the recording is truncated: its end is missing after byte %" PRIu64,
	        r->place.offset);
	return sl_error_number(err, SL_D_OFFSET, (int64_t)r->place.offset);
}

/* Reads the header of the block at r->place, and its packed bytes if it has any of these kinds.
 * Returns 1, 0 at the end, -1 and *err. */
static int fetch_block(struct sl_record_reader *r, uint32_t kinds, struct sl_block_header *h, struct sl_error *err)
{
	unsigned char head[SL_BLOCK_HEADER_SIZE];
	const struct sl_record_place *p = &r->place;
	char last;
	int rc = fetch(r, p->offset, head, sizeof head, err);
	if (rc <= 0)
		return rc < 0 ? -1 : at_the_end(r, err);
	if (sl_block_header_get(h, head, p->number, p->offset, err) != 0)
		return -1;
	uint64_t data = p->offset + SL_BLOCK_HEADER_SIZE;
	rc = h->kinds & kinds ? fetch(r, data, r->packed, h->packed, err) : fetch(r, data + h->packed - 1, &last, 1, err);
	if (rc <= 0)
		return rc < 0 ? -1 : at_the_end(r, err);
	r->next_offset = data + h->packed;
	return 1;
}

static void go_on(struct sl_record_reader *r)
{
	r->place = (struct sl_record_place){ r->place.number + 1, r->next_offset, 0 };
	r->loaded = false;
}

int sl_record_verify(struct sl_record_reader *r, struct sl_record_place from, struct sl_error *err)
{
	struct sl_block_header h;
	uint64_t end = r->next_offset;
	sl_record_seek(r, from);
	while (r->place.offset < end) {
		int rc = fetch_block(r, SL_RECORD_ALL, &h, err);
		if (rc <= 0)
			return rc;
		if (sl_block_check(&h, r->packed, r->place.number, r->place.offset, err) != 0)
			return -1;
		go_on(r);
	}
	return 0;
}

/* The same, and unpacks its records if they are wanted. */
static int load(struct sl_record_reader *r, uint32_t kinds, struct sl_error *err)
{
	struct sl_block_header h = { 0 };
	const struct sl_record_place *p = &r->place;
	int rc = fetch_block(r, kinds, &h, err);
	if (rc <= 0)
		return rc;
	r->loaded = true;
	if (!(h.kinds & kinds))
		r->block->len = 0;
	else if (sl_block_unpack(r->block, &h, r->packed, p->number, p->offset, err) != 0)
		return -1;
	return 1;
}

/* Checks that nothing follows the end. */
static int finish(struct sl_record_reader *r, struct sl_error *err)
{
	char more;
	r->ended = true;
	if (r->place.at != r->block->len || fetch(r, r->next_offset, &more, 1, err) != 0) {
		sl_fail(err, SL_EXPORT_FAILED, 0, "the recording is damaged at byte %" PRIu64
		        ": data follows its end", r->next_offset);
		return sl_error_number(err, SL_D_OFFSET, (int64_t)r->next_offset);
	}
	return 1;
}

int sl_record_next(struct sl_record_reader *r, uint32_t kinds, struct sl_record *out,
                   struct sl_error *err)
{
	while (!r->ended) {
		if (!r->loaded) {
			int rc = load(r, kinds | SL_RECORD_BIT(SL_RECORD_END), err);
			if (rc <= 0)
				return rc;
		}
		for (;;) {
			r->last = r->place;
			if (!sl_block_next(r->block, &r->place.at, out))
				break;
			if (out->kind == SL_RECORD_END && finish(r, err) < 0)
				return -1;
			if (kinds & SL_RECORD_BIT(out->kind))
				return 1;
		}
		if (r->ended)
			break;
		go_on(r);
	}
	return 0;
}
