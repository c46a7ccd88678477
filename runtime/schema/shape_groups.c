/*
 * shape_groups.c - see shape_place.h: which field tells rows of several shapes apart
 *
 * A row has a bit for each place and type in it. For each value of a field with few values, it is recorded
 * which bits its rows had ever and always. A bit in which rows differ is explained by the field if, for
 * each of the field's values, it is either always set or never.
 */
#include <stdlib.h>

#include "schema/shape_place.h"

#define CANDIDATES 32 /* only the first fields of the rows are tried */

uint16_t sl_shape_bit_new(struct sl_shape *s)
{
	return s->bits_used < SL_SHAPE_BITS ? (uint16_t)s->bits_used++ : SL_SHAPE_NO_BIT;
}

static size_t words(const struct sl_shape *s)
{
	return (s->bits_used + 63) / 64;
}

void sl_shape_groups_begin(struct sl_shape *s)
{
	memset(s->row.word, 0, words(s) * sizeof *s->row.word);
}

/* All rows are objects that have the field, and its values are few strings or integers. */
static bool may_tell(const struct sl_shape *s, const struct sl_shape_field *f)
{
	const struct sl_shape_place *p = f->place;
	if (p->values == NULL || p->values->count > SL_SHAPE_GROUPS || f->absent.serial != 0)
		return false;
	return p->sights[SL_JSON_STRING].count == s->rows || p->sights[SL_JSON_INTEGER].count == s->rows;
}

static int count_row(struct sl_shape *s, struct sl_shape_value *value)
{
	struct sl_shape_group *g = value->group;
	if (g == NULL) {
		g = value->group = calloc(1, sizeof *g);
		if (g == NULL)
			return -1;
		g->always = s->row;
	}
	g->rows++;
	for (size_t i = 0; i < words(s); i++) {
		g->ever.word[i] |= s->row.word[i];
		g->always.word[i] &= s->row.word[i];
	}
	return 0;
}

int sl_shape_groups_end(struct sl_shape *s)
{
	struct sl_shape_place *root = s->root;
	if (root->sights[SL_JSON_OBJECT].count != s->rows)
		return 0;
	for (size_t i = 0; i < root->count && i < CANDIDATES; i++) {
		struct sl_shape_values *values = root->fields[i].place->values;
		if (may_tell(s, &root->fields[i]) && count_row(s, &values->list[values->last]) != 0)
			return -1;
	}
	return 0;
}

/* Do the groups cover all rows? */
static bool is_complete(const struct sl_shape *s, const struct sl_shape_values *v)
{
	uint64_t rows = 0;
	for (size_t i = 0; i < v->count; i++)
		rows += v->list[i].group != NULL ? v->list[i].group->rows : 0;
	return rows == s->rows;
}

static void explain(const struct sl_shape *s, const struct sl_shape_values *v, size_t *explained, size_t *varying)
{
	*explained = *varying = 0;
	for (size_t i = 0; i < words(s); i++) {
		uint64_t ever = 0, always = ~UINT64_C(0), pure = ~UINT64_C(0);
		for (size_t k = 0; k < v->count; k++) {
			const struct sl_shape_group *g = v->list[k].group;
			ever |= g->ever.word[i];
			always &= g->always.word[i];
			pure &= g->always.word[i] | ~g->ever.word[i];
		}
		*varying += (size_t)__builtin_popcountll(ever & ~always);
		*explained += (size_t)__builtin_popcountll(ever & ~always & pure);
	}
}

size_t sl_shape_split(const struct sl_shape *s, size_t *explained, size_t *varying)
{
	const struct sl_shape_place *root = s->root;
	size_t best = SIZE_MAX, most = 0, groups = 0;
	for (size_t i = 0; i < root->count && i < CANDIDATES; i++) {
		const struct sl_shape_values *v = root->fields[i].place->values;
		size_t now, of;
		if (!may_tell(s, &root->fields[i]) || v->count < 2 || 3 * v->count > s->rows || !is_complete(s, v))
			continue;
		explain(s, v, &now, &of);
		if (now == 0 || now < most || (now == most && v->count >= groups))
			continue;
		best = i;
		groups = v->count;
		*explained = most = now;
		*varying = of;
	}
	return best;
}
