/* slow.c - see slow.h: puts the validator's tokens on a tape */
#include "json/slow.h"

#include <assert.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json/check.h"
#include "json/document.h"
#include "json/string.h"

/* The tape and its counts are 32 bits wide. */
#define LONGEST_TEXT 0xFFFF0000u

/* One parse. */
struct build {
	struct sl_slow *to;
	size_t words, bytes; /* in use on the tape, in the strings */
	size_t depth;
	struct {
		size_t at, count;
	} open[SL_JSON_DEPTH_LIMIT + 1]; /* the first is the whole text */
};

/* ---- room ---- */

/* A text of n bytes has at most n + 3 words (the worst case is one digit) and 5/3 n
 * bytes of strings (the worst case is many empty ones, or many of 1e309), so the
 * listener cannot run out of room. A word can be read after the last string. */
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
	s->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (s->tape == NULL || s->strings == NULL || s->c_locale == (locale_t)0) {
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

static unsigned char *room_for_string(const struct build *b)
{
	return b->to->strings + b->bytes + sizeof(uint32_t);
}

/* Keeps the n bytes that were written to room_for_string(). */
static void keep_string(struct build *b, size_t n)
{
	uint32_t length = (uint32_t)n;
	memcpy(b->to->strings + b->bytes, &length, sizeof length);
	room_for_string(b)[n] = '\0';
	b->bytes += sizeof length + n + 1;
	assert(b->bytes <= bytes_for(b->to->capacity));
}

static void add_string(struct build *b, const char *quoted, size_t len)
{
	size_t n = sl_json_unescape(room_for_string(b), quoted + 1, len - 2);
	add_word(b, '"', b->bytes);
	keep_string(b, n);
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

/* strtod needs a terminator, which the text may lack: there is room for a copy where
 * the next string will go. It also depends on the locale, which scripts may set. */
static double read_double(const struct build *b, const char *digits, size_t len)
{
	char *copy = (char *)b->to->strings + b->bytes;
	int saved = errno;
	assert(b->bytes + len < bytes_for(b->to->capacity));
	memcpy(copy, digits, len);
	copy[len] = '\0';
	double value = strtod_l(copy, NULL, b->to->c_locale);
	errno = saved;
	return value;
}

static bool is_integer(const char *digits, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (digits[i] == '.' || digits[i] == 'e' || digits[i] == 'E')
			return false;
	return true;
}

static void add_decimal(struct build *b, const char *digits, size_t len, double nearest)
{
	add_word(b, 'b', b->bytes);
	assert(b->words < words_for(b->to->capacity));
	memcpy(&b->to->tape[b->words++], &nearest, sizeof nearest);
	memcpy(room_for_string(b), digits, len);
	keep_string(b, len);
}

static void add_digits(struct build *b, const char *digits, size_t len)
{
	int64_t integer;
	if (read_integer(digits, len, &integer)) {
		add_number(b, 'l', &integer);
		return;
	}
	double value = read_double(b, digits, len);
	if (is_integer(digits, len) || isinf(value))
		add_decimal(b, digits, len, value);
	else
		add_number(b, 'd', &value);
}

/* ---- containers ---- */

static void open_container(struct build *b, char bracket)
{
	b->depth++;
	b->open[b->depth].at = b->words;
	b->open[b->depth].count = 0;
	add_word(b, bracket, 0); /* the payload is set when the end is known */
}

static void close_container(struct build *b, char bracket)
{
	size_t at = b->open[b->depth].at, count = b->open[b->depth].count;
	if (count > SL_TAPE_COUNT_MAX)
		count = SL_TAPE_COUNT_MAX;
	add_word(b, bracket, at);
	b->to->tape[at] |= (uint64_t)count << 32 | b->words;
	b->depth--;
}

/* ---- the reader ---- */

static void on_token(void *ctx, const char *text, size_t len, bool key)
{
	struct build *b = ctx;
	char first = *text;
	if (first == ']' || first == '}') {
		close_container(b, first);
		return;
	}
	b->open[b->depth].count += !key;
	if (first == '[' || first == '{')
		open_container(b, first);
	else if (first == '"')
		add_string(b, text, len);
	else if (first == 't' || first == 'f' || first == 'n')
		add_word(b, first, 0);
	else
		add_digits(b, text, len);
}

int sl_slow_parse(struct sl_slow *s, const char *text, size_t len)
{
	struct build b;
	struct sl_listener listener = { on_token, &b };
	struct sl_complaint complaint;
	if (reserve(s, len) != 0)
		return -1;
	b.to = s;
	b.words = b.bytes = b.depth = 0;
	b.open[0].count = 0;
	add_word(&b, 'r', 0);
	bool valid = sl_json_check(text, len, &listener, &complaint);
	assert(valid);
	(void)valid;
	s->tape[0] |= b.words;
	add_word(&b, 'r', 0);
	return 0;
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
	if (s->c_locale != (locale_t)0)
		freelocale(s->c_locale);
	*s = (struct sl_slow){ 0 };
}
