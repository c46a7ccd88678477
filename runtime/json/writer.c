/* writer.c - see json.h: writing, on yajl's generator. */
#include "json/json.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_gen.h>

#include "base/utf8.h"
#include "json/simd.h"
#include "json/wtf8.h"

/* One generator nests YAJL_MAX_DEPTH - 1 levels; a chain of them nests as deep
 * as we read. Each writes a stretch of levels as if it were a text of its own. */
#define STRETCH (YAJL_MAX_DEPTH - 1)
#define STRETCHES ((SL_JSON_DEPTH_LIMIT + STRETCH - 1) / STRETCH)

struct sl_json_writer {
	yajl_gen gen[STRETCHES]; /* the first always, the others once needed */
	size_t depth;
	struct sl_buffer *out;
	bool surrogates; /* in the string being written */
	bool failed;     /* no memory for out */
};

/* ---- what yajl prints ---- */

/* yajl prints in small pieces: mostly there is room, and nothing to call. */
static inline void append(struct sl_json_writer *w, const void *bytes, size_t len)
{
	struct sl_buffer *out = w->out;
	if (len <= sl_buffer_free_space(out) && out->bytes != NULL) {
		memcpy(out->bytes + out->end, bytes, len);
		sl_buffer_added(out, len);
	} else if (sl_buffer_append(out, bytes, len) != 0) {
		w->failed = true;
	}
}

static void append_surrogate(struct sl_json_writer *w, const unsigned char *p)
{
	static const char hex[] = "0123456789abcdef";
	char escape[6] = "\\ud";
	escape[3] = hex[8 | ((p[1] >> 2) & 7)];
	escape[4] = hex[(p[1] & 3) << 2 | ((p[2] >> 4) & 3)];
	escape[5] = hex[p[2] & 15];
	append(w, escape, sizeof escape);
}

/* yajl cuts only before and after ASCII, so a surrogate comes in one piece. */
static void append_escaping(struct sl_json_writer *w, const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len, *plain = p;
	while (p < end) {
		if (!sl_wtf8_is_surrogate(p, (size_t)(end - p))) {
			p++;
			continue;
		}
		append(w, plain, (size_t)(p - plain));
		append_surrogate(w, p);
		plain = p += 3;
	}
	append(w, plain, (size_t)(end - plain));
}

static void on_print(void *ctx, const char *bytes, size_t len)
{
	struct sl_json_writer *w = ctx;
	if (w->surrogates)
		append_escaping(w, (const unsigned char *)bytes, len);
	else
		append(w, bytes, len);
}

/* ---- helpers ---- */

static int refuse(struct sl_error *err, const char *what)
{
	return sl_fail(err, SL_ROW_MALFORMED, 0, "%s", what);
}

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_ROW_MALFORMED, ENOMEM, "no memory to write JSON");
}

/* What a call to yajl came to. Everything but memory is the caller's bug. */
static int done(struct sl_json_writer *w, yajl_gen_status status, struct sl_error *err)
{
	assert(status == yajl_gen_status_ok);
	(void)status;
	return w->failed ? no_memory(err) : 0;
}

/* The generator that writes values at this depth. */
static yajl_gen at_depth(struct sl_json_writer *w, size_t depth)
{
	return w->gen[depth == 0 ? 0 : (depth - 1) / STRETCH];
}

static yajl_gen current(struct sl_json_writer *w)
{
	return at_depth(w, w->depth);
}

static int verbatim(struct sl_json_writer *w, const char *text, size_t len, struct sl_error *err)
{
	return done(w, yajl_gen_number(current(w), text, len), err);
}

static bool is_ascii(const unsigned char *p, const unsigned char *end)
{
	for (; end - p >= 8; p += 8) {
		uint64_t eight;
		memcpy(&eight, p, sizeof eight);
		if (eight & 0x8080808080808080u)
			return false;
	}
	for (; p < end; p++)
		if (*p >= 0x80)
			return false;
	return true;
}

