/* predicate.c - see predicate.h */
#include "expression/predicate.h"

#include <math.h>
#include <string.h>

#include "expression/translate.h"
#include "json/decimal.h"

/* ---- values ---- */

/* In the order of the kinds of constants. DECIMAL: the text of a literal, or, if len is 0, a value
 * of the row; OTHER: a table. */
enum type { NIL, FALSE, TRUE, NUL, INTEGER, FLOAT, DECIMAL, STRING, OTHER };

struct value {
	enum type type;
	uint32_t len;
	union {
		int64_t integer;
		double number;
		const char *text;
		struct sl_json_value json;
	} is;
};

static struct value simple(enum type type)
{
	return (struct value){ .type = type };
}

static struct value truth(bool b)
{
	return simple(b ? TRUE : FALSE);
}

static struct value integer(uint64_t i)
{
	return (struct value){ .type = INTEGER, .is.integer = (int64_t)i };
}

static struct value number(double d)
{
	return (struct value){ .type = FLOAT, .is.number = d };
}

static struct value value_of(struct sl_json_value v)
{
	struct value r = simple(NUL);
	size_t len;
	switch (sl_json_type(v)) {
	case SL_JSON_NULL:
		return r;
	case SL_JSON_BOOLEAN:
		return truth(sl_json_boolean(v));
	case SL_JSON_INTEGER:
		return integer((uint64_t)sl_json_integer(v));
	case SL_JSON_FLOAT:
		return number(sl_json_float(v));
	case SL_JSON_DECIMAL:
		r.type = DECIMAL;
		r.is.json = v;
		return r;
	case SL_JSON_STRING:
		r.type = STRING;
		r.is.text = sl_json_string(v, &len);
		r.len = (uint32_t)len;
		return r;
	default:
		r.type = OTHER;
		r.is.json = v;
		return r;
	}
}

static bool is_true(struct value v)
{
	return v.type != NIL && v.type != FALSE && v.type != NUL;
}

static bool is_none(struct value v)
{
	return v.type == NIL || v.type == NUL;
}

static bool is_number(struct value v)
{
	return v.type == INTEGER || v.type == FLOAT;
}

static double as_double(struct value v)
{
	return v.type == INTEGER ? (double)v.is.integer : v.is.number;
}

/* ---- deciding: each returns false if only Lua knows ---- */

#define EXACT ((int64_t)1 << 53) /* integers up to here are exact as doubles */

/* Can two numbers be compared as doubles, or as integers, without loss? */
static bool comparable(struct value a, struct value b)
{
	if (a.type == b.type)
		return true;
	int64_t i = a.type == INTEGER ? a.is.integer : b.is.integer;
	return i >= -EXACT && i <= EXACT;
}

static struct sl_text digits_of(const struct value *v, char room[SL_JSON_DECIMAL_ROOM])
{
	struct sl_text t = { v->is.text, v->len };
	if (v->len == 0)
		t.bytes = sl_json_decimal(v->is.json, room, &t.len);
	return t;
}

/* Compares a decimal a with b, a number or a decimal: below 0, 0 or above 0. */
static int order_decimal(const struct value *a, const struct value *b)
{
	char rooms[2][SL_JSON_DECIMAL_ROOM];
	struct sl_text t = digits_of(a, rooms[0]);
	if (b->type == DECIMAL)
		return sl_decimal_compare(t, digits_of(b, rooms[1]));
	return b->type == INTEGER ? sl_decimal_compare_integer(t, b->is.integer) : sl_decimal_compare_double(t, b->is.number);
}

static bool is_nan(struct value v)
{
	return v.type == FLOAT && v.is.number != v.is.number;
}

/* One of them is a decimal. Returns false if the other is not a number, or NaN. */
static bool order_decimals(const struct value *a, const struct value *b, int *out)
{
	if ((a->type != DECIMAL && !is_number(*a)) || (b->type != DECIMAL && !is_number(*b)) || is_nan(*a) || is_nan(*b))
		return false;
	*out = a->type == DECIMAL ? order_decimal(a, b) : -order_decimal(b, a);
	return true;
}

static bool equal(struct value a, struct value b, bool *out)
{
	int order;
	if (a.type == DECIMAL || b.type == DECIMAL) {
		*out = order_decimals(&a, &b, &order) && order == 0;
		return true;
	}
	if (is_number(a) && is_number(b)) {
		*out = a.type == INTEGER && b.type == INTEGER ? a.is.integer == b.is.integer
		                                              : as_double(a) == as_double(b);
		return comparable(a, b);
	}
	*out = a.type == b.type;
	if (*out && a.type == STRING)
		*out = a.len == b.len && memcmp(a.is.text, b.is.text, a.len) == 0;
	return !(a.type == OTHER && b.type == OTHER);
}

