/* redact.c - see redact.h */
#include "host/redact.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "host/alphabet.h"
#include "json/string.h"

#define ROUNDS 10       /* of the network; even */
#define SINGLE_ROUNDS 64 /* of shuffling one alphabet */
#define ESCAPE 6        /* \uXXXX */

/* ---- characters ---- */

static void put_escape(char *to, uint32_t unit)
{
	char text[ESCAPE + 1];
	snprintf(text, sizeof text, "\\u%04x", (unsigned)(unit & 0xFFFF));
	memcpy(to, text, ESCAPE);
}

/* Writes c over a character that had the same length. */
static void put_character(char *to, struct sl_json_character was, uint32_t c)
{
	unsigned char *p = (unsigned char *)to;
	if (was.is_unicode && was.len == ESCAPE) {
		put_escape(to, c);
	} else if (was.is_unicode) {
		put_escape(to, 0xD800 + ((c - 0x10000) >> 10));
		put_escape(to + ESCAPE, 0xDC00 + ((c - 0x10000) & 0x3FF));
	} else if (was.len == 1) {
		p[0] = (unsigned char)c;
	} else {
		static const unsigned char first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
		for (size_t i = was.len; i-- > 1; c >>= 6)
			p[i] = (unsigned char)(0x80 | (c & 0x3F));
		p[0] = (unsigned char)(first[was.len] | c);
	}
}

/* ---- the permutation ---- */

static uint64_t hash(const struct sl_redactor *r, const void *bytes, size_t n)
{
	return XXH3_64bits_withSecret(bytes, n, r->secret, sizeof r->secret);
}

static uint64_t mix(const struct sl_redactor *r, uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t all[] = { a, b, c };
	return hash(r, all, sizeof all);
}

/* Moves digits[from] up to digits[to] on by amounts that follow from the key. */
static void turn(struct sl_redactor *r, size_t from, size_t to, uint64_t key)
{
	for (size_t i = from; i < to; i++)
		r->digits[i] = (uint32_t)((r->digits[i] + mix(r, key, i, 0) % r->bases[i]) % r->bases[i]);
}

static void permute_many(struct sl_redactor *r, uint64_t shape)
{
	size_t half = r->count / 2;
	for (uint64_t round = 0; round < ROUNDS; round += 2) {
		uint64_t right = hash(r, r->digits + half, (r->count - half) * sizeof *r->digits);
		turn(r, 0, half, mix(r, right, round, shape));
		uint64_t left = hash(r, r->digits, half * sizeof *r->digits);
		turn(r, half, r->count, mix(r, left, round + 1, shape));
	}
}

/* Swap or not (Hoang, Morris, Rogaway): each round pairs every digit with another, and the
 * key decides for each pair whether it is swapped. */
static void permute_one(struct sl_redactor *r, uint64_t shape)
{
	uint64_t base = r->bases[0], x = r->digits[0];
	for (uint64_t round = 0; round < SINGLE_ROUNDS; round++) {
		uint64_t key = mix(r, shape, round, 0) % base;
		uint64_t other = (key + base - x) % base;
		if (mix(r, shape, round, 1 + (x > other ? x : other)) & 1)
			x = other;
	}
	r->digits[0] = (uint32_t)x;
}

/* ---- a string ---- */

static int add_digit(struct sl_redactor *r, uint32_t digit, uint32_t base)
{
	if (r->count == r->room) {
		size_t room = r->room > 0 ? 2 * r->room : 64;
		uint32_t *digits = realloc(r->digits, room * sizeof *digits);
		if (digits == NULL)
			return -1;
		r->digits = digits;
		uint32_t *bases = realloc(r->bases, room * sizeof *bases);
		if (bases == NULL)
			return -1;
		r->bases = bases;
		r->room = room;
	}
	r->digits[r->count] = digit;
	r->bases[r->count++] = base;
	return 0;
}

/* Letters and digits become digits; their alphabets and everything else become a hash, the shape. */
static int take_apart(struct sl_redactor *r, const char *text, size_t len, uint64_t *shape)
{
	*shape = 0;
	r->count = 0;
	for (size_t i = 0; i < len;) {
		struct sl_json_character c = sl_json_character_at(text + i, len - i);
		struct sl_alphabet a = sl_alphabet_of(c.code_point);
		if (a.size > 0 && add_digit(r, c.code_point - a.first, a.size) != 0)
			return -1;
		*shape = mix(r, *shape, a.size, a.size > 0 ? a.first : c.code_point);
		i += c.len;
	}
	return 0;
}

static void put_together(const struct sl_redactor *r, char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len;) {
		struct sl_json_character c = sl_json_character_at(text + i, len - i);
		struct sl_alphabet a = sl_alphabet_of(c.code_point);
		if (a.size > 0)
			put_character(text + i, c, a.first + r->digits[n++]);
		i += c.len;
	}
}

int sl_redact_string(struct sl_redactor *r, char *text, size_t len)
{
	uint64_t shape;
	if (take_apart(r, text, len, &shape) != 0)
		return -1;
	if (r->count == 1)
		permute_one(r, shape);
	else if (r->count > 1)
		permute_many(r, shape);
	put_together(r, text, len);
	return 0;
}

/* ---- its life ---- */

int sl_redactor_init(struct sl_redactor *r, struct sl_error *err)
{
	*r = (struct sl_redactor){ 0 };
	if (getrandom(r->secret, sizeof r->secret, 0) == (ssize_t)sizeof r->secret)
		return 0;
	return sl_fail(err, SL_SINK, errno, "cannot redact: the system provides no random bytes");
}

void sl_redactor_clear(struct sl_redactor *r)
{
	explicit_bzero(r->secret, sizeof r->secret);
	free(r->digits);
	free(r->bases);
	*r = (struct sl_redactor){ 0 };
}