/* UTF-8, surrogates tolerated and reported? */
static bool is_wtf8(const unsigned char *p, const unsigned char *end, bool *surrogates)
{
	*surrogates = false;
	if (is_ascii(p, end))
		return true;
	while (p < end) {
		size_t n = sl_utf8_length((const char *)p, (size_t)(end - p));
		if (n == 0 && sl_wtf8_is_surrogate(p, (size_t)(end - p))) {
			*surrogates = true;
			n = 3;
		}
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

/* ---- the writer ---- */

static yajl_gen new_generator(struct sl_json_writer *w)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	if (gen != NULL)
		yajl_gen_config(gen, yajl_gen_print_callback, on_print, (void *)w);
	return gen;
}

struct sl_json_writer *sl_json_writer_new(void)
{
	struct sl_json_writer *w = calloc(1, sizeof *w);
	if (w == NULL)
		return NULL;
	w->gen[0] = new_generator(w);
	if (w->gen[0] == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void sl_json_writer_free(struct sl_json_writer *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < STRETCHES; i++)
		if (w->gen[i] != NULL)
			yajl_gen_free(w->gen[i]);
	free(w);
}

void sl_json_writer_begin(struct sl_json_writer *w, struct sl_buffer *out)
{
	yajl_gen_reset(w->gen[0], NULL);
	w->depth = 0;
	w->out = out;
	w->surrogates = w->failed = false;
}

/* ---- values ---- */

int sl_json_write_null(struct sl_json_writer *w, struct sl_error *err)
{
	return done(w, yajl_gen_null(current(w)), err);
}

int sl_json_write_boolean(struct sl_json_writer *w, bool value, struct sl_error *err)
{
	return done(w, yajl_gen_bool(current(w), value), err);
}

int sl_json_write_integer(struct sl_json_writer *w, int64_t value, struct sl_error *err)
{
	char digits[24], *end = digits + sizeof digits, *p = end;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		*--p = '-';
	return verbatim(w, p, (size_t)(end - p), err);
}

int sl_json_write_float(struct sl_json_writer *w, double value, struct sl_error *err)
{
	char text[SL_DOUBLE_ROOM];
	if (isnan(value))
		return refuse(err, "NaN is not JSON");
	if (isinf(value))
		return refuse(err, "an infinity is not JSON");
	return verbatim(w, text, sl_simd_print_double(value, text), err);
}

/* yajl's generator knows from its own state whether a string is a key. */
static int write_text(struct sl_json_writer *w, const char *s, size_t len,
                      const char *complaint, struct sl_error *err)
{
	const unsigned char *bytes = (const unsigned char *)s;
	bool surrogates;
	if (!is_wtf8(bytes, bytes + len, &surrogates))
		return refuse(err, complaint);
	w->surrogates = surrogates;
	int rc = done(w, yajl_gen_string(current(w), bytes, len), err);
	w->surrogates = false;
	return rc;
}

int sl_json_write_string(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err)
{
	return write_text(w, s, len, "the string is not UTF-8", err);
}

int sl_json_write_key(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err)
{
	return write_text(w, s, len, "the field name is not UTF-8", err);
}

/* ---- containers ---- */

/* Before a level is opened: where a stretch is full, the next generator takes
 * over, and for this one the container is a value of no bytes. */
static int descend(struct sl_json_writer *w, struct sl_error *err)
{
	if (w->depth == SL_JSON_DEPTH_LIMIT)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "nested deeper than %d", SL_JSON_DEPTH_LIMIT);
	size_t stretch = w->depth / STRETCH;
	if (w->depth > 0 && w->depth % STRETCH == 0) {
		if (w->gen[stretch] == NULL)
			w->gen[stretch] = new_generator(w);
		if (w->gen[stretch] == NULL)
			return no_memory(err);
		verbatim(w, "", 0, NULL);
		yajl_gen_reset(w->gen[stretch], NULL);
	}
	w->depth++;
	return 0;
}

int sl_json_open_array(struct sl_json_writer *w, struct sl_error *err)
{
	return descend(w, err) != 0 ? -1 : done(w, yajl_gen_array_open(current(w)), err);
}

int sl_json_open_object(struct sl_json_writer *w, struct sl_error *err)
{
	return descend(w, err) != 0 ? -1 : done(w, yajl_gen_map_open(current(w)), err);
}

static int ascend(struct sl_json_writer *w, yajl_gen_status status, struct sl_error *err)
{
	assert(w->depth > 0);
	w->depth--;
	return done(w, status, err);
}

int sl_json_close_array(struct sl_json_writer *w, struct sl_error *err)
{
	return ascend(w, yajl_gen_array_close(current(w)), err);
}

int sl_json_close_object(struct sl_json_writer *w, struct sl_error *err)
{
	return ascend(w, yajl_gen_map_close(current(w)), err);
}

/* ---- lines ---- */

static void replace(char *p, char *end, char what)
{
	while ((p = memchr(p, what, (size_t)(end - p))) != NULL)
		*p++ = ' ';
}

int sl_json_append_line(struct sl_buffer *out, const char *text, size_t len)
{
	char *p = sl_buffer_room(out, len);
	if (p == NULL)
		return -1;
	if (len > 0)
		memcpy(p, text, len);
	replace(p, p + len, '\n');
	replace(p, p + len, '\r');
	sl_buffer_added(out, len);
	return 0;
}
