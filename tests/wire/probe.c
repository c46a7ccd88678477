/*
 * probe.c - the wire room for tests: commands in, one per line; answers out
 *
 * Linked with base and wire only. Bytes and texts are hex (support/words.h).
 *
 *   decoder CAP plain|magic|tolerant     begin with a fresh decoder
 *   feed HEX [CHUNK]                     feed it, CHUNK bytes at a time
 *   announce N                           feed it N zero bytes, 64 KiB at a time
 *   cap N / end / preamble / pending
 *   encode KIND ...                      see the encoders below: hex HEX
 *   known NAME...                        the features of this side, initially none
 *   offer / among NAME... / picked NAME...
 *   hash SEED HEX                        one step of a seal's checksum
 *   ledger                               begin with a fresh ledger
 *   add NAME / declare ID NAME / receive ID SEQUENCE PAYLOAD
 *   check [ID:ROWS:BYTES:CHECKSUM]... / seals
 *   starve N COMMAND...                  run the command; its N-th allocation fails
 *   memory                               bytes held, peak, blocks; the peak starts again
 *   clear                                free everything
 *
 * A frame is answered with `frame NAME STREAM REQUEST SEQUENCE OFFSET PAYLOAD` and,
 * if it has fields, with `message ...`; an error with
 * `error KIND OS MESSAGE [DETAIL=VALUE]...`.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/words.h"
#include "wire/decoder.h"
#include "wire/feature.h"
#include "wire/ledger.h"
#include "wire/message.h"

static struct sl_decoder decoder;
static struct sl_ledger ledger;
static struct sl_buffer out;

/* ---- messages ---- */

static void say_features(struct sl_feature_names list)
{
	printf(" features");
	for (uint32_t i = 0; i < list.count; i++)
		put_text(list.name[i]);
}

static int say_hello(const struct sl_frame *f, struct sl_error *err)
{
	struct sl_hello m;
	if (sl_hello_parse(f, &m, err) != 0)
		return -1;
	printf("message %u %u %" PRIu32, m.version_min, m.version_max, m.max_frame);
	put_text(m.name);
	put_text(m.version);
	put_text(m.runtime);
	size_t at = 0;
	struct sl_export_name e;
	while (sl_hello_export(&m, &at, &e)) {
		printf(" %d", (int)e.type);
		put_text(e.name);
	}
	say_features(m.features);
	return 0;
}

static void say_number(uint64_t v)
{
	printf(" %" PRIu64, v);
}

#define say_u8 say_number
#define say_u32 say_number
#define say_u64 say_number
#define say_flag say_number
#define say_type say_number
#define say_text put_text

