/* writer.c - see json.h: writing */
#include "json/json.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "json/simd.h"
#include "json/words.h"
#include "json/wtf8.h"

/* The state of the text: how deep, in which containers, and what separates the next
 * part from the one before it. In an object, a colon means that a value comes next,
 * anything else that a key does. */
struct sl_json_writer {
	struct sl_buffer *out;
	size_t depth;
	bool object[SL_JSON_DEPTH_LIMIT + 1]; /* the first is the whole text */
	char separator; /* ',' or ':', or NUL before the first part */
	bool failed;    /* out of memory */
};

/* ---- helpers ---- */

static int refuse(struct sl_error *err, const char *what)
{
	return sl_fail(err, SL_ROW_MALFORMED, 0, "%s", what);
}

static int done(const struct sl_json_writer *w, struct sl_error *err)
{
	return w->failed ? sl_fail(err, SL_ROW_MALFORMED, ENOMEM, "no memory to write JSON") : 0;
}

/* Pieces are small: usually there is room, and no call is needed. */
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

/* Call it before a value or a key. Asserts that one may come now: a text has one value,
 * and so has each key of an object. */
static inline void separate(struct sl_json_writer *w, bool key)
{
	assert(w->depth > 0 || w->separator == '\0');
	assert(w->object[w->depth] == (key != (w->separator == ':')));
	if (w->separator != '\0')
		append(w, &w->separator, 1);
	w->separator = key ? ':' : ',';
}

static int verbatim(struct sl_json_writer *w, const char *text, size_t len, struct sl_error *err)
{
	separate(w, false);
	append(w, text, len);
	return done(w, err);
}

/* ---- the writer ---- */

struct sl_json_writer *sl_json_writer_new(void)
{
	return calloc(1, sizeof(struct sl_json_writer));
}

void sl_json_writer_free(struct sl_json_writer *w)
{
	free(w);
}

void sl_json_writer_begin(struct sl_json_writer *w, struct sl_buffer *out)
{
	w->out = out;
	w->depth = 0;
	w->separator = '\0';
	w->failed = false;
}

/* ---- values ---- */

int sl_json_write_null(struct sl_json_writer *w, struct sl_error *err)
{
	return verbatim(w, "null", 4, err);
}

int sl_json_write_boolean(struct sl_json_writer *w, bool value, struct sl_error *err)
{
	return value ? verbatim(w, "true", 4, err) : verbatim(w, "false", 5, err);
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

int sl_json_write_number(struct sl_json_writer *w, const char *text, size_t len, struct sl_error *err)
{
	return verbatim(w, text, len, err);
}

int sl_json_write_float(struct sl_json_writer *w, double value, struct sl_error *err)
{
	char text[SL_JSON_FLOAT_ROOM];
	if (isnan(value))
		return refuse(err, "NaN is not JSON");
	if (isinf(value))
		return refuse(err, "an infinity is not JSON");
	return verbatim(w, text, sl_json_print_float(value, text), err);
}

/* ---- strings ---- */

static inline bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* Eight at once: long strings take a quarter of the time (tests/json/value_spec.lua
 * puts every byte at every place in a word). */
static inline bool are_plain(uint64_t word)
{
	const uint64_t each = 0x0101010101010101u;
	uint64_t quotes = word ^ each * '"', backslashes = word ^ each * '\\';
	uint64_t bad = word | (word - each * 0x20) | (quotes - each) | (backslashes - each);
	return (bad & each * 0x80) == 0;
}

/* The first byte that is not plain. */
static inline const unsigned char *skip_plain(const unsigned char *p, const unsigned char *end)
{
	while (end - p >= 8 && are_plain(sl_word((const char *)p)))
		p += 8;
	while (p < end && is_plain(*p))
		p++;
	return p;
}

static bool is_wtf8(const unsigned char *p, const unsigned char *end)
{
	for (size_t n; p < end; p += n) {
		size_t left = (size_t)(end - p);
		n = *p < 0x80 ? 1 : sl_utf8_length((const char *)p, left);
		if (n == 0 && !sl_wtf8_is_surrogate(p, left))
			return false;
		n = n == 0 ? 3 : n;
	}
	return true;
}

static void append_unicode(struct sl_json_writer *w, unsigned c, const char *hex)
{
	const char escape[] = { '\\', 'u', hex[c >> 12], hex[c >> 8 & 15], hex[c >> 4 & 15],
		                hex[c & 15] };
	append(w, escape, sizeof escape);
}

/* Appends the escape for the character at p. Returns how many bytes it has. */
static size_t append_escape(struct sl_json_writer *w, const unsigned char *p)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *letter = memchr(from, *p, sizeof from - 1);
	if (letter != NULL)
		append(w, (const char[]){ '\\', to[letter - from] }, 2);
	else if (*p < 0x20)
		append_unicode(w, *p, "0123456789ABCDEF");
	else
		append_unicode(w, 0xD000 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu), "0123456789abcdef");
	return *p < 0x80 ? 1 : 3;
}

