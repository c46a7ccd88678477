/* shape_merge.c - see shape.h: merging two shapes, and turning the fields of an object into the values of a map */
#include <stdlib.h>

#include "schema/shape_place.h"

struct merge {
	struct sl_shape *s;
	uint64_t later; /* how many rows precede those of the other */
};

static bool moved(const struct merge *m, struct sl_shape_row row, struct sl_shape_row *out)
{
	*out = row;
	out->serial += row.serial != 0 ? m->later : 0;
	return sl_shape_keep_file(m->s, &out->file);
}

/* Is row a before row b? Serial 0 is none. */
static bool is_before(const struct sl_shape_row *a, const struct sl_shape_row *b)
{
	return a->serial != 0 && (b->serial == 0 || a->serial < b->serial);
}

static int merge_sight(const struct merge *m, struct sl_shape_sight *a, const struct sl_shape_sight *b)
{
	struct sl_shape_row row;
	if (b->count == 0)
		return 0;
	if (!moved(m, b->first, &row))
		return -1;
	uint64_t count = a->count;
	uint16_t bit = count > 0 ? a->bit : sl_shape_bit_new(m->s);
	if (count == 0 || is_before(&row, &a->first)) {
		*a = *b;
		a->first = row;
	}
	a->bit = bit;
	a->count = count + b->count;
	return 0;
}

#define LESS(a, b) ((a) < (b) ? (a) : (b))
#define MORE(a, b) ((a) > (b) ? (a) : (b))

/* The bounds of a place are valid only if it has values of the type. */
#define MERGE_BOUNDS(a, b, type, low, high)                                                 \
	do {                                                                                    \
		bool has_a = (a)->sights[type].count > 0, has_b = (b)->sights[type].count > 0;      \
		if (has_b) {                                                                        \
			(a)->low = has_a ? LESS((a)->low, (b)->low) : (b)->low;                         \
			(a)->high = has_a ? MORE((a)->high, (b)->high) : (b)->high;                     \
		}                                                                                   \
	} while (0)

/* Call it before the sights are merged: it needs their separate counts. */
static int merge_scalars(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_place *b)
{
	struct sl_shape_row row;
	MERGE_BOUNDS(a, b, SL_JSON_INTEGER, min, max);
	MERGE_BOUNDS(a, b, SL_JSON_FLOAT, low, high);
	MERGE_BOUNDS(a, b, SL_JSON_STRING, min_length, max_length);
	MERGE_BOUNDS(a, b, SL_JSON_ARRAY, min_items, max_items);
	if (b->sights[SL_JSON_STRING].count > 0)
		a->formats = a->sights[SL_JSON_STRING].count > 0 ? a->formats & b->formats : b->formats;
	a->trues += b->trues;
	a->surrogates |= b->surrogates;
	a->digits = MORE(a->digits, b->digits);
	a->scale = MORE(a->scale, b->scale);
	if (!moved(m, b->inexact, &row))
		return -1;
	if (is_before(&row, &a->inexact))
		a->inexact = row;
	return 0;
}

static int merge_values(struct sl_shape_place *a, const struct sl_shape_place *b)
{
	int rc = 0;
	if (a->values == NULL && b->values != NULL && !a->many && (a->values = calloc(1, sizeof *a->values)) == NULL)
		return -1;
	for (size_t i = 0; b->values != NULL && a->values != NULL && i < b->values->count && rc == 0; i++) {
		const struct sl_shape_value *v = &b->values->list[i];
		rc = sl_shape_values_add(a->values, v->text, v->len, v->integer, v->times);
	}
	if (rc < 0)
		return -1;
	if (rc == 1 || b->many || a->many) {
		a->many = true;
		sl_shape_values_free(a->values);
		a->values = NULL;
	}
	return 0;
}

static int merge(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_place *b);

static int merge_into(const struct merge *m, struct sl_shape_place **child, unsigned depth,
                      const struct sl_shape_place *b)
{
	if (*child == NULL && (*child = sl_shape_place_new(m->s, depth, "", 0)) == NULL)
		return -1;
	return merge(m, *child, b);
}

/* Merges a field of b; *index is its index in a. */
static int merge_field(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_field *b, size_t *index)
{
	struct sl_shape_row row;
	*index = sl_shape_field_find(a, b->name, b->len, b->hash);
	if (*index == SIZE_MAX)
		*index = sl_shape_field_add(m->s, a, b->name, b->len, b->hash, a->sights[SL_JSON_OBJECT].count > 0);
	if (*index == SIZE_MAX || !moved(m, b->absent, &row))
		return -1;
	struct sl_shape_field *f = &a->fields[*index];
	a->always -= f->absent.serial == 0 && row.serial != 0;
	if (is_before(&row, &f->absent))
		f->absent = row;
	return merge(m, f->place, b->place);
}

/* Fields that only a has were absent from every object of b. */
static int miss(const struct merge *m, struct sl_shape_place *a, size_t before, const struct sl_shape_place *b)
{
	struct sl_shape_row row;
	if (b->sights[SL_JSON_OBJECT].count == 0)
		return 0;
	if (!moved(m, b->sights[SL_JSON_OBJECT].first, &row))
		return -1;
	for (size_t i = 0; i < before; i++) {
		struct sl_shape_field *f = &a->fields[i];
		if (f->visit == a->visit)
			continue;
		a->always -= f->absent.serial == 0;
		if (is_before(&row, &f->absent))
			f->absent = row;
	}
	return 0;
}

/* Call it before the sights are merged: they tell if a had objects. */
static int merge_fields(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_place *b)
{
	size_t before = a->count, index;
	a->visit++; /* marks the fields that both have */
	for (size_t i = 0; i < b->count; i++) {
		if (merge_field(m, a, &b->fields[i], &index) != 0)
			return -1;
		a->fields[index].visit = a->visit;
	}
	if (miss(m, a, before, b) != 0)
		return -1;
	return a->count > SL_SHAPE_NAMES ? sl_shape_make_map(m->s, a) : 0;
}