/* The simple messages: `message` and the fields in their order. */
#define SAY(type, name) say_##type(m.name);
#define SAY_MESSAGE(id, name, tag, FIELDS)                              \
	static int say_##name(const struct sl_frame *f, struct sl_error *err) \
	{                                                               \
		struct tag m;                                           \
		if (sl_##name##_parse(f, &m, err) != 0)                 \
			return -1;                                      \
		printf("message");                                      \
		FIELDS(SAY)                                             \
		return 0;                                               \
	}
SL_SIMPLE_MESSAGES(SAY_MESSAGE)

static void put_seal(const struct sl_seal *s)
{
	printf(" %u:%" PRIu64 ":%" PRIu64 ":%016" PRIx64, s->stream, s->rows, s->bytes, s->checksum);
}

static int say_summary(const struct sl_frame *f, struct sl_error *err)
{
	struct sl_summary m;
	int rc = sl_summary_parse(f, &m, err);
	if (rc == 0) {
		printf("message %d %" PRIu64, m.stopped, m.elapsed_ns);
		if (m.has_metadata)
			put_text(m.metadata);
		else
			printf(" none");
		for (uint32_t i = 0; i < m.seal_count; i++)
			put_seal(&m.seals[i]);
	}
	return rc;
}

static int say_failure(const struct sl_frame *f, struct sl_error *err)
{
	struct sl_error theirs;
	if (sl_failure_parse(f, &theirs, err) != 0)
		return -1;
	put_error("message", &theirs);
	return 1;
}

static int say_plain(const struct sl_frame *f, struct sl_error *err)
{
	(void)f;
	(void)err;
	return 1;
}

static int say_message(const struct sl_frame *f, struct sl_error *err)
{
	switch (f->head.kind) {
	case SL_FRAME_HELLO: return say_hello(f, err);
#define CASE(id, name, tag, FIELDS) case SL_FRAME_##id: return say_##name(f, err);
	SL_SIMPLE_MESSAGES(CASE)
#undef CASE
	case SL_FRAME_SUMMARY: return say_summary(f, err);
	case SL_FRAME_FAILURE: return say_failure(f, err);
	default: return say_plain(f, err);
	}
}

/* ---- the decoder ---- */

static void say_frame(const struct sl_frame *f)
{
	struct sl_error err;
	sl_error_clear(&err);
	printf("frame %s %u %" PRIu64 " %" PRIu64 " %" PRIu64, sl_frame_kind_name(f->head.kind),
	       f->head.stream, f->head.request, f->head.sequence, f->offset);
	put_hex(f->payload, f->head.length);
	putchar('\n');
	int rc = say_message(f, &err);
	if (rc == 0)
		putchar('\n');
	else if (rc < 0)
		put_error("error", &err);
}

/* Reads all complete frames; false once the decoder is broken. */
static int drain(void)
{
	struct sl_frame f;
	struct sl_error err;
	int rc;
	sl_error_clear(&err);
	while ((rc = sl_decoder_next(&decoder, &f, &err)) == 1)
		say_frame(&f);
	if (rc < 0)
		put_error("error", &err);
	return rc == 0;
}

static int feed(const char *bytes, size_t n)
{
	if (sl_decoder_feed(&decoder, bytes, n) == 0)
		return drain();
	puts("short of memory");
	return 0;
}

static void do_feed(void)
{
	struct sl_text t = text(1);
	size_t chunk = word_count() > 2 ? number(2) : t.len;
	for (size_t at = 0; at < t.len; at += chunk)
		if (!feed(t.bytes + at, t.len - at < chunk ? t.len - at : chunk))
			return;
}

/* Like a reader of a pipe: reserves room, then fills what it got. */
static void do_announce(void)
{
	for (uint64_t left = number(1); left > 0;) {
		size_t size, most = 64 * 1024;
		char *at = sl_decoder_room(&decoder, most, &size);
		if (at == NULL) {
			puts("short of memory");
			return;
		}
		size_t n = left < most ? (size_t)left : most;
		memset(at, 0, n);
		sl_decoder_fed(&decoder, n);
		left -= n;
		if (!drain())
			return;
	}
}

static void do_decoder(void)
{
	sl_decoder_clear(&decoder);
	sl_decoder_init(&decoder, (uint32_t)number(1));
	if (strcmp(word(2), "plain") != 0)
		sl_decoder_expect_magic(&decoder, strcmp(word(2), "tolerant") == 0);
}

static void do_cap(void)
{
	sl_decoder_set_cap(&decoder, (uint32_t)number(1));
}

static void do_end(void)
{
	struct sl_error err;
	sl_error_clear(&err);
	answer(sl_decoder_end(&decoder, &err), &err);
}

static void do_preamble(void)
{
	size_t len;
	const char *p = sl_decoder_preamble(&decoder, &len);
	printf("preamble");
	put_hex(p, len);
	putchar('\n');
}

static void do_pending(void)
{
	printf("pending %zu\n", sl_decoder_pending(&decoder));
}

static void do_trim(void)
{
	sl_decoder_trim(&decoder, number(1));
}

/* ---- encoders ---- */

static struct sl_feature_names names_from(int first)
{
	struct sl_feature_names names;
	const struct sl_features *all = features_from(first);
	sl_features_list(all, sl_features_all(all), &names);
	return names;
}

static int encode_hello(void)
{
	static struct sl_export_name exports[WORDS_MOST];
	struct sl_hello m = { .version_min = (uint8_t)number(2), .version_max = (uint8_t)number(3),
		.max_frame = (uint32_t)number(4), .name = text(5), .version = text(6), .runtime = text(7) };
	int i = 8;
	for (; i < word_count() && strcmp(word(i), "features") != 0; i += 2) {
		exports[m.export_count].type = (enum sl_export_type)number(i);
		exports[m.export_count++].name = text(i + 1);
	}
	m.features = names_from(i + 1);
	return sl_hello_encode(&out, &m, exports);
}

/* The simple messages: the request, then the fields in their order. */
static int next_word;

static uint64_t next_number(void)
{
	return number(next_word++);
}

static struct sl_text next_text(void)
{
	return text(next_word++);
}

#define next_u8 (uint8_t)next_number
#define next_u32 (uint32_t)next_number
#define next_u64 next_number
#define next_flag next_number
#define next_type (enum sl_export_type)next_number
#define next_features() names_from(next_word)

#define NEXT(type, name) m.name = next_##type();
#define ENCODE_MESSAGE(id, name, tag, FIELDS)                \
	static int encode_##name(void)                       \
	{                                                    \
		struct tag m;                                \
		next_word = 3;                               \
		FIELDS(NEXT)                                 \
		return sl_##name##_encode(&out, number(2), &m); \
	}
SL_SIMPLE_MESSAGES(ENCODE_MESSAGE)

static int encode_plain(void)
{
	return sl_plain_encode(&out, (enum sl_frame_kind)number(3), number(2));
}

static int encode_raw(void)
{
	struct sl_text payload = text(6);
	return sl_raw_encode(&out, (enum sl_frame_kind)number(3), number(2), (uint16_t)number(4),
	                     number(5), payload.bytes, payload.len);
}

static struct sl_seal seal_of(const char *w)
{
	struct sl_seal s = { 0 };
	unsigned stream = 0;
	if (sscanf(w, "%u:%" SCNu64 ":%" SCNu64 ":%" SCNx64, &stream, &s.rows, &s.bytes, &s.checksum) != 4)
		misused("a seal is ID:ROWS:BYTES:CHECKSUM");
	s.stream = (uint16_t)stream;
	return s;
}

static uint32_t seals_from(int first, struct sl_seal *seals)
{
	for (int i = first; i < word_count(); i++)
		seals[i - first] = seal_of(word(i));
	return word_count() > first ? (uint32_t)(word_count() - first) : 0;
}

static struct sl_seal seals[WORDS_MOST];

static int encode_summary(void)
{
	struct sl_summary m = { .stopped = number(3) != 0, .elapsed_ns = number(4) };
	m.has_metadata = strcmp(word(5), "none") != 0;
	if (m.has_metadata)
		m.metadata = text(5);
	if (word_count() - 6 > SL_STREAM_LIMIT)
		misused("a summary has room for fewer seals");
	m.seal_count = seals_from(6, m.seals);
	return sl_summary_encode(&out, number(2), &m);
}

static int encode_failure(void)
{
	struct sl_error m;
	sl_error_clear(&m);
	struct sl_text message = text(5);
	sl_fail(&m, sl_kind_from_name(word(3), strlen(word(3))), (int)number(4), "%.*s",
	        (int)message.len, message.bytes);
	for (int i = 6; i + 1 < word_count(); i += 2) {
		enum sl_detail d = sl_detail_from_name(word(i), strlen(word(i)));
		if (sl_detail_is_text(d)) {
			struct sl_text t = text(i + 1);
			sl_error_text(&m, d, t.bytes, t.len);
		} else {
			sl_error_number(&m, d, strtoll(word(i + 1), NULL, 0));
		}
	}
	return sl_failure_encode(&out, number(2), &m);
}

static void do_encode(void)
{
	static const struct { const char *name; int (*encode)(void); } encoders[] = {
		{ "hello", encode_hello }, { "plain", encode_plain }, { "raw", encode_raw },
		{ "summary", encode_summary }, { "failure", encode_failure },
#define ENCODER(id, name, tag, FIELDS) { #name, encode_##name },
		SL_SIMPLE_MESSAGES(ENCODER)
#undef ENCODER
	};
	size_t before = sl_buffer_len(&out);
	for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++) {
		if (strcmp(encoders[i].name, word(1)) != 0)
			continue;
		if (encoders[i].encode() == 0) {
			printf("hex");
			put_hex(sl_buffer_data(&out), sl_buffer_len(&out));
			putchar('\n');
			sl_buffer_consume(&out, sl_buffer_len(&out));
		} else {
			printf("short of memory%s\n", sl_buffer_len(&out) == before ? "" : ", and half a frame left");
		}
	}
}

