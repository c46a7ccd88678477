/* kind_number.c - integers and numbers: see kind.h and flat.h */
#include <float.h>
#include <math.h>

#include <lauxlib.h>

#include "json/decimal.h"
#include "json/equal.h"
#include "lua/decimal.h"
#include "schema/flat.h"

struct bound { /* a number; not set: zeroes */
	bool set, exclusive;
	bool exact; /* an integer */
	int64_t integer;
	double number;
	struct sl_text decimal; /* of an anchored decimal; bytes NULL: it is a Lua number */
};

struct number {
	struct sl_node node;
	struct bound min, max, step;
};

static struct bound read_bound(struct sl_compiler *c, const char *name) /* popped */
{
	struct bound b = { .set = true };
	if (lua_type(c->L, -1) != LUA_TNUMBER || !isfinite(lua_tonumber(c->L, -1)))
		luaL_error(c->L, "%s: expected a number", name);
	b.number = lua_tonumber(c->L, -1);
	b.exact = lua_isinteger(c->L, -1);
	b.integer = b.exact ? lua_tointeger(c->L, -1) : 0;
	lua_pop(c->L, 1);
	return b;
}

static struct bound step(struct sl_compiler *c, int from)
{
	struct bound b = { .set = false };
	if (sl_compile_get(c, from, "multiple_of") != LUA_TNIL)
		b = read_bound(c, "multiple_of");
	else
		lua_pop(c->L, 1);
	if (b.set && !(b.number > 0))
		luaL_error(c->L, "multiple_of: expected a positive number");
	return b;
}

static struct bound bound(struct sl_compiler *c, int from, const char *name, bool exclusive)
{
	struct bound b = { .set = false };
	int type = sl_compile_get(c, from, name);
	struct sl_text decimal = sl_decimal_test(c->L, -1);
	if (decimal.bytes != NULL) {
		b = (struct bound){ .set = true, .decimal = decimal };
		sl_compile_anchor(c);
	} else if (type != LUA_TNIL)
		b = read_bound(c, name);
	else
		lua_pop(c->L, 1);
	b.exclusive = exclusive;
	return b;
}

static void compile_number(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct number *number = (struct number *)n;
	number->min = bound(c, from, "exclusive_min", true);
	if (!number->min.set)
		number->min = bound(c, from, "min", false);
	number->max = bound(c, from, "exclusive_max", true);
	if (!number->max.set)
		number->max = bound(c, from, "max", false);
	number->step = step(c, from);
	n->plain = !number->min.set && !number->max.set && !number->step.set;
}

/* Compares the value with the bound: negative, 0 or positive. */
static int compare_integer(int64_t value, const struct bound *b)
{
	if (b->exact)
		return (value > b->integer) - (value < b->integer);
	if (b->decimal.bytes != NULL)
		return -sl_decimal_compare_integer(b->decimal, value);
	return sl_json_compare(value, b->number);
}

static int compare_float(double value, const struct bound *b)
{
	if (b->exact)
		return -sl_json_compare(b->integer, value);
	if (b->decimal.bytes != NULL)
		return -sl_decimal_compare_double(b->decimal, value);
	return (value > b->number) - (value < b->number);
}

/* Is a value within its minimum? With the sign of `order` inverted: within its
 * maximum? */
static bool enough(const struct bound *b, int order)
{
	return order > 0 || (order == 0 && !b->exclusive);
}

/* Steps such as 0.01 are not exact as doubles: a quotient that is whole except
 * for the rounding of its two operands counts as whole. */
static bool is_multiple(double value, double step)
{
	double quotient = value / step;
	if (!isfinite(quotient))
		return false;
	return fabs(quotient - nearbyint(quotient)) <= 4 * DBL_EPSILON * fabs(quotient);
}

bool sl_number_takes_integer(const struct sl_node *node, int64_t value)
{
	const struct number *n = (const struct number *)node;
	if (n->min.set && !enough(&n->min, compare_integer(value, &n->min)))
		return false;
	if (n->max.set && !enough(&n->max, -compare_integer(value, &n->max)))
		return false;
	if (!n->step.set)
		return true;
	return n->step.exact ? value % n->step.integer == 0 : is_multiple((double)value, n->step.number);
}

