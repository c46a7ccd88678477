/* message.c - see message.h */
#include "wire/message.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wire/bytes.h"

/* ---- writing ---- */

/*
 * A frame is written in place: room for the header, the fields one after the
 * other, then the header itself, once the length is known. After the first
 * append that fails, the others do nothing.
 */
struct writer {
	struct sl_buffer *out;
	size_t begin; /* length of out before this frame */
	bool failed;
};

static void put_bytes(struct writer *w, const void *bytes, size_t n)
{
	if (!w->failed && sl_buffer_append(w->out, bytes, n) != 0)
		w->failed = true;
}

static void put_u8(struct writer *w, uint8_t v)
{
	put_bytes(w, &v, 1);
}

static void put_u16(struct writer *w, uint16_t v)
{
	unsigned char b[2];
	sl_put16(b, v);
	put_bytes(w, b, sizeof b);
}

static void put_u32(struct writer *w, uint32_t v)
{
	unsigned char b[4];
	sl_put32(b, v);
	put_bytes(w, b, sizeof b);
}

static void put_u64(struct writer *w, uint64_t v)
{
	unsigned char b[8];
	sl_put64(b, v);
	put_bytes(w, b, sizeof b);
}

static void put_text(struct writer *w, struct sl_text t)
{
	put_u32(w, (uint32_t)t.len);
	put_bytes(w, t.bytes, t.len);
}

static void put_flag(struct writer *w, bool v)
{
	put_u8(w, v);
}

static void put_type(struct writer *w, enum sl_export_type type)
{
	put_u8(w, (uint8_t)type);
}

static void put_features(struct writer *w, struct sl_feature_names features)
{
	put_u32(w, features.count);
	for (uint32_t i = 0; i < features.count; i++)
		put_text(w, features.name[i]);
}

static struct writer frame_begin(struct sl_buffer *out)
{
	static const unsigned char blank[SL_HEADER_SIZE];
	struct writer w = { out, sl_buffer_len(out), false };
	put_bytes(&w, blank, sizeof blank);
	return w;
}

static int frame_end(struct writer *w, enum sl_frame_kind kind, uint64_t request)
{
	size_t len = sl_buffer_len(w->out);
	if (w->failed) {
		w->out->end = w->out->start + w->begin;
		return -1;
	}
	struct sl_header h = {
		.length = (uint32_t)(len - w->begin - SL_HEADER_SIZE),
		.version = SL_PROTOCOL_VERSION,
		.kind = (uint8_t)kind,
		.request = request,
	};
	sl_header_put((unsigned char *)w->out->bytes + w->out->start + w->begin, &h);
	return 0;
}

/* ---- reading ---- */

/* A cursor over a payload; reading past the end, or an invalid field, makes it
 * permanently bad. */
struct reader {
	const unsigned char *at, *end;
	bool bad;
	char why[192]; /* what follows "a hello frame whose payload" */
};

static struct reader reader_of(const struct sl_frame *f)
{
	const unsigned char *p = (const unsigned char *)f->payload;
	return (struct reader){ .at = p, .end = p + f->head.length };
}

__attribute__((format(printf, 2, 3)))
static void refuse(struct reader *r, const char *format, ...)
{
	if (r->bad)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(r->why, sizeof r->why, format, args);
	va_end(args);
	r->bad = true;
}

static const unsigned char *take(struct reader *r, size_t n)
{
	static const unsigned char zeros[8];
	if (r->bad || (size_t)(r->end - r->at) < n) {
		refuse(r, "is too short");
		return n <= sizeof zeros ? zeros : NULL;
	}
	r->at += n;
	return r->at - n;
}

static uint8_t get_u8(struct reader *r)
{
	return *take(r, 1);
}

static uint16_t get_u16(struct reader *r)
{
	return sl_get16(take(r, 2));
}

static uint32_t get_u32(struct reader *r)
{
	return sl_get32(take(r, 4));
}