/* ---- features ---- */

static char known_room[SL_FEATURE_LIMIT][SL_FEATURE_NAME_LIMIT + 1];
static const char *known_names[SL_FEATURE_LIMIT];
static struct sl_features known = { known_names, 0 };

static void do_known(void)
{
	const struct sl_features *given = features_from(1);
	for (known.count = 0; known.count < given->count; known.count++)
		known_names[known.count] = strcpy(known_room[known.count], given->names[known.count]);
}

static void put_set(sl_feature_set set)
{
	struct sl_feature_names names;
	sl_features_list(&known, set, &names);
	say_features(names);
	putchar('\n');
}

static void do_offer(void)
{
	put_set(sl_features_all(&known));
}

static void do_among(void)
{
	struct sl_feature_names names = names_from(1);
	put_set(sl_features_among(&known, &names));
}

static void do_picked(void)
{
	struct sl_error err;
	sl_feature_set set;
	struct sl_feature_names names = names_from(1);
	sl_error_clear(&err);
	if (sl_features_picked(&known, &names, &set, &err) == 0)
		put_set(set);
	else
		put_error("error", &err);
}

/* ---- the ledger ---- */

static void do_hash(void)
{
	struct sl_stream s = { .seal = { .checksum = number(1) } };
	struct sl_text t = text(2);
	sl_stream_count(&s, t.bytes, t.len);
	printf("hash %016" PRIx64 "\n", s.seal.checksum);
}

