/* scalar.c - see scalar.h */
#include "schema/scalar.h"

#include <float.h>
#include <math.h>

#include "json/equal.h"

/* ---- numbers ---- */

/* value against the bound: below 0, 0, above 0. */
static int compare_integer(int64_t value, const struct sl_bound *b)
{
	if (b->exact)
		return (value > b->integer) - (value < b->integer);
	return sl_json_compare(value, b->number);
}

static int compare_float(double value, const struct sl_bound *b)
{
	if (b->exact)
		return -sl_json_compare(b->integer, value);
	return (value > b->number) - (value < b->number);
}

/* Against the minimum: is it enough? Against the maximum, with the sign turned:
 * not too much? */
static bool enough(const struct sl_bound *b, int order)
{
	return order > 0 || (order == 0 && !b->exclusive);
}

/* Steps such as 0.01 are no doubles: a quotient that is whole but for the
 * rounding of its two sides counts as whole. */
static bool is_multiple(double value, double step)
{
	double quotient = value / step;
	if (!isfinite(quotient))
		return false;
	return fabs(quotient - nearbyint(quotient)) <= 4 * DBL_EPSILON * fabs(quotient);
}

bool sl_scalar_integer(const struct sl_number *n, int64_t value)
{
	if (n->min.set && !enough(&n->min, compare_integer(value, &n->min)))
		return false;
	if (n->max.set && !enough(&n->max, -compare_integer(value, &n->max)))
		return false;
	if (!n->step.set)
		return true;
	return n->step.exact ? value % n->step.integer == 0 : is_multiple((double)value, n->step.number);
}

bool sl_scalar_float(const struct sl_number *n, double value)
{
	if (n->min.set && !enough(&n->min, compare_float(value, &n->min)))
		return false;
	if (n->max.set && !enough(&n->max, -compare_float(value, &n->max)))
		return false;
	return !n->step.set || is_multiple(value, n->step.number);
}

bool sl_scalar_whole(struct sl_json_value v, int64_t *out)
{
	if (sl_json_type(v) == SL_JSON_INTEGER) {
		*out = sl_json_integer(v);
		return true;
	}
	if (sl_json_type(v) != SL_JSON_FLOAT)
		return false;
	double d = sl_json_float(v);
	if (!(fabs(d) <= 0x1p53) || d != floor(d))
		return false;
	*out = (int64_t)d;
	return true;
}

/* ---- strings ---- */

static size_t count_characters(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

/* A character has one to four bytes: mostly nothing need be counted. */
static bool length_fits(const struct sl_string *s, const char *text, size_t len)
{
	if (len <= s->max && len / 4 >= s->min)
		return true;
	if (len < s->min)
		return false;
	size_t characters = count_characters(text, len);
	return characters >= s->min && characters <= s->max;
}

bool sl_scalar_string(const struct sl_string *s, const char *text, size_t len)
{
	return length_fits(s, text, len) && (s->format == NULL || s->format(text, len)) &&
	       (s->regex == NULL || sl_regex_find(s->regex, text, len));
}