static uint64_t get_u64(struct reader *r)
{
	return sl_get64(take(r, 8));
}

static struct sl_text get_text(struct reader *r)
{
	size_t n = get_u32(r);
	const char *bytes = (const char *)take(r, n);
	return r->bad || bytes == NULL ? (struct sl_text){ "", 0 } : (struct sl_text){ bytes, n };
}

static bool get_flag(struct reader *r)
{
	return get_u8(r) != 0;
}

static enum sl_export_type get_type(struct reader *r)
{
	uint8_t type = get_u8(r);
	if (type != SL_EXPORT_ROWS && type != SL_EXPORT_CALL)
		refuse(r, "names an export of unknown type %u", type);
	return (enum sl_export_type)type;
}

static bool is_feature_name(struct sl_text name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	for (size_t i = 0; i < name.len; i++)
		if (memchr(allowed, name.bytes[i], sizeof allowed - 1) == NULL)
			return false;
	return true;
}

static bool has_feature(const struct sl_feature_names *list, struct sl_text name)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (sl_text_equal(list->name[i], name))
			return true;
	return false;
}

/* Reads a name; refuses it if it is invalid or a duplicate. */
static struct sl_text get_feature(struct reader *r, const struct sl_feature_names *before)
{
	char quoted[SL_FEATURE_NAME_LIMIT + 16];
	struct sl_text name = get_text(r);
	if (r->bad)
		return name;
	if (name.len == 0 || name.len > SL_FEATURE_NAME_LIMIT)
		refuse(r, "has a feature name of %zu bytes, expected 1 to %d", name.len,
		       SL_FEATURE_NAME_LIMIT);
	sl_quote(quoted, sizeof quoted, name.bytes, name.len);
	if (!is_feature_name(name))
		refuse(r, "has the feature name \"%s\", expected lower-case letters, digits, \"-\" and \"_\"",
		       quoted);
	if (has_feature(before, name))
		refuse(r, "has the feature name \"%s\" twice", quoted);
	return name;
}

static struct sl_feature_names get_features(struct reader *r)
{
	struct sl_feature_names list = { 0 };
	uint32_t count = get_u32(r);
	if (count > SL_FEATURE_LIMIT)
		refuse(r, "lists %" PRIu32 " features, over the limit of %d", count, SL_FEATURE_LIMIT);
	while (list.count < count && !r->bad) {
		list.name[list.count] = get_feature(r, &list);
		list.count++;
	}
	return list;
}

/* Returns 0 if the payload was read exactly, otherwise -1 and an error that names the frame. */
static int finish(const struct reader *r, const struct sl_frame *f, struct sl_error *err)
{
	if (!r->bad && r->at == r->end)
		return 0;
	sl_fail(err, SL_PROTOCOL, 0, "a %s frame whose payload %s (byte %" PRIu64 ")",
	        sl_frame_kind_name(f->head.kind), r->bad ? r->why : "is too long", f->offset);
	return sl_error_number(err, SL_D_OFFSET, (int64_t)f->offset);
}

/* ---- messages ---- */

int sl_hello_encode(struct sl_buffer *out, const struct sl_hello *m,
                    const struct sl_export_name *exports)
{
	struct writer w = frame_begin(out);
	put_u8(&w, m->version_min);
	put_u8(&w, m->version_max);
	put_u32(&w, m->max_frame);
	put_text(&w, m->name);
	put_text(&w, m->version);
	put_text(&w, m->runtime);
	put_u32(&w, m->export_count);
	for (uint32_t i = 0; i < m->export_count; i++) {
		put_type(&w, exports[i].type);
		put_text(&w, exports[i].name);
	}
	put_features(&w, m->features);
	return frame_end(&w, SL_FRAME_HELLO, 0);
}

static bool get_export(struct reader *r, struct sl_export_name *out)
{
	out->type = get_type(r);
	out->name = get_text(r);
	return !r->bad;
}

