/* stats.c - see stats.h: adding rows */
#include <stdlib.h>

#include "schema/stats_place.h"

/* ---- scalars ---- */

/* Written without a fraction or an exponent. */
static bool is_whole(struct sl_json_value decimal)
{
	char room[SL_JSON_DECIMAL_ROOM];
	size_t len;
	const char *digits = sl_json_decimal(decimal, room, &len);
	for (size_t i = 0; i < len; i++)
		if (digits[i] == '.' || digits[i] == 'e' || digits[i] == 'E')
			return false;
	return true;
}

static int add_scalar(struct sl_stats_place *p, struct sl_json_value v, enum sl_json_type type)
{
	struct sl_text text;
	int rc = 0;
	switch (type) {
	case SL_JSON_NULL:
		return 0;
	case SL_JSON_INTEGER:
		rc = sl_numbers_add_integer(&p->numbers, sl_json_integer(v));
		break;
	case SL_JSON_DECIMAL:
		p->large += is_whole(v);
		rc = sl_numbers_add(&p->numbers, v);
		break;
	case SL_JSON_FLOAT:
		rc = sl_numbers_add(&p->numbers, v);
		break;
	case SL_JSON_STRING:
		text.bytes = sl_json_string(v, &text.len);
		sl_strings_add(&p->strings, text);
		break;
	default:
		break;
	}
	return rc == 0 ? sl_stats_count(p, v) : rc;
}

/* ---- containers ---- */

static int add(struct sl_stats *s, struct sl_stats_place *p, struct sl_json_value v);

static int add_array(struct sl_stats *s, struct sl_stats_place *p, struct sl_json_value v)
{
	size_t count = sl_json_count(v);
	bool is_first = p->counts[SL_JSON_ARRAY] == 1, is_short;
	p->min_items = is_first || count < p->min_items ? count : p->min_items;
	p->max_items = is_first || count > p->max_items ? count : p->max_items;
	if (count == 0)
		return 0;
	struct sl_stats_place *items = sl_stats_items(s, p, &is_short);
	if (items == NULL)
		return is_short ? -1 : 0;
	struct sl_json_iter it = sl_json_children(v);
	for (struct sl_json_value element; sl_json_next(&it, NULL, NULL, &element);)
		if (add(s, items, element) != 0)
			return -1;
	return 0;
}

static bool has_room(struct sl_stats *s)
{
	if (s->pending_count < s->pending_capacity)
		return true;
	size_t capacity = 2 * s->pending_capacity + 64;
	struct sl_stats_pending *more = realloc(s->pending, capacity * sizeof *more);
	if (more == NULL)
		return false;
	s->pending = more;
	s->pending_capacity = capacity;
	return true;
}

/* Puts the fields of this object on the pending list; of each name, the last. */
static int collect(struct sl_stats *s, struct sl_stats_place *p, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value value;
	struct sl_stats_place *guess = p->first;
	const char *name;
	size_t len;
	bool is_short;
	uint64_t visit = ++s->objects;
	while (sl_json_next(&it, &name, &len, &value)) {
		struct sl_stats_place *field = sl_stats_field(s, p, name, len, guess, &is_short);
		if (is_short || !has_room(s))
			return -1;
		if (field == NULL)
			continue;
		if (field->visit != visit)
			field->pending = s->pending_count++;
		field->visit = visit;
		s->pending[field->pending] = (struct sl_stats_pending){ field, value };
		guess = field->next;
	}
	return 0;
}

static int add_object(struct sl_stats *s, struct sl_stats_place *p, struct sl_json_value v)
{
	size_t first = s->pending_count;
	if (collect(s, p, v) != 0)
		return -1;
	for (size_t i = first; i < s->pending_count; i++) {
		struct sl_stats_pending at = s->pending[i]; /* the list may move */
		if (add(s, at.place, at.value) != 0)
			return -1;
	}
	s->pending_count = first;
	return 0;
}

static int add(struct sl_stats *s, struct sl_stats_place *p, struct sl_json_value v)
{
	enum sl_json_type type = sl_json_type(v);
	p->counts[type]++;
	p->rows += p->row != s->rows;
	p->row = s->rows;
	switch (type) {
	case SL_JSON_ARRAY:
		return add_array(s, p, v);
	case SL_JSON_OBJECT:
		return add_object(s, p, v);
	default:
		return add_scalar(p, v, type);
	}
}

int sl_stats_add(struct sl_stats *s, struct sl_json_value root, size_t bytes)
{
	s->rows++;
	s->bytes += bytes;
	s->pending_count = 0;
	return add(s, s->root, root);
}