static bool less(struct value a, struct value b, bool or_equal, bool *out)
{
	int order;
	if (a.type == DECIMAL || b.type == DECIMAL) {
		bool known = order_decimals(&a, &b, &order);
		*out = known && (order < 0 || (or_equal && order == 0));
		return known;
	}
	if (!is_number(a) || !is_number(b) || !comparable(a, b))
		return false;
	if (a.type == INTEGER && b.type == INTEGER)
		*out = or_equal ? a.is.integer <= b.is.integer : a.is.integer < b.is.integer;
	else
		*out = or_equal ? as_double(a) <= as_double(b) : as_double(a) < as_double(b);
	return true;
}

static bool compare(uint8_t op, struct value a, struct value b, struct value *out)
{
	bool yes = false, known, equality = op == SL_SYNTAX_EQ || op == SL_SYNTAX_NE;
	*out = truth(false);
	if (!equality && (is_none(a) || is_none(b)))
		return true;
	if (equality)
		known = equal(a, b, &yes);
	else if (op == SL_SYNTAX_LT || op == SL_SYNTAX_LE)
		known = less(a, b, op == SL_SYNTAX_LE, &yes);
	else
		known = less(b, a, op == SL_SYNTAX_GE, &yes);
	*out = truth(op == SL_SYNTAX_NE ? !yes : yes);
	return known;
}

/* Rounds towards minus infinity; b must not be 0. Division by -1 is a special case because it may overflow. */
static struct value divide(uint8_t op, int64_t a, int64_t b)
{
	if (b == -1)
		return integer(op == SL_SYNTAX_MOD ? 0 : 0 - (uint64_t)a);
	int64_t q = a / b, m = a % b;
	if (m != 0 && (m ^ b) < 0) {
		q--;
		m += b;
	}
	return integer((uint64_t)(op == SL_SYNTAX_MOD ? m : q));
}

static double modulo(double a, double b)
{
	double m = fmod(a, b);
	return (m > 0 && b < 0) || (m < 0 && b > 0) ? m + b : m;
}

static bool calculate_integers(uint8_t op, struct value a, struct value b, struct value *out)
{
	uint64_t x = (uint64_t)a.is.integer, y = (uint64_t)b.is.integer;
	switch (op) {
	case SL_SYNTAX_ADD: *out = integer(x + y); return true;
	case SL_SYNTAX_SUB: *out = integer(x - y); return true;
	case SL_SYNTAX_MUL: *out = integer(x * y); return true;
	default:
		if (y == 0)
			return false;
		*out = divide(op, a.is.integer, b.is.integer);
		return true;
	}
}

static bool calculate(uint8_t op, struct value a, struct value b, struct value *out)
{
	*out = simple(NIL);
	if (is_none(a) || is_none(b))
		return true;
	if (!is_number(a) || !is_number(b))
		return false;
	if (a.type == INTEGER && b.type == INTEGER && op != SL_SYNTAX_DIV)
		return calculate_integers(op, a, b, out);
	double x = as_double(a), y = as_double(b);
	switch (op) {
	case SL_SYNTAX_ADD: *out = number(x + y); break;
	case SL_SYNTAX_SUB: *out = number(x - y); break;
	case SL_SYNTAX_MUL: *out = number(x * y); break;
	case SL_SYNTAX_DIV: *out = number(x / y); break;
	case SL_SYNTAX_IDIV: *out = number(floor(x / y)); break;
	default: *out = number(modulo(x, y));
	}
	return true;
}

static bool negate(struct value a, struct value *out)
{
	*out = simple(NIL);
	if (is_none(a))
		return true;
	if (a.type == INTEGER)
		*out = integer(0 - (uint64_t)a.is.integer);
	else
		*out = number(-a.is.number);
	return is_number(a);
}

/* ---- parts ---- */

struct look { /* one evaluation */
	const struct sl_predicate *p;
	struct sl_json_value payload;
};

static bool evaluate(const struct look *l, uint16_t at, struct value *out);

static bool find_element(struct sl_json_value array, int64_t index, struct sl_json_value *out)
{
	struct sl_json_iter it = sl_json_children(array);
	while (index > 0 && sl_json_next(&it, NULL, NULL, out))
		index--;
	return index == 0;
}

bool sl_syntax_step(const struct sl_syntax *t, uint16_t i, struct sl_json_value *v, uint8_t *seen)
{
	const struct sl_part *p = &t->parts[i], *key = p->kind == SL_SYNTAX_INDEX ? &t->parts[p->right] : NULL;
	struct sl_text name = key != NULL ? key->is.text : p->is.text;
	struct sl_json_value of = *v;
	enum sl_json_type type = sl_json_type(of);
	if (key == NULL || key->kind == SL_SYNTAX_STRING)
		return type == SL_JSON_OBJECT && sl_json_field(of, name.bytes, name.len, v);
	if (type == SL_JSON_ARRAY && key->is.integer == 0)
		seen[i] |= SL_SEEN_ZERO; /* probably a user who counts from 0, and gets a hint */
	return type == SL_JSON_ARRAY && key->is.integer > 0 && find_element(of, key->is.integer, v);
}

