/* stats_values.c - see stats_place.h: scalars, as distinct and frequent values */
#include "schema/stats_place.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "json/decimal.h"

/* Seeds for the hashes of types other than strings. */
enum { SEED_INTEGER = 1, SEED_FLOAT, SEED_DECIMAL, SEED_BOOLEAN };

struct value {
	uint64_t hash;
	enum sl_json_type type;
	struct sl_text bytes;
	union {
		uint64_t integer;
		double number;
		bool boolean;
		char decimal[SL_JSON_DECIMAL_ROOM];
	} room; /* of the bytes */
};

static void hash_bytes(struct value *out, const void *bytes, size_t len, uint64_t seed)
{
	out->bytes = (struct sl_text){ bytes, len };
	out->hash = XXH3_64bits_withSeed(bytes, len, seed);
}

static void of_integer(struct value *out, int64_t n)
{
	out->type = SL_JSON_INTEGER;
	out->room.integer = htobe64((uint64_t)n ^ UINT64_C(1) << 63);
	hash_bytes(out, &out->room.integer, sizeof out->room.integer, SEED_INTEGER);
}

int64_t sl_stats_integer(const char bytes[sizeof(int64_t)])
{
	uint64_t n;
	memcpy(&n, bytes, sizeof n);
	return (int64_t)(be64toh(n) ^ UINT64_C(1) << 63);
}

static void of_float(struct value *out, double d)
{
	if (d >= -0x1p63 && d < 0x1p63 && d == floor(d)) {
		of_integer(out, (int64_t)d);
		return;
	}
	out->type = SL_JSON_FLOAT;
	out->room.number = d;
	hash_bytes(out, &out->room.number, sizeof out->room.number, SEED_FLOAT);
}

/* Hashes the digits, wherever the point is written. */
static uint64_t hash_digits(struct sl_text text)
{
	struct sl_digits d = sl_digits_of(text);
	uint64_t hash = UINT64_C(0xCBF29CE484222325) ^ (uint64_t)d.point << 1 ^ d.negative;
	for (const char *p = d.first; p < d.last; p++)
		if (*p != '.')
			hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001B3); /* FNV-1a */
	return XXH3_64bits_withSeed(&hash, sizeof hash, SEED_DECIMAL);
}

static void of_decimal(struct value *out, struct sl_json_value v)
{
	double nearest = sl_json_float(v);
	out->type = SL_JSON_DECIMAL;
	out->bytes.bytes = sl_json_decimal(v, out->room.decimal, &out->bytes.len);
	if (isfinite(nearest) && sl_decimal_compare_double(out->bytes, nearest) == 0)
		of_float(out, nearest); /* so that it equals the same value written as a float */
	else
		out->hash = hash_digits(out->bytes);
}

static void of_scalar(struct value *out, struct sl_json_value v)
{
	size_t len;
	const char *text;
	out->type = sl_json_type(v);
	switch (out->type) {
	case SL_JSON_STRING:
		text = sl_json_string(v, &len);
		hash_bytes(out, text, len, 0);
		return;
	case SL_JSON_INTEGER:
		of_integer(out, sl_json_integer(v));
		return;
	case SL_JSON_FLOAT:
		of_float(out, sl_json_float(v));
		return;
	case SL_JSON_DECIMAL:
		of_decimal(out, v);
		return;
	default:
		out->room.boolean = sl_json_boolean(v);
		hash_bytes(out, &out->room.boolean, sizeof out->room.boolean, SEED_BOOLEAN);
	}
}

/* There are more values than have a place among the frequent ones: starts the set with all values so far. */
static struct sl_distinct *begin_set(struct sl_stats_place *p)
{
	p->distinct = calloc(1, sizeof *p->distinct);
	for (size_t i = 0; p->distinct != NULL && i < p->frequent.count; i++)
		sl_distinct_add(p->distinct, p->frequent.keys[i].hash);
	return p->distinct;
}

int sl_stats_count(struct sl_stats_place *p, struct sl_json_value v)
{
	struct value value;
	of_scalar(&value, v);
	int rc = sl_frequent_add(&p->frequent, value.hash, (unsigned char)value.type, value.bytes);
	if (rc != 1)
		return rc;
	if (p->distinct == NULL && begin_set(p) == NULL)
		return -1;
	sl_distinct_add(p->distinct, value.hash);
	sl_frequent_replace(&p->frequent, value.hash, (unsigned char)value.type, value.bytes);
	return 0;
}