static void do_ledger(void)
{
	sl_ledger_clear(&ledger);
}

static void do_add(void)
{
	struct sl_error err;
	struct sl_text name = text(1);
	sl_error_clear(&err);
	struct sl_stream *s = sl_ledger_find(&ledger, name.bytes, name.len);
	if (s == NULL)
		s = sl_ledger_add(&ledger, name.bytes, name.len, &err);
	if (s != NULL)
		printf("stream %u\n", s->seal.stream);
	else
		put_error("error", &err);
}

static void do_declare(void)
{
	struct sl_error err;
	struct sl_text name = text(2);
	sl_error_clear(&err);
	answer(sl_ledger_declare(&ledger, (uint16_t)number(1), name.bytes, name.len, &err), &err);
}

static void do_receive(void)
{
	struct sl_error err;
	struct sl_text payload = text(3);
	sl_error_clear(&err);
	struct sl_stream *s = sl_ledger_receive(&ledger, (uint16_t)number(1), number(2), payload.bytes,
	                                        payload.len, &err);
	answer(s != NULL ? 0 : -1, &err);
}

static void do_check(void)
{
	struct sl_error err;
	sl_error_clear(&err);
	uint32_t count = seals_from(1, seals);
	answer(sl_ledger_check(&ledger, seals, count, &err), &err);
}

static void do_seals(void)
{
	printf("seals %" PRIu64, sl_ledger_rows(&ledger));
	for (uint16_t i = 1; sl_ledger_stream(&ledger, i) != NULL; i++)
		put_seal(&sl_ledger_stream(&ledger, i)->seal);
	putchar('\n');
}

/* ---- memory ---- */

static void do_memory(void)
{
	printf("memory %zu %zu %zu\n", alloc_now.bytes, alloc_now.most, alloc_now.blocks);
	alloc_now.most = alloc_now.bytes;
}

static void do_clear(void)
{
	sl_decoder_clear(&decoder);
	sl_ledger_clear(&ledger);
	sl_buffer_clear(&out);
}

static void do_starve(void);

/* ---- commands ---- */

static const struct command commands[] = {
	{ "decoder", do_decoder }, { "feed", do_feed }, { "announce", do_announce },
	{ "cap", do_cap }, { "end", do_end }, { "preamble", do_preamble },
	{ "pending", do_pending }, { "trim", do_trim }, { "encode", do_encode },
	{ "known", do_known }, { "offer", do_offer }, { "among", do_among }, { "picked", do_picked },
	{ "hash", do_hash }, { "ledger", do_ledger }, { "add", do_add },
	{ "declare", do_declare }, { "receive", do_receive }, { "check", do_check },
	{ "seals", do_seals }, { "starve", do_starve }, { "memory", do_memory },
	{ "clear", do_clear }, { NULL, NULL },
};

static void do_starve(void)
{
	alloc_now.fail_at = number(1);
	alloc_now.calls = 0;
	drop_words(2);
	run_command(commands);
	printf("allocations %zu\n", alloc_now.calls);
	alloc_now.fail_at = 0;
}

int main(void)
{
	sl_decoder_init(&decoder, SL_FRAME_CAP_DEFAULT);
	sl_buffer_init(&out);
	run_commands(commands);
	do_clear();
	return 0;
}
