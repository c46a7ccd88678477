/* slow.c - see slow.h. yajl splits the text into tokens; strings and numbers
 * are read here, from the text itself, because yajl turns lone surrogates into
 * question marks and knows no number beyond long long and double. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* newlocale */
#endif
#include "json/slow.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#include "json/document.h"
#include "json/wtf8.h"

/* The tape and its counts are 32 bits wide. */
#define LONGEST_TEXT 0xFFFF0000u

/* One parse. */
struct build {
	struct sl_slow *to;
	const char *text;
	size_t len;
	size_t seen; /* end of the last token in text */
	yajl_handle yajl;
	locale_t c_locale;
	size_t words, bytes; /* used of the tape, of the strings */
	size_t depth;
	struct {
		size_t at, count;
	} open[SL_JSON_DEPTH_LIMIT + 1]; /* the first is the whole text */
};

/* ---- room ---- */

/* A text of n bytes has at most n + 3 words (the worst is one digit) and 5/3 n
 * bytes of strings (the worst is many empty ones); no callback can run out. A word
 * can be read behind the last string. */
static size_t words_for(size_t len)
{
	return len + 4;
}

static size_t bytes_for(size_t len)
{
	return len + 2 * (len / 3) + 16;
}

static int reserve(struct sl_slow *s, size_t len)
{
	if (len <= s->capacity && s->tape != NULL)
		return 0;
	if (len > LONGEST_TEXT)
		return -1;
	sl_slow_clear(s);
	s->tape = malloc(words_for(len) * sizeof *s->tape);
	s->strings = malloc(bytes_for(len));
	if (s->tape == NULL || s->strings == NULL) {
		sl_slow_clear(s);
		return -1;
	}
	s->capacity = len;
	return 0;
}

static void add_word(struct build *b, char type, uint64_t payload)
{
	assert(b->words < words_for(b->to->capacity));
	b->to->tape[b->words++] = sl_tape_word(type, payload);
}

static void add_number(struct build *b, char type, const void *value)
{
	add_word(b, type, 0);
	assert(b->words < words_for(b->to->capacity));
	memcpy(&b->to->tape[b->words++], value, sizeof(uint64_t));
}

/* ---- strings ---- */

static unsigned hex_digit(unsigned char c)
{
	return c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - 'a' + 10;
}

static unsigned four_hex(const unsigned char *p)
{
	unsigned value = 0;
	for (int i = 0; i < 4; i++)
		value = value << 4 | hex_digit(p[i]);
	return value;
}

static bool is_low_escape(const unsigned char *p, const unsigned char *end)
{
	return end - p >= 6 && p[0] == '\\' && p[1] == 'u' && (four_hex(p + 2) & 0xFC00) == 0xDC00;
}

/* \uXXXX, with its second half if it has one: a lone half stands for itself. */
static size_t unescape_unicode(const unsigned char *p, const unsigned char *end,
                               unsigned char **out)
{
	unsigned c = four_hex(p + 2);
	bool pair = (c & 0xFC00) == 0xD800 && is_low_escape(p + 6, end);
	if (pair)
		c = 0x10000 + ((c & 0x3FF) << 10) + (four_hex(p + 8) & 0x3FF);
	*out += sl_wtf8_put(*out, c);
	return pair ? 12 : 6;
}

static size_t unescape(const unsigned char *p, const unsigned char *end, unsigned char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (p[1] == 'u')
		return unescape_unicode(p, end, out);
	*(*out)++ = (unsigned char)to[strchr(from, p[1]) - from];
	return 2;
}

static size_t copy_string(unsigned char *out, const unsigned char *p, const unsigned char *end)
{
	unsigned char *start = out;
	while (p < end) {
		if (*p == '\\')
			p += unescape(p, end, &out);
		else
			*out++ = *p++;
	}
	return (size_t)(out - start);
}

/* The token that yajl just reported ends where yajl stands, and begins at the
 * first quote after the token before it. */
static void add_string(struct build *b)
{
	size_t end = yajl_get_bytes_consumed(b->yajl);
	const char *quote = memchr(b->text + b->seen, '"', end - b->seen);
	b->seen = end;
	unsigned char *to = b->to->strings + b->bytes + sizeof(uint32_t);
	size_t n = copy_string(to, (const unsigned char *)quote + 1,
	                       (const unsigned char *)b->text + end - 1);
	uint32_t length = (uint32_t)n;
	memcpy(b->to->strings + b->bytes, &length, sizeof length);
	add_word(b, '"', b->bytes);
	to[n] = '\0';
	b->bytes += sizeof length + n + 1;
	assert(b->bytes <= bytes_for(b->to->capacity));
}