int sl_hello_parse(const struct sl_frame *f, struct sl_hello *m, struct sl_error *err)
{
	struct reader r = reader_of(f);
	m->version_min = get_u8(&r);
	m->version_max = get_u8(&r);
	m->max_frame = get_u32(&r);
	m->name = get_text(&r);
	m->version = get_text(&r);
	m->runtime = get_text(&r);
	m->export_count = get_u32(&r);
	if (m->export_count > SL_EXPORT_LIMIT)
		refuse(&r, "lists %" PRIu32 " exports, over the limit of %d", m->export_count,
		       SL_EXPORT_LIMIT);
	m->exports = (const char *)r.at;
	struct sl_export_name skipped;
	for (uint32_t i = 0; i < m->export_count && !r.bad; i++)
		get_export(&r, &skipped);
	m->exports_len = (size_t)((const char *)r.at - m->exports);
	m->features = get_features(&r);
	return finish(&r, f, err);
}

bool sl_hello_export(const struct sl_hello *m, size_t *at, struct sl_export_name *out)
{
	if (*at >= m->exports_len)
		return false;
	const unsigned char *p = (const unsigned char *)m->exports;
	struct reader r = { .at = p + *at, .end = p + m->exports_len };
	bool got = get_export(&r, out);
	*at = (size_t)(r.at - p);
	return got;
}