static bool find_name(const struct look *l, uint16_t i, struct sl_json_value *out)
{
	const struct sl_part *p = &l->p->tree->parts[i];
	l->p->seen[i] |= SL_SEEN_LOOKED;
	if (sl_json_type(l->payload) != SL_JSON_OBJECT ||
	    !sl_json_field(l->payload, p->is.text.bytes, p->is.text.len, out))
		return false;
	l->p->seen[i] |= SL_SEEN_FOUND;
	return true;
}

static bool find_item(const struct look *l, uint16_t i, struct sl_json_value *out)
{
	uint16_t of = l->p->tree->parts[i].left;
	bool found = l->p->tree->parts[of].kind == SL_SYNTAX_NAME ? find_name(l, of, out) : find_item(l, of, out);
	return found && sl_syntax_step(l->p->tree, i, out, l->p->seen);
}

static bool look_up(const struct look *l, uint16_t at, struct value *out)
{
	struct sl_json_value v;
	bool is_name = l->p->tree->parts[at].kind == SL_SYNTAX_NAME;
	bool found = is_name ? find_name(l, at, &v) : find_item(l, at, &v);
	*out = found ? value_of(v) : simple(NIL);
	return true;
}

static bool binary(const struct look *l, const struct sl_part *n, struct value *out)
{
	struct value a, b;
	if (!evaluate(l, n->left, &a))
		return false;
	if (n->kind == SL_SYNTAX_OR || n->kind == SL_SYNTAX_AND) {
		*out = a;
		return is_true(a) == (n->kind == SL_SYNTAX_OR) || evaluate(l, n->right, out);
	}
	if (!evaluate(l, n->right, &b))
		return false;
	return n->kind <= SL_SYNTAX_EQ ? compare(n->kind, a, b, out) : calculate(n->kind, a, b, out);
}

static bool evaluate(const struct look *l, uint16_t at, struct value *out)
{
	const struct sl_part *n = &l->p->tree->parts[at];
	struct value a;
	*out = simple((enum type)n->kind); /* for constants, the two enums agree */
	switch (n->kind) {
	case SL_SYNTAX_NIL: case SL_SYNTAX_FALSE: case SL_SYNTAX_TRUE: case SL_SYNTAX_NULL:
		return true;
	case SL_SYNTAX_INTEGER:
		out->is.integer = n->is.integer;
		return true;
	case SL_SYNTAX_FLOAT:
		out->is.number = n->is.number;
		return true;
	case SL_SYNTAX_DECIMAL:
	case SL_SYNTAX_STRING:
		out->is.text = n->is.text.bytes;
		out->len = (uint32_t)n->is.text.len;
		return true;
	case SL_SYNTAX_NAME: case SL_SYNTAX_MEMBER: case SL_SYNTAX_INDEX:
		return look_up(l, at, out);
	case SL_SYNTAX_PAREN:
		return evaluate(l, n->left, out);
	case SL_SYNTAX_NOT:
		if (!evaluate(l, n->left, &a))
			return false;
		*out = truth(!is_true(a));
		return true;
	case SL_SYNTAX_MINUS:
		return evaluate(l, n->left, &a) && negate(a, out);
	default:
		return binary(l, n, out);
	}
}

/* ---- is it simple? ---- */

static bool is_simple(const struct sl_syntax *t, uint16_t i)
{
	const struct sl_part *p = &t->parts[i];
	switch (p->kind) {
	case SL_SYNTAX_NIL: case SL_SYNTAX_FALSE: case SL_SYNTAX_TRUE: case SL_SYNTAX_NULL:
	case SL_SYNTAX_INTEGER: case SL_SYNTAX_FLOAT: case SL_SYNTAX_DECIMAL: case SL_SYNTAX_STRING:
		return true;
	case SL_SYNTAX_NAME: case SL_SYNTAX_INDEX:
		return sl_syntax_is_path(t, i);
	case SL_SYNTAX_MEMBER: /* it may be a member of a library */
		return sl_syntax_is_path(t, i) && sl_syntax_library(t, i) == 0;
	case SL_SYNTAX_PAREN: case SL_SYNTAX_NOT: case SL_SYNTAX_MINUS:
		return is_simple(t, p->left);
	case SL_SYNTAX_OR: case SL_SYNTAX_AND: case SL_SYNTAX_LT: case SL_SYNTAX_GT: case SL_SYNTAX_LE:
	case SL_SYNTAX_GE: case SL_SYNTAX_NE: case SL_SYNTAX_EQ: case SL_SYNTAX_ADD: case SL_SYNTAX_SUB:
	case SL_SYNTAX_MUL: case SL_SYNTAX_DIV: case SL_SYNTAX_IDIV: case SL_SYNTAX_MOD:
		return is_simple(t, p->left) && is_simple(t, p->right);
	default:
		return false;
	}
}

bool sl_predicate_is_simple(const struct sl_syntax *t)
{
	return is_simple(t, t->root);
}

enum sl_verdict sl_predicate_decide(const struct sl_predicate *p, struct sl_json_value payload)
{
	struct value v;
	struct look l = { p, payload };
	if (!evaluate(&l, p->tree->root, &v))
		return SL_VERDICT_UNSURE;
	return is_true(v) ? SL_VERDICT_KEEP : SL_VERDICT_DROP;
}
