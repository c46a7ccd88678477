/* kind_decimal.c - numbers that keep their digits: see kind.h and flat.h */
#include <lauxlib.h>

#include "json/decimal.h"
#include "lua/decimal.h"
#include "schema/flat.h"

struct decimal {
	struct sl_node node;
	int64_t precision, scale;  /* precision 0: any */
	struct sl_text min, max;   /* of anchored decimals; bytes NULL: not set */
};

static struct sl_text bound(struct sl_compiler *c, int from, const char *name)
{
	if (sl_compile_get(c, from, name) == LUA_TNIL) {
		lua_pop(c->L, 1);
		return (struct sl_text){ NULL, 0 };
	}
	struct sl_text t = sl_decimal_test(c->L, -1);
	if (t.bytes == NULL)
		luaL_error(c->L, "%s: expected a decimal", name);
	sl_compile_anchor(c);
	return t;
}

static void compile_decimal(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct decimal *d = (struct decimal *)n;
	d->precision = (int64_t)sl_compile_size(c, from, "precision", 0);
	d->scale = (int64_t)sl_compile_size(c, from, "scale", 0);
	d->min = bound(c, from, "min");
	d->max = bound(c, from, "max");
	n->plain = d->precision == 0 && d->min.bytes == NULL && d->max.bytes == NULL;
}

/* Could SQL's numeric(precision, scale) hold it without rounding? */
static bool fits(const struct decimal *d, const struct sl_digits *digits)
{
	int64_t behind = (int64_t)digits->count - digits->point;
	return digits->count == 0 || (behind <= d->scale && digits->point <= d->precision - d->scale);
}

bool sl_decimal_takes(const struct sl_node *n, struct sl_text number)
{
	const struct decimal *d = (const struct decimal *)n;
	struct sl_digits digits = sl_digits_of(number);
	if (d->precision > 0 && !fits(d, &digits))
		return false;
	if (d->min.bytes != NULL && sl_decimal_compare(number, d->min) < 0)
		return false;
	return d->max.bytes == NULL || sl_decimal_compare(number, d->max) <= 0;
}

static void read_decimal(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	struct sl_text t;
	t.bytes = sl_json_own_text(v, &t.len);
	if (n->plain || sl_decimal_takes(n, t))
		sl_decimal_push(w->L, t.bytes, t.len);
	else
		sl_walk_refuse(w, n, v);
}

const struct sl_node_kind sl_kind_decimal = {
	"decimal", SL_MAY_BE(SL_JSON_INTEGER) | SL_MAY_BE(SL_JSON_FLOAT) | SL_MAY_BE(SL_JSON_DECIMAL),
	sizeof(struct decimal), compile_decimal, read_decimal
};