#define PUT(type, name) put_##type(&w, m->name);
#define GET(type, name) m->name = get_##type(&r);
#define MESSAGE(id, name, tag, FIELDS)                                                       \
	int sl_##name##_encode(struct sl_buffer *out, uint64_t request, const struct tag *m) \
	{                                                                                    \
		struct writer w = frame_begin(out);                                          \
		FIELDS(PUT)                                                                  \
		return frame_end(&w, SL_FRAME_##id, request);                                \
	}                                                                                    \
                                                                                             \
	int sl_##name##_parse(const struct sl_frame *f, struct tag *m, struct sl_error *err) \
	{                                                                                    \
		struct reader r = reader_of(f);                                              \
		FIELDS(GET)                                                                  \
		return finish(&r, f, err);                                                   \
	}
/* cppcheck-suppress ctunullpointer ; callers pass addresses */
SL_SIMPLE_MESSAGES(MESSAGE)
#undef MESSAGE
#undef GET
#undef PUT

int sl_plain_encode(struct sl_buffer *out, enum sl_frame_kind kind, uint64_t request)
{
	struct writer w = frame_begin(out);
	return frame_end(&w, kind, request);
}

int sl_raw_encode(struct sl_buffer *out, enum sl_frame_kind kind, uint64_t request,
                  uint16_t stream, uint64_t sequence, const char *payload, size_t len)
{
	char *at = sl_buffer_room(out, SL_HEADER_SIZE + len);
	if (at == NULL)
		return -1;
	struct sl_header h = {
		.length = (uint32_t)len,
		.version = SL_PROTOCOL_VERSION,
		.kind = (uint8_t)kind,
		.stream = stream,
		.request = request,
		.sequence = sequence,
	};
	sl_header_put((unsigned char *)at, &h);
	if (len > 0)
		memcpy(at + SL_HEADER_SIZE, payload, len);
	sl_buffer_added(out, SL_HEADER_SIZE + len);
	return 0;
}

int sl_summary_encode(struct sl_buffer *out, uint64_t request, const struct sl_summary *m)
{
	struct writer w = frame_begin(out);
	put_flag(&w, m->stopped);
	put_flag(&w, m->has_metadata);
	put_u64(&w, m->elapsed_ns);
	put_text(&w, m->has_metadata ? m->metadata : (struct sl_text){ NULL, 0 });
	put_u32(&w, m->seal_count);
	for (uint32_t i = 0; i < m->seal_count; i++) {
		put_u16(&w, m->seals[i].stream);
		put_u64(&w, m->seals[i].rows);
		put_u64(&w, m->seals[i].bytes);
		put_u64(&w, m->seals[i].checksum);
	}
	return frame_end(&w, SL_FRAME_SUMMARY, request);
}

static struct sl_seal get_seal(struct reader *r)
{
	struct sl_seal seal;
	seal.stream = get_u16(r);
	seal.rows = get_u64(r);
	seal.bytes = get_u64(r);
	seal.checksum = get_u64(r);
	return seal;
}

int sl_summary_parse(const struct sl_frame *f, struct sl_summary *m, struct sl_error *err)
{
	struct reader r = reader_of(f);
	m->stopped = get_flag(&r);
	m->has_metadata = get_flag(&r);
	m->elapsed_ns = get_u64(&r);
	m->metadata = get_text(&r);
	m->seal_count = get_u32(&r);
	if (m->seal_count > SL_STREAM_LIMIT)
		refuse(&r, "seals %" PRIu32 " streams, over the limit of %d", m->seal_count,
		       SL_STREAM_LIMIT);
	for (uint32_t i = 0; i < m->seal_count && !r.bad; i++)
		m->seals[i] = get_seal(&r);
	return finish(&r, f, err);
}

/* ---- failures ---- */

enum { FIELD_NUMBER = 1, FIELD_TEXT = 2 };

static void put_detail(struct writer *w, const struct sl_error *m, enum sl_detail d)
{
	put_text(w, sl_text_of(sl_detail_name(d)));
	int64_t number;
	if (sl_error_get_number(m, d, &number)) {
		put_u8(w, FIELD_NUMBER);
		put_u64(w, (uint64_t)number);
	} else {
		put_u8(w, FIELD_TEXT);
		put_text(w, sl_text_of(sl_error_get_text(m, d)));
	}
}

int sl_failure_encode(struct sl_buffer *out, uint64_t request, const struct sl_error *m)
{
	struct writer w = frame_begin(out);
	put_text(&w, sl_text_of(sl_kind_name(m->kind)));
	put_u32(&w, (uint32_t)m->os);
	put_text(&w, sl_text_of(m->message));
	put_u32(&w, (uint32_t)__builtin_popcount(m->have));
	for (int d = 0; d < SL_DETAIL_COUNT; d++)
		if (m->have & (1u << d))
			put_detail(&w, m, (enum sl_detail)d);
	return frame_end(&w, SL_FRAME_FAILURE, request);
}

/* A detail that this version does not know is read and ignored. */
static void get_detail(struct reader *r, struct sl_error *out)
{
	struct sl_text name = get_text(r);
	uint8_t type = get_u8(r);
	enum sl_detail d = sl_detail_from_name(name.bytes ? name.bytes : "", name.len);
	if (type == FIELD_NUMBER) {
		int64_t number = (int64_t)get_u64(r);
		if (!r->bad && d != SL_DETAIL_COUNT && !sl_detail_is_text(d))
			sl_error_number(out, d, number);
	} else if (type == FIELD_TEXT) {
		struct sl_text text = get_text(r);
		if (!r->bad && d != SL_DETAIL_COUNT && sl_detail_is_text(d))
			sl_error_text(out, d, text.bytes, text.len);
	} else {
		refuse(r, "has a detail of unknown type %u", type);
	}
}

int sl_failure_parse(const struct sl_frame *f, struct sl_error *out, struct sl_error *err)
{
	struct reader r = reader_of(f);
	struct sl_text name = get_text(&r);
	int os = (int)get_u32(&r);
	struct sl_text message = get_text(&r);
	uint32_t count = get_u32(&r);
	enum sl_kind kind = sl_kind_from_name(name.bytes ? name.bytes : "", name.len);
	sl_error_clear(out);
	sl_fail(out, kind != SL_NONE ? kind : SL_EXPORT_FAILED, os, "%.*s", (int)message.len,
	        message.bytes ? message.bytes : "");
	for (uint32_t i = 0; i < count && !r.bad; i++)
		get_detail(&r, out);
	return finish(&r, f, err);
}