/* Appends WTF-8 whose bytes before p are known to be plain. */
static void append_escaping(struct sl_json_writer *w, const unsigned char *from,
                            const unsigned char *p, const unsigned char *end)
{
	while (p < end) {
		bool ascii = *p < 0x80;
		if (ascii ? is_plain(*p) : !sl_wtf8_is_surrogate(p, (size_t)(end - p))) {
			p++;
			continue;
		}
		append(w, from, (size_t)(p - from));
		from = p += append_escape(w, p);
	}
	append(w, from, (size_t)(end - from));
}

static int write_text(struct sl_json_writer *w, const char *s, size_t len, bool key,
                      struct sl_error *err)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len, *special = skip_plain(p, end);
	if (!is_wtf8(special, end))
		return refuse(err, key ? "the field name is not UTF-8" : "the string is not UTF-8");
	separate(w, key);
	append(w, "\"", 1);
	append_escaping(w, p, special, end);
	append(w, "\"", 1);
	return done(w, err);
}

int sl_json_write_string(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err)
{
	return write_text(w, s, len, false, err);
}

int sl_json_write_key(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err)
{
	return write_text(w, s, len, true, err);
}

/* ---- containers ---- */

static int open_container(struct sl_json_writer *w, bool object, struct sl_error *err)
{
	if (w->depth == SL_JSON_DEPTH_LIMIT)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "nested deeper than %d", SL_JSON_DEPTH_LIMIT);
	separate(w, false);
	append(w, object ? "{" : "[", 1);
	w->object[++w->depth] = object;
	w->separator = '\0';
	return done(w, err);
}

static int close_container(struct sl_json_writer *w, bool object, struct sl_error *err)
{
	assert(w->depth > 0 && w->object[w->depth] == object && w->separator != ':');
	append(w, object ? "}" : "]", 1);
	w->depth--;
	w->separator = ',';
	return done(w, err);
}

int sl_json_open_array(struct sl_json_writer *w, struct sl_error *err)
{
	return open_container(w, false, err);
}

int sl_json_open_object(struct sl_json_writer *w, struct sl_error *err)
{
	return open_container(w, true, err);
}

int sl_json_close_array(struct sl_json_writer *w, struct sl_error *err)
{
	return close_container(w, false, err);
}

int sl_json_close_object(struct sl_json_writer *w, struct sl_error *err)
{
	return close_container(w, true, err);
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

static size_t string_length(const char *text, size_t len)
{
	size_t n = 1;
	while (n < len && text[n] != '"')
		n += text[n] == '\\' ? 2 : 1;
	return n < len ? n + 1 : len;
}

int sl_json_append_compact(struct sl_buffer *out, const char *text, size_t len)
{
	char *p = sl_buffer_room(out, len), *const start = p;
	if (p == NULL)
		return -1;
	for (size_t at = 0, n; at < len; at += n) {
		char c = text[at];
		n = c == '"' ? string_length(text + at, len - at) : 1;
		if (c == ' ' || c == '\n' || c == '\t' || c == '\r')
			continue;
		memcpy(p, text + at, n);
		p += n;
	}
	sl_buffer_added(out, (size_t)(p - start));
	return 0;
}
