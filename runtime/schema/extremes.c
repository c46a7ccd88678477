/* extremes.c - see extremes.h */
#include "schema/extremes.h"

#include <endian.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "json/decimal.h"
#include "json/words.h"

/* ---- numbers ---- */

#define INTEGER_ROOM 24
#define CUT_ROOM (SL_EXTREMES_DIGITS + 32)

/* Borrowed from the number, or in room. */
static struct sl_text text_of(const struct sl_number *n, char room[INTEGER_ROOM])
{
	if (!n->is_integer)
		return n->text;
	return (struct sl_text){ room, (size_t)snprintf(room, INTEGER_ROOM, "%" PRId64, n->integer) };
}

static int compare_texts(struct sl_text a, struct sl_text b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return sl_text_compare(a, b);
}

/* *better: the numbers are equal, and a's text is the one to keep. */
static int compare(const struct sl_number *a, const struct sl_number *b, bool *better)
{
	char rooms[2][INTEGER_ROOM];
	*better = false;
	if (a->is_integer && b->is_integer)
		return (a->integer > b->integer) - (a->integer < b->integer);
	if (a->nearest != b->nearest) /* rounding keeps the order */
		return a->nearest < b->nearest ? -1 : 1;
	struct sl_text s = text_of(a, rooms[0]), t = text_of(b, rooms[1]);
	int order = sl_decimal_compare(s, t);
	*better = order == 0 && compare_texts(s, t) < 0;
	return order;
}

static int keep(struct sl_number *kept, const struct sl_number *n)
{
	char *copy = NULL;
	if (!n->is_integer) {
		copy = malloc(n->text.len);
		if (copy == NULL)
			return -1;
		memcpy(copy, n->text.bytes, n->text.len);
	}
	free((char *)kept->text.bytes);
	*kept = *n;
	kept->text.bytes = copy;
	return 0;
}

static int add(struct sl_numbers *s, const struct sl_number *n)
{
	bool better;
	int rc = 0;
	bool is_first = s->count++ == 0;
	if (is_first || compare(n, &s->min, &better) < 0 || better)
		rc = keep(&s->min, n);
	if (is_first || compare(n, &s->max, &better) > 0 || better)
		rc |= keep(&s->max, n);
	return rc;
}

int sl_numbers_add_integer(struct sl_numbers *s, int64_t value)
{
	s->whole += value;
	if (s->count > 0 && s->min.is_integer && s->max.is_integer && value >= s->min.integer && value <= s->max.integer) {
		s->count++;
		return 0;
	}
	return add(s, &(struct sl_number){ .is_integer = true, .integer = value, .nearest = (double)value });
}

static void add_to_sum(struct sl_numbers *s, double x)
{
	double sum = s->rest + x;
	s->lost += fabs(s->rest) >= fabs(x) ? s->rest - sum + x : x - sum + s->rest;
	s->rest = sum;
}

/* Rewrites a long text as 0.DIGITSeN, with the first digits only. */
static void shorten(struct sl_number *n, char room[CUT_ROOM])
{
	struct sl_digits d = sl_digits_of(n->text);
	size_t len = (size_t)snprintf(room, CUT_ROOM, "%s0.", d.negative ? "-" : ""), digits = 0;
	for (const char *p = d.first; p < d.last && digits < SL_EXTREMES_DIGITS; p++)
		if (*p != '.') {
			room[len++] = *p;
			digits++;
		}
	len += (size_t)snprintf(room + len, CUT_ROOM - len, digits > 0 ? "e%" PRId64 : "0", d.point);
	n->is_cut = d.count > digits;
	n->text = (struct sl_text){ room, len };
}

int sl_numbers_add(struct sl_numbers *s, struct sl_json_value v)
{
	char room[CUT_ROOM];
	struct sl_number n = { .nearest = sl_json_float(v) };
	add_to_sum(s, n.nearest);
	if (s->count > 0 && n.nearest > s->min.nearest && n.nearest < s->max.nearest) {
		s->count++;
		return 0;
	}
	n.text.bytes = sl_json_own_text(v, &n.text.len);
	if (n.text.len > SL_EXTREMES_DIGITS)
		shorten(&n, room);
	return add(s, &n);
}

double sl_numbers_mean(const struct sl_numbers *s)
{
	return (double)(((long double)s->whole + s->rest + s->lost) / s->count);
}

void sl_numbers_clear(struct sl_numbers *s)
{
	free((char *)s->min.text.bytes);
	free((char *)s->max.text.bytes);
	*s = (struct sl_numbers){ 0 };
}

/* ---- strings ---- */

/* Compares what is kept of a text; if that is equal, the longer text is greater. */
static int compare_start(struct sl_text text, const struct sl_string_start *kept)
{
	bool is_cut = text.len > SL_EXTREMES_BYTES;
	size_t start = is_cut ? SL_EXTREMES_BYTES : text.len;
	int order = memcmp(text.bytes, kept->bytes, start < kept->len ? start : kept->len);
	if (order == 0)
		order = (start > kept->len) - (start < kept->len);
	return order != 0 ? order : is_cut - kept->is_cut;
}

static void keep_start(struct sl_string_start *kept, struct sl_text text, uint64_t word)
{
	kept->word = word;
	kept->is_cut = text.len > SL_EXTREMES_BYTES;
	kept->len = kept->is_cut ? SL_EXTREMES_BYTES : text.len;
	memcpy(kept->bytes, text.bytes, kept->len);
}

void sl_strings_add(struct sl_strings *s, struct sl_text text)
{
	size_t characters = sl_utf8_count(text.bytes, text.len);
	uint64_t word = be64toh(sl_word(text.bytes) & sl_word_mask(text.len));
	bool is_first = s->count++ == 0;
	s->min_length = is_first || characters < s->min_length ? characters : s->min_length;
	s->max_length = is_first || characters > s->max_length ? characters : s->max_length;
	if (is_first || word < s->min.word || (word == s->min.word && compare_start(text, &s->min) < 0))
		keep_start(&s->min, text, word);
	if (is_first || word > s->max.word || (word == s->max.word && compare_start(text, &s->max) > 0))
		keep_start(&s->max, text, word);
}
