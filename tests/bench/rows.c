/* rows.c - see rows.h */
#include "rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const KINDS[] = { "theorem", "def", "lemma", "instance", "structure" };
static const char *const AREAS[] = { "Algebra", "Order", "Topology", "Analysis", "Logic",
	                             "Combinatorics", "NumberTheory", "Data" };
static const char *const WORDS[] = { "the", "sum", "of", "two", "measurable", "functions", "is",
	                             "again", "bounded", "by", "a", "constant", "below", "limit",
	                             "every", "finite", "set" };

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* splitmix64, a bijection: every number has an image of its own. */
static uint64_t scramble(uint64_t n)
{
	n += 0x9E3779B97F4A7C15u;
	n = (n ^ n >> 30) * 0xBF58476D1CE4E5B9u;
	n = (n ^ n >> 27) * 0x94D049BB133111EBu;
	return n ^ n >> 31;
}

static char *put(char *at, const char *text)
{
	size_t len = strlen(text);
	memcpy(at, text, len);
	return at + len;
}

static char *put_number(char *at, uint64_t n)
{
	char digits[20];
	int i = 0;
	do {
		digits[i++] = (char)('0' + n % 10);
	} while ((n /= 10) > 0);
	while (i > 0)
		*at++ = digits[--i];
	return at;
}

/* Between four and eleven words, and occasionally text that is hard to copy. */
static char *put_doc(char *at, uint64_t n, uint64_t luck)
{
	for (unsigned i = 0, words = 4 + luck % 8; i < words; i++) {
		if (i > 0)
			*at++ = ' ';
		at = put(at, WORDS[(luck >> 4 * i) % COUNT(WORDS)]);
	}
	if (n % 50 == 7)
		at = put(at, " \\\"quoted\\\" \\\\ \\n\\t");
	if (n % 70 == 9)
		at = put(at, " \xC2\xB1 \xE2\x88\x80x \xF0\x9D\x94\xB8");
	if (n % 900 == 11)
		at = put(at, " \\u00e9\\/");
	return at;
}

static char *put_fields(char *at, uint64_t n, const char *colon)
{
	uint64_t luck = scramble(n), more = scramble(luck);
	const char *area = AREAS[luck >> 8 & 7];
	at = put(put(put(put(at, "{\"kind\""), colon), "\""), KINDS[luck % 5]);
	at = put(put(put(put(at, "\",\"name\""), colon), "\""), area);
	at = put_number(put(at, ".of_"), luck >> 40);
	at = put(put(put(put(put(at, "\",\"file\""), colon), "\"src/"), area), "/M");
	at = put_number(at, luck >> 20 & 1023);
	at = put_number(put(put(put(at, ".lean\",\"line\""), colon), ""), 1 + (luck >> 30) % 4000);
	at = put_number(put(put(at, ",\"size\""), colon), 10 + more % 5000);
	at = put(put(put(at, ",\"doc\""), colon), "\"");
	return put(put_doc(at, n, more >> 8), "\"}");
}

size_t row_write(char out[ROW_MAX], uint64_t n)
{
	size_t len = (size_t)(put_fields(out, n, n % 1000 == 13 ? " : " : ":") - out);
	assert(len <= ROW_MAX);
	return len;
}

void row_write_large(char *out, size_t size, uint64_t n)
{
	char tail[64];
	size_t tail_len = (size_t)snprintf(tail, sizeof tail, "],\"size\":%zu}", size + n);
	char *at = put(out, "{\"kind\":\"module\",\"rows\":["), *end = out + size;
	for (uint64_t i = 0; end - at > 2 * ROW_MAX; i++)
		at = put(put_fields(at, n * 10000 + i, ":"), ",");
	*at++ = '"';
	size_t fill = (size_t)(end - at) - tail_len - 1;
	memset(at, 'x', fill);
	at[fill] = '"';
	memcpy(at + fill + 1, tail, tail_len);
}
