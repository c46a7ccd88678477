/* decimal.c - see decimal.h */
#include "json/decimal.h"

#include <math.h>
#include <string.h>

#include "json/simd.h"

#define FAR INT64_C(100000000000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *p, const char *end)
{
	int64_t e = 0;
	bool negative = p < end && *p == '-';
	for (p += p < end && (*p == '-' || *p == '+'); p < end; p++)
		e = e < FAR ? e * 10 + (*p - '0') : e;
	e = e < FAR ? e : FAR;
	return negative ? -e : e;
}

static const char *find_exponent(const char *p, const char *end)
{
	while (p < end && *p != 'e' && *p != 'E')
		p++;
	return p;
}

/* Counts the digits from first to last, and moves the point by its distance from the first. */
static void count_digits(struct sl_digits *d, const char *point)
{
	for (const char *p = d->first; p < d->last; p++)
		d->count += is_digit(*p);
	d->point += d->first < point ? point - d->first : point + 1 - d->first;
}

struct sl_digits sl_digits_of(struct sl_text t)
{
	struct sl_digits d = { .negative = t.len > 0 && t.bytes[0] == '-' };
	const char *start = t.bytes + d.negative, *end = t.bytes + t.len, *e = find_exponent(start, end);
	const char *point = memchr(start, '.', (size_t)(e - start));
	point = point != NULL ? point : e;
	d.first = start;
	d.last = e;
	while (d.first < d.last && (*d.first == '0' || *d.first == '.'))
		d.first++;
	while (d.last > d.first && (d.last[-1] == '0' || d.last[-1] == '.'))
		d.last--;
	if (d.first == d.last)
		return d;
	if (e < end)
		d.point = read_exponent(e + 1, end);
	count_digits(&d, point);
	return d;
}

bool sl_digits_are_whole(const struct sl_digits *d)
{
	return d->count == 0 || (int64_t)d->count <= d->point;
}

/* The next digit; 0 after the last one. */
static unsigned next_digit(const struct sl_digits *d, const char **at)
{
	while (*at < d->last && !is_digit(**at))
		(*at)++;
	return *at < d->last ? (unsigned)(*(*at)++ - '0') : 0;
}

bool sl_digits_integer(const struct sl_digits *d, int64_t *out)
{
	uint64_t limit = (uint64_t)INT64_MAX + d->negative, sum = 0;
	const char *at = d->first;
	if (d->point > 19 || !sl_digits_are_whole(d))
		return false;
	for (int64_t i = 0; d->count > 0 && i < d->point; i++) {
		unsigned digit = next_digit(d, &at);
		if (sum > (limit - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*out = d->negative ? (int64_t)(0 - sum) : (int64_t)sum;
	return true;
}

/* ---- order ---- */

static int compare_sizes(const struct sl_digits *a, const struct sl_digits *b)
{
	const char *p = a->first, *q = b->first;
	if (a->point != b->point)
		return a->point < b->point ? -1 : 1;
	for (size_t i = 0; i < a->count || i < b->count; i++) {
		unsigned x = next_digit(a, &p), y = next_digit(b, &q);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static int sign_of(const struct sl_digits *d)
{
	return d->count == 0 ? 0 : d->negative ? -1 : 1;
}

static int compare(const struct sl_digits *a, const struct sl_digits *b)
{
	int s = sign_of(a), t = sign_of(b);
	if (s != t)
		return s < t ? -1 : 1;
	return s == 0 ? 0 : s * compare_sizes(a, b);
}

int sl_decimal_compare(struct sl_text a, struct sl_text b)
{
	struct sl_digits x = sl_digits_of(a), y = sl_digits_of(b);
	return compare(&x, &y);
}

int sl_decimal_compare_integer(struct sl_text a, int64_t b)
{
	char digits[24], *end = digits + sizeof digits, *p = end;
	uint64_t rest = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
	do
		*--p = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (b < 0)
		*--p = '-';
	return sl_decimal_compare(a, (struct sl_text){ p, (size_t)(end - p) });
}

int sl_decimal_compare_double(struct sl_text a, double b)
{
	char digits[SL_EXACT_ROOM];
	if (isinf(b))
		return b > 0 ? -1 : 1;
	size_t len = sl_simd_print_exactly(b, digits);
	return sl_decimal_compare(a, (struct sl_text){ digits, len });
}

/* ---- values ---- */

double sl_decimal_nearest(struct sl_text number)
{
	double value;
	struct sl_digits d = sl_digits_of(number);
	if (sl_simd_read_double(number.bytes, number.len, &value))
		return value;
	value = d.point > 0 ? HUGE_VAL : 0;
	return d.negative ? -value : value;
}

static uint64_t multiply(uint64_t a, uint64_t b, uint64_t modulus)
{
	return (uint64_t)((unsigned __int128)a * b % modulus);
}

/* 10^n by squaring, so that an exponent of any size takes at most about 60 steps. */
static uint64_t power_of_ten(uint64_t n, uint64_t modulus)
{
	uint64_t power = 1 % modulus, square = 10 % modulus;
	for (; n > 0; n >>= 1) {
		if (n & 1)
			power = multiply(power, square, modulus);
		square = multiply(square, square, modulus);
	}
	return power;
}

bool sl_decimal_is_multiple(struct sl_text number, int64_t step)
{
	struct sl_digits d = sl_digits_of(number);
	const char *at = d.first;
	uint64_t modulus = (uint64_t)step;
	unsigned __int128 rest = 0;
	if (d.count == 0 || !sl_digits_are_whole(&d))
		return d.count == 0;
	for (size_t i = 0; i < d.count; i++)
		rest = (rest * 10 + next_digit(&d, &at)) % modulus;
	return multiply((uint64_t)rest, power_of_ten((uint64_t)d.point - d.count, modulus), modulus) == 0;
}

/* ---- grammar: RFC 8259, 6 ---- */

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

bool sl_decimal_is_number(struct sl_text t)
{
	const char *p = t.bytes, *end = p + t.len, *from;
	p += p < end && *p == '-';
	from = p;
	p = skip_digits(p, end);
	if (p == from || (*from == '0' && p > from + 1))
		return false;
	if (p < end && *p == '.') {
		from = ++p;
		p = skip_digits(p, end);
		if (p == from)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '-' || *p == '+');
		from = p;
		p = skip_digits(p, end);
		if (p == from)
			return false;
	}
	return p == end;
}