bool sl_number_takes_float(const struct sl_node *node, double value)
{
	const struct number *n = (const struct number *)node;
	if (n->min.set && !enough(&n->min, compare_float(value, &n->min)))
		return false;
	if (n->max.set && !enough(&n->max, -compare_float(value, &n->max)))
		return false;
	return !n->step.set || is_multiple(value, n->step.number);
}

static int compare_decimal(struct sl_text value, const struct bound *b)
{
	if (b->decimal.bytes != NULL)
		return sl_decimal_compare(value, b->decimal);
	return b->exact ? sl_decimal_compare_integer(value, b->integer) : sl_decimal_compare_double(value, b->number);
}

bool sl_number_takes_decimal(const struct sl_node *node, struct sl_text value)
{
	const struct number *n = (const struct number *)node;
	if (n->min.set && !enough(&n->min, compare_decimal(value, &n->min)))
		return false;
	if (n->max.set && !enough(&n->max, -compare_decimal(value, &n->max)))
		return false;
	if (!n->step.set)
		return true;
	return n->step.exact ? sl_decimal_is_multiple(value, n->step.integer)
	                     : is_multiple(sl_decimal_nearest(value), n->step.number);
}

bool sl_number_whole(struct sl_json_value v, int64_t *out)
{
	if (sl_json_type(v) == SL_JSON_INTEGER) {
		*out = sl_json_integer(v);
		return true;
	}
	if (sl_json_type(v) != SL_JSON_FLOAT || sl_json_float(v) != floor(sl_json_float(v)))
		return false;
	struct sl_text t; /* by its digits: the double may have been rounded */
	t.bytes = sl_json_own_text(v, &t.len);
	struct sl_digits d = sl_digits_of(t);
	return sl_digits_integer(&d, out);
}

/* An integer beyond 64 bits is pushed as a decimal. */
static bool push_large_integer(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	struct sl_text t;
	t.bytes = sl_json_own_text(v, &t.len);
	struct sl_digits d = sl_digits_of(t);
	if (!sl_digits_are_whole(&d) || !(n->plain || sl_number_takes_decimal(n, t)))
		return false;
	sl_decimal_push(w->L, t.bytes, t.len);
	return true;
}

static void read_integer(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	int64_t value;
	bool is_small = sl_number_whole(v, &value);
	if (is_small && (n->plain || sl_number_takes_integer(n, value)))
		lua_pushinteger(w->L, (lua_Integer)value);
	else if (is_small || !push_large_integer(w, n, v))
		sl_walk_refuse(w, n, v);
}

static void read_number(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	char room[SL_JSON_DECIMAL_ROOM];
	struct sl_text digits;
	enum sl_json_type type = sl_json_type(v);
	if (type == SL_JSON_DECIMAL)
		digits.bytes = sl_json_decimal(v, room, &digits.len);
	if (type == SL_JSON_INTEGER && sl_number_takes_integer(n, sl_json_integer(v)))
		lua_pushinteger(w->L, (lua_Integer)sl_json_integer(v));
	else if (type == SL_JSON_FLOAT && sl_number_takes_float(n, sl_json_float(v)))
		lua_pushnumber(w->L, sl_json_float(v));
	else if (type == SL_JSON_DECIMAL && sl_number_takes_decimal(n, digits))
		sl_decimal_push(w->L, digits.bytes, digits.len);
	else
		sl_walk_refuse(w, n, v);
}

#define NUMBERS (SL_MAY_BE(SL_JSON_INTEGER) | SL_MAY_BE(SL_JSON_FLOAT) | SL_MAY_BE(SL_JSON_DECIMAL))

const struct sl_node_kind sl_kind_integer = {
	"integer", NUMBERS, sizeof(struct number), compile_number, read_integer
};
const struct sl_node_kind sl_kind_number = {
	"number", NUMBERS, sizeof(struct number), compile_number, read_number
};