static int values_of_fields(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_place *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (merge_into(m, &a->rest, a->depth + 1, b->fields[i].place) != 0)
			return -1;
	return b->rest != NULL ? merge_into(m, &a->rest, a->depth + 1, b->rest) : 0;
}

static int merge_children(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_place *b)
{
	if (a->depth >= m->s->deepest)
		return 0;
	if (b->items != NULL && merge_into(m, &a->items, a->depth + 1, b->items) != 0)
		return -1;
	if (b->rest != NULL && a->rest == NULL && sl_shape_make_map(m->s, a) != 0)
		return -1;
	return a->rest != NULL ? values_of_fields(m, a, b) : merge_fields(m, a, b);
}

static int merge(const struct merge *m, struct sl_shape_place *a, const struct sl_shape_place *b)
{
	if (merge_scalars(m, a, b) != 0 || merge_values(a, b) != 0 || merge_children(m, a, b) != 0)
		return -1;
	for (size_t i = 0; i < SL_SHAPE_TYPES; i++)
		if (merge_sight(m, &a->sights[i], &b->sights[i]) != 0)
			return -1;
	return 0;
}

int sl_shape_place_merge(struct sl_shape *s, struct sl_shape_place *a, const struct sl_shape_place *b)
{
	struct merge m = { s, 0 };
	return merge(&m, a, b);
}

int sl_shape_make_map(struct sl_shape *s, struct sl_shape_place *p)
{
	struct merge m = { s, 0 };
	struct sl_shape_place *rest = sl_shape_place_new(s, p->depth + 1, "", 0);
	if (rest == NULL)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		if (merge(&m, rest, p->fields[i].place) != 0) {
			sl_shape_place_free(s, rest);
			return -1;
		}
	struct sl_shape_place *items = p->items;
	p->items = NULL;
	sl_shape_place_free_children(s, p);
	p->items = items;
	p->rest = rest;
	return 0;
}

/* ---- groups ---- */

/* Maps each bit of b to the bit of a that has the same path. */
static void map_bits(struct sl_shape_place *a, const struct sl_shape_place *b, uint16_t *map)
{
	for (size_t i = 0; i < SL_SHAPE_TYPES; i++)
		if (b->sights[i].count > 0 && b->sights[i].bit != SL_SHAPE_NO_BIT)
			map[b->sights[i].bit] = a->sights[i].bit;
	if (a->items != NULL && b->items != NULL)
		map_bits(a->items, b->items, map);
	if (a->rest != NULL && b->rest != NULL)
		map_bits(a->rest, b->rest, map);
	for (size_t i = 0; i < b->count; i++) {
		size_t index = sl_shape_field_find(a, b->fields[i].name, b->fields[i].len, b->fields[i].hash);
		if (index != SIZE_MAX)
			map_bits(a->fields[index].place, b->fields[i].place, map);
	}
}

static void translate(struct sl_shape_bits *out, const struct sl_shape_bits *bits, const uint16_t *map)
{
	*out = (struct sl_shape_bits){ 0 };
	for (size_t i = 0; i < SL_SHAPE_BITS; i++)
		if ((bits->word[i / 64] >> i % 64 & 1) && map[i] != SL_SHAPE_NO_BIT)
			out->word[map[i] / 64] |= (uint64_t)1 << map[i] % 64;
}

static int merge_group(struct sl_shape_value *a, const struct sl_shape_group *b, const uint16_t *map)
{
	struct sl_shape_group g = { .rows = b->rows };
	translate(&g.ever, &b->ever, map);
	translate(&g.always, &b->always, map);
	if (a->group == NULL) {
		a->group = malloc(sizeof *a->group);
		if (a->group == NULL)
			return -1;
		*a->group = g;
		return 0;
	}
	a->group->rows += g.rows;
	for (size_t i = 0; i < SL_SHAPE_WORDS; i++) {
		a->group->ever.word[i] |= g.ever.word[i];
		a->group->always.word[i] &= g.always.word[i];
	}
	return 0;
}

static int merge_groups_of(struct sl_shape_values *a, const struct sl_shape_values *b, const uint16_t *map)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct sl_shape_value *v = &b->list[i];
		if (v->group == NULL)
			continue;
		sl_shape_values_add(a, v->text, v->len, v->integer, 0); /* already there: this sets a->last */
		if (merge_group(&a->list[a->last], v->group, map) != 0)
			return -1;
	}
	return 0;
}

static int merge_groups(struct sl_shape *s, const struct sl_shape *other)
{
	uint16_t map[SL_SHAPE_BITS];
	memset(map, 0xFF, sizeof map);
	map_bits(s->root, other->root, map);
	for (size_t i = 0; i < other->root->count; i++) {
		const struct sl_shape_field *b = &other->root->fields[i];
		size_t index = sl_shape_field_find(s->root, b->name, b->len, b->hash);
		struct sl_shape_values *values = index != SIZE_MAX ? s->root->fields[index].place->values : NULL;
		if (values != NULL && b->place->values != NULL && merge_groups_of(values, b->place->values, map) != 0)
			return -1;
	}
	return 0;
}

int sl_shape_merge(struct sl_shape *s, const struct sl_shape *other)
{
	struct merge m = { s, s->rows };
	if (other->deepest < s->deepest) {
		s->deepest = other->deepest;
		sl_shape_prune(s);
	}
	if (merge(&m, s->root, other->root) != 0)
		return -1;
	s->rows += other->rows;
	if (s->is_over)
		sl_shape_prune(s);
	return merge_groups(s, other);
}