/* ---- numbers ---- */

static bool read_integer(const char *digits, size_t len, int64_t *value)
{
	bool negative = digits[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + negative, sum = 0;
	for (size_t i = negative; i < len; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		unsigned digit = (unsigned)(digits[i] - '0');
		if (sum > (limit - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = negative ? (int64_t)(0 - sum) : (int64_t)sum;
	return true;
}

/* strtod reads as the locale says, and scripts may set one. */
static double read_double(locale_t c_locale, const char *terminated)
{
	int saved = errno;
	locale_t was = uselocale(c_locale);
	double value = strtod(terminated, NULL);
	uselocale(was);
	errno = saved;
	return value;
}

static int add_double(struct build *b, const char *digits, size_t len)
{
	char small[64], *copy = len < sizeof small ? small : malloc(len + 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, digits, len);
	copy[len] = '\0';
	double value = read_double(b->c_locale, copy);
	add_number(b, 'd', &value);
	if (copy != small)
		free(copy);
	return 1;
}

/* ---- what yajl calls; 0 would end the parse ---- */

static int value_added(struct build *b)
{
	b->open[b->depth].count++;
	b->seen = yajl_get_bytes_consumed(b->yajl);
	return 1;
}

static int on_null(void *ctx)
{
	add_word(ctx, 'n', 0);
	return value_added(ctx);
}

static int on_boolean(void *ctx, int value)
{
	add_word(ctx, value ? 't' : 'f', 0);
	return value_added(ctx);
}

static int on_number(void *ctx, const char *digits, size_t len)
{
	int64_t integer;
	if (read_integer(digits, len, &integer))
		add_number(ctx, 'l', &integer);
	else if (!add_double(ctx, digits, len))
		return 0;
	return value_added(ctx);
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	(void)s, (void)len;
	add_string(ctx);
	return value_added(ctx);
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	(void)s, (void)len;
	add_string(ctx);
	return 1;
}

static int on_open(void *ctx)
{
	struct build *b = ctx;
	b->seen = yajl_get_bytes_consumed(b->yajl);
	b->depth++;
	b->open[b->depth].at = b->words;
	b->open[b->depth].count = 0;
	add_word(b, 0, 0); /* written when the end is known */
	return 1;
}

static int close_container(struct build *b, char first, char last)
{
	size_t at = b->open[b->depth].at, count = b->open[b->depth].count;
	if (count > SL_TAPE_COUNT_MAX)
		count = SL_TAPE_COUNT_MAX;
	add_word(b, last, at);
	b->to->tape[at] = sl_tape_word(first, (uint64_t)count << 32 | b->words);
	b->depth--;
	return value_added(b);
}

static int on_close_array(void *ctx)
{
	return close_container(ctx, '[', ']');
}

static int on_close_object(void *ctx)
{
	return close_container(ctx, '{', '}');
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_open,
	.yajl_map_key = on_key,
	.yajl_end_map = on_close_object,
	.yajl_start_array = on_open,
	.yajl_end_array = on_close_array,
};

/* ---- the reader ---- */

static int run(struct build *b)
{
	yajl_config(b->yajl, yajl_dont_validate_strings, 1); /* checked already */
	add_word(b, 'r', 0);
	if (yajl_parse(b->yajl, (const unsigned char *)b->text, b->len) != yajl_status_ok ||
	    yajl_complete_parse(b->yajl) != yajl_status_ok)
		return -1;
	b->to->tape[0] = sl_tape_word('r', b->words);
	add_word(b, 'r', 0);
	return 0;
}

int sl_slow_parse(struct sl_slow *s, const char *text, size_t len)
{
	struct build b;
	if (reserve(s, len) != 0)
		return -1;
	b.to = s;
	b.text = text;
	b.len = len;
	b.seen = b.words = b.bytes = b.depth = 0;
	b.open[0].count = 0;
	b.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	b.yajl = yajl_alloc(&callbacks, NULL, &b);
	int rc = b.yajl != NULL && b.c_locale != (locale_t)0 ? run(&b) : -1;
	if (b.yajl != NULL)
		yajl_free(b.yajl);
	if (b.c_locale != (locale_t)0)
		freelocale(b.c_locale);
	return rc;
}

size_t sl_slow_memory(const struct sl_slow *s)
{
	if (s->tape == NULL)
		return 0;
	return words_for(s->capacity) * sizeof *s->tape + bytes_for(s->capacity);
}

void sl_slow_clear(struct sl_slow *s)
{
	free(s->tape);
	free(s->strings);
	*s = (struct sl_slow){ 0 };
}
