/* equal.c - see equal.h */
#include "json/equal.h"

#include <math.h>
#include <string.h>

#include "json/decimal.h"

/* Of an object, at most; the others do not count. */
#define HASHED_FIELDS 32

/* ---- numbers ---- */

int sl_json_compare(int64_t a, double b)
{
	if (b >= 0x1p63)
		return -1;
	if (b < -0x1p63)
		return 1;
	double floor_b = floor(b);
	int64_t whole = (int64_t)floor_b;
	if (a != whole)
		return a < whole ? -1 : 1;
	return b > floor_b ? -1 : 0;
}

static bool equal_integer(int64_t a, struct sl_json_value b)
{
	if (sl_json_type(b) == SL_JSON_INTEGER)
		return a == sl_json_integer(b);
	return sl_json_type(b) == SL_JSON_FLOAT && sl_json_compare(a, sl_json_float(b)) == 0;
}

static struct sl_text decimal(struct sl_json_value v, char room[SL_JSON_DECIMAL_ROOM])
{
	struct sl_text t;
	t.bytes = sl_json_decimal(v, room, &t.len);
	return t;
}

/* a is a decimal, so it cannot equal a 64-bit integer. */
static bool equal_decimal(struct sl_json_value a, struct sl_json_value b)
{
	char rooms[2][SL_JSON_DECIMAL_ROOM];
	if (sl_json_type(b) == SL_JSON_DECIMAL)
		return sl_decimal_compare(decimal(a, rooms[0]), decimal(b, rooms[1])) == 0;
	return sl_json_type(b) == SL_JSON_FLOAT && sl_decimal_compare_double(decimal(a, rooms[0]), sl_json_float(b)) == 0;
}

/* ---- containers ---- */

/* For arrays, whose elements have no names, and for objects, because most equal ones
 * have their fields in the same order. */
static bool equal_in_order(struct sl_json_value a, struct sl_json_value b)
{
	struct sl_json_iter i = sl_json_children(a), j = sl_json_children(b);
	struct sl_json_value x, y;
	const char *key = "", *other = "";
	size_t len = 0, other_len = 0;
	if (sl_json_count(a) != sl_json_count(b))
		return false;
	while (sl_json_next(&i, &key, &len, &x) && sl_json_next(&j, &other, &other_len, &y))
		if (len != other_len || memcmp(key, other, len) != 0 || !sl_json_equal(x, y))
			return false;
	return true;
}

/* Does b have every field of a, with an equal value? The last duplicate wins. */
static bool contains(struct sl_json_value b, struct sl_json_value a)
{
	struct sl_json_iter i = sl_json_children(a);
	struct sl_json_value x, y;
	const char *key;
	size_t len;
	while (sl_json_next(&i, &key, &len, &x)) {
		sl_json_field(a, key, len, &x);
		if (!sl_json_field(b, key, len, &y) || !sl_json_equal(x, y))
			return false;
	}
	return true;
}

static bool equal_strings(struct sl_json_value a, struct sl_json_value b)
{
	size_t len, other_len;
	const char *s = sl_json_string(a, &len), *other = sl_json_string(b, &other_len);
	return len == other_len && memcmp(s, other, len) == 0;
}

bool sl_json_equal(struct sl_json_value a, struct sl_json_value b)
{
	enum sl_json_type type = sl_json_type(a);
	if (type == SL_JSON_INTEGER)
		return equal_integer(sl_json_integer(a), b);
	if (sl_json_type(b) == SL_JSON_INTEGER)
		return equal_integer(sl_json_integer(b), a);
	if (type == SL_JSON_DECIMAL)
		return equal_decimal(a, b);
	if (sl_json_type(b) == SL_JSON_DECIMAL)
		return equal_decimal(b, a);
	if (sl_json_type(b) != type)
		return false;
	switch (type) {
	case SL_JSON_FLOAT:
		return sl_json_float(a) == sl_json_float(b);
	case SL_JSON_BOOLEAN:
		return sl_json_boolean(a) == sl_json_boolean(b);
	case SL_JSON_STRING:
		return equal_strings(a, b);
	case SL_JSON_ARRAY:
		return equal_in_order(a, b);
	case SL_JSON_OBJECT:
		return equal_in_order(a, b) || (contains(a, b) && contains(b, a));
	default:
		return true;
	}
}

/* ---- hashes ---- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ h >> 32;
}

static uint64_t hash_bytes(const char *s, size_t len)
{
	uint64_t h = len, part;
	for (; len >= sizeof part; s += sizeof part, len -= sizeof part) {
		memcpy(&part, s, sizeof part);
		h = mix(h, part);
	}
	part = 0;
	memcpy(&part, s, len);
	return mix(h, part);
}

/* A double that equals an integer has the integer's hash. */
static uint64_t hash_float(double d)
{
	uint64_t bits;
	if (d >= -0x1p63 && d < 0x1p63 && d == floor(d))
		return (uint64_t)(int64_t)d;
	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static uint64_t hash_array(struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value element;
	uint64_t h = 0;
	while (sl_json_next(&it, NULL, NULL, &element))
		h = mix(h, sl_json_hash(element));
	return h;
}

struct name {
	uint64_t hash;
	const char *bytes;
	size_t len;
};

static int compare_names(const struct name *a, const struct name *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->bytes, b->bytes, a->len);
}

/* Keep the name if it is new and among the first: how many there are now. */
static unsigned keep_name(struct name *names, unsigned n, const struct name *name)
{
	unsigned at = n;
	int order = 1;
	while (at > 0 && (order = compare_names(name, &names[at - 1])) < 0)
		at--;
	if (order == 0 || at == HASHED_FIELDS)
		return n;
	n -= n == HASHED_FIELDS;
	memmove(&names[at + 1], &names[at], (n - at) * sizeof *names);
	names[at] = *name;
	return n + 1;
}

/* Only names and the last value of each count, in whatever order they stand: an overridden duplicate makes no
 * difference. Of many fields, those whose names have the smallest hashes are enough. */
static uint64_t hash_object(struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value field;
	struct name names[HASHED_FIELDS], name;
	unsigned n = 0;
	uint64_t sum = 0;
	while (sl_json_next(&it, &name.bytes, &name.len, &field)) {
		name.hash = hash_bytes(name.bytes, name.len);
		n = keep_name(names, n, &name);
	}
	for (unsigned i = 0; i < n; i++)
		if (sl_json_field(v, names[i].bytes, names[i].len, &field))
			sum += mix(names[i].hash, sl_json_hash(field));
	return sum;
}

uint64_t sl_json_hash(struct sl_json_value v)
{
	enum sl_json_type type = sl_json_type(v);
	size_t len;
	const char *s;
	switch (type) {
	case SL_JSON_BOOLEAN:
		return mix(type, sl_json_boolean(v));
	case SL_JSON_INTEGER:
		return mix(SL_JSON_INTEGER, (uint64_t)sl_json_integer(v));
	case SL_JSON_FLOAT:
	case SL_JSON_DECIMAL:
		return mix(SL_JSON_INTEGER, hash_float(sl_json_float(v)));
	case SL_JSON_STRING:
		s = sl_json_string(v, &len);
		return mix(type, hash_bytes(s, len));
	case SL_JSON_ARRAY:
		return mix(type, hash_array(v));
	case SL_JSON_OBJECT:
		return mix(type, hash_object(v));
	default:
		return mix(type, 0);
	}
}
