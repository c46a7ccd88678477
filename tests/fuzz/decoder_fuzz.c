/*
 * decoder_fuzz.c - any bytes, cut anywhere, decode to the same frames
 *
 * The first bytes of the input choose the cap, the magic and the cuts; the
 * rest is what arrives. Two decoders get it, one whole and one in pieces, and
 * must agree: on frames, error, and what was cut off at the end. What parses is
 * encoded again and must give the same bytes.
 */
#include "fuzz/check.h"
#include "wire/decoder.h"
#include "wire/ledger.h"
#include "wire/message.h"

/* Everything that a decoder reports, as bytes to compare. */
struct record {
	struct sl_buffer said;
	struct sl_ledger ledger;
	int rc;
};

static void note(struct record *r, const void *bytes, size_t n)
{
	CHECK(sl_buffer_append(&r->said, bytes, n) == 0);
}

static void note_error(struct record *r, const struct sl_error *err)
{
	CHECK(err->kind != SL_NONE && err->message[0] != '\0');
	note(r, &err->kind, sizeof err->kind);
	note(r, err->message, strlen(err->message));
}

/* encode(parse(frame)) is the frame again, where encoding leaves no choice. */
static void check_again(const struct sl_frame *f, const struct sl_buffer *again)
{
	CHECK(sl_buffer_len(again) == SL_HEADER_SIZE + f->head.length);
	CHECK(memcmp(sl_buffer_data(again) + SL_HEADER_SIZE, f->payload, f->head.length) == 0);
}

/* The simple messages of kinds.h. */
#define AGAIN(id, name, tag, FIELDS)                                                         \
	static int again_##name(const struct sl_frame *f, struct sl_buffer *again,           \
	                        struct sl_error *err)                                        \
	{                                                                                    \
		struct tag m;                                                                \
		if (sl_##name##_parse(f, &m, err) != 0)                                      \
			return -1;                                                           \
		CHECK(sl_##name##_encode(again, f->head.request, &m) == 0);                  \
		return 0;                                                                    \
	}
SL_SIMPLE_MESSAGES(AGAIN)

static int parse(const struct sl_frame *f, struct sl_buffer *again, struct sl_error *err)
{
	struct sl_hello hello;
	struct sl_error failure;
	switch (f->head.kind) {
#define CASE(id, name, tag, FIELDS) case SL_FRAME_##id: return again_##name(f, again, err);
	SL_SIMPLE_MESSAGES(CASE)
#undef CASE
	case SL_FRAME_HELLO:
		return sl_hello_parse(f, &hello, err);
	case SL_FRAME_FAILURE:
		if (sl_failure_parse(f, &failure, err) != 0)
			return -1;
		CHECK(failure.kind != SL_NONE);
	}
	return 0;
}

static int follow(struct record *r, const struct sl_frame *f, struct sl_error *err)
{
	struct sl_summary m;
	int rc = 0;
	switch (f->head.kind) {
	case SL_FRAME_STREAM:
		return sl_ledger_declare(&r->ledger, f->head.stream, f->payload, f->head.length, err);
	case SL_FRAME_ROW:
		return sl_ledger_receive(&r->ledger, f->head.stream, f->head.sequence, f->payload,
		                         f->head.length, err) != NULL ? 0 : -1;
	case SL_FRAME_SUMMARY:
		rc = sl_summary_parse(f, &m, err);
		if (rc == 0)
			rc = sl_ledger_check(&r->ledger, m.seals, m.seal_count, err);
	}
	return rc;
}

static void look_at(struct record *r, const struct sl_frame *f)
{
	struct sl_error err;
	struct sl_buffer again;
	sl_error_clear(&err);
	sl_buffer_init(&again);
	note(r, &f->head, sizeof f->head);
	note(r, &f->offset, sizeof f->offset);
	note(r, f->payload, f->head.length);
	if (parse(f, &again, &err) != 0 || follow(r, f, &err) != 0)
		note_error(r, &err);
	bool exact = f->head.kind != SL_FRAME_PROGRESS; /* its flag is always encoded as 1 */
	if (sl_buffer_len(&again) > 0 && exact)
		check_again(f, &again);
	sl_buffer_clear(&again);
}

static void drain(struct sl_decoder *d, struct record *r)
{
	struct sl_frame f;
	memset(&f, 0, sizeof f);
	struct sl_error err;
	sl_error_clear(&err);
	while ((r->rc = sl_decoder_next(d, &f, &err)) == 1) {
		CHECK(f.head.length <= d->cap);
		for (int i = 0; i < SL_BUFFER_PADDING; i++) /* readable, with any content */
			(void)*(volatile const char *)&f.payload[f.head.length + (size_t)i];
		look_at(r, &f);
	}
	if (r->rc < 0)
		note_error(r, &err);
}

static void record_init(struct record *r)
{
	*r = (struct record){ 0 };
	sl_buffer_init(&r->said);
	r->ledger = (struct sl_ledger){ 0 };
}

static void decoder_begin(struct sl_decoder *d, uint8_t mode)
{
	sl_decoder_init(d, mode & 4 ? 64 : SL_FRAME_CAP_FLOOR);
	if (mode & 1)
		sl_decoder_expect_magic(d, mode & 2);
}

/* steps 0: all at once. Bytes that are left unread after an error are ignored. */
static void run(const uint8_t *data, size_t size, uint8_t mode, uint8_t steps, struct record *r)
{
	struct sl_decoder d;
	struct sl_error err;
	sl_error_clear(&err);
	record_init(r);
	decoder_begin(&d, mode);
	for (size_t at = 0; at < size && r->rc >= 0;) {
		size_t n = steps == 0 ? size : 1 + (at * 31 + steps) % steps;
		n = n < size - at ? n : size - at;
		CHECK(sl_decoder_feed(&d, data + at, n) == 0);
		at += n;
		drain(&d, r);
	}
	if (r->rc >= 0 && sl_decoder_end(&d, &err) != 0)
		note_error(r, &err);
	sl_decoder_clear(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t mode = take_byte(&in), steps = take_byte(&in);
	struct record whole, pieces;
	run(in.at, in.left, mode, 0, &whole);
	run(in.at, in.left, mode, steps > 0 ? steps : 1, &pieces);
	/* An error about the magic quotes the bytes that had arrived by then. */
	bool quotes = (mode & 1) && whole.rc < 0;
	CHECK(whole.rc == pieces.rc);
	if (!quotes) {
		CHECK(sl_buffer_len(&whole.said) == sl_buffer_len(&pieces.said));
		CHECK(sl_buffer_len(&whole.said) == 0
		      || memcmp(sl_buffer_data(&whole.said), sl_buffer_data(&pieces.said),
		                sl_buffer_len(&whole.said)) == 0);
	}
	sl_ledger_clear(&whole.ledger);
	sl_ledger_clear(&pieces.ledger);
	sl_buffer_clear(&whole.said);
	sl_buffer_clear(&pieces.said);
	return 0;
}
