/*
 * shape_place.h - the tree of a shape (room: schema, for shape*.c only)
 *
 * A place is where values occur: the rows themselves, a field, the elements of an array.
 * A place is made for its first value. Levels are counted from the rows, which are level 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "schema/shape.h"

#define SL_SHAPE_TYPES (SL_JSON_OBJECT + 1)
#define SL_SHAPE_DEPTH 64
#define SL_SHAPE_SAMPLE 40 /* bytes of a first value that are kept */
#define SL_SHAPE_FORMATS 16

/* ---- kinds of rows: a bit for each place and type (shape_groups.c) ---- */

#define SL_SHAPE_WORDS 16
#define SL_SHAPE_BITS (SL_SHAPE_WORDS * 64)
#define SL_SHAPE_GROUPS 16 /* most values of a field that may tell rows apart */
#define SL_SHAPE_NO_BIT UINT16_MAX

struct sl_shape_bits {
	uint64_t word[SL_SHAPE_WORDS];
};

struct sl_shape_group { /* the rows in which a field has one value */
	uint64_t rows;
	struct sl_shape_bits ever, always;
};

/* ---- values that are few (shape_values.c) ---- */

struct sl_shape_value {
	uint64_t times;
	int64_t integer;
	char *text; /* NULL: it is the integer */
	size_t len;
	uint32_t hash;
	struct sl_shape_group *group; /* of a field of the rows; or NULL */
};

struct sl_shape_values {
	size_t count, capacity;
	size_t last; /* the index of the value last counted */
	unsigned char slots[2 * SL_SHAPE_VALUES]; /* by hash: the index in the list + 1 */
	struct sl_shape_value *list;
};

uint32_t sl_shape_hash(const char *text, size_t len);

/* Count a value: 0; 1: there are too many; -1: no memory. */
int sl_shape_values_add(struct sl_shape_values *v, const char *text, size_t len, int64_t integer,
                        uint64_t times);
void sl_shape_values_free(struct sl_shape_values *v); /* accepts NULL */

/* ---- places ---- */

struct sl_shape_sight { /* the values of one type at a place */
	uint64_t count;
	struct sl_shape_row first;
	char sample[SL_SHAPE_SAMPLE];
	unsigned char sample_len;
	bool is_cut;
	uint16_t bit;
};

struct sl_shape_place;

struct sl_shape_field {
	char *name;
	size_t len;
	uint32_t hash;
	struct sl_shape_place *place;
	struct sl_shape_row absent; /* the first row without it; serial 0: it was always there */
	uint64_t visit;             /* of the last object that had it */
	size_t pending;             /* index of its value in the pending list */
};

struct sl_shape_place {
	struct sl_shape_sight sights[SL_SHAPE_TYPES];
	unsigned depth;
	/* scalars */
	uint64_t trues;
	int64_t min, max;
	double low, high;
	int64_t digits, scale;
	struct sl_shape_row inexact; /* serial 0: none */
	size_t min_length, max_length;
	unsigned formats;      /* bit for each that all strings have had */
	unsigned may_have;     /* formats that are checked here */
	bool many;             /* there are more values than are kept */
	bool surrogates;       /* a string has a lone surrogate, which is not valid Unicode */
	struct sl_shape_values *values;
	/* arrays */
	size_t min_items, max_items;
	struct sl_shape_place *items;
	/* objects */
	struct sl_shape_field *fields;
	size_t count, capacity;
	uint32_t *slots; /* by hash: the index in the list + 1 */
	size_t slot_count;
	size_t always; /* fields that every object had */
	uint64_t visit;
	struct sl_shape_place *rest; /* the values of a map, which has no fields */
};

struct sl_shape_pending { /* a field's value, until it is certain to be the last of its name */
	size_t index; /* of the field; SIZE_MAX: a later one of its name replaces it */
	struct sl_json_value value;
};

struct sl_shape {
	struct sl_shape_place *root;
	uint64_t rows;
	size_t places, levels[SL_SHAPE_DEPTH + 1];
	unsigned deepest; /* the deepest level kept: containers there are not looked into */
	bool is_over;     /* levels below it must be freed */
	char **files;
	size_t file_count;
	struct sl_shape_pending *pending;
	size_t pending_count, pending_capacity;
	size_t bits_used;
	struct sl_shape_bits row; /* of the current row */
};

/* name: the field's, which may suggest a format. NULL: no memory. */
struct sl_shape_place *sl_shape_place_new(struct sl_shape *s, unsigned depth, const char *name, size_t len);
void sl_shape_place_free(struct sl_shape *s, struct sl_shape_place *p); /* accepts NULL */
void sl_shape_place_free_children(struct sl_shape *s, struct sl_shape_place *p);

/* Fields by name. _find returns the index, or SIZE_MAX if there is none; _add returns the new index, or
 * SIZE_MAX: no memory. missed: the first object had no such field. */
size_t sl_shape_field_find(const struct sl_shape_place *p, const char *name, size_t len, uint32_t hash);
size_t sl_shape_field_add(struct sl_shape *s, struct sl_shape_place *p, const char *name, size_t len,
                          uint32_t hash, bool missed);

/* Turn an object with more names than are kept into a map. */
int sl_shape_make_map(struct sl_shape *s, struct sl_shape_place *p);

/* Merge b, which is of the same rows, into a. */
int sl_shape_place_merge(struct sl_shape *s, struct sl_shape_place *a, const struct sl_shape_place *b);

/* Free the levels that there is no room for. */
void sl_shape_prune(struct sl_shape *s);

/* Replace *file by a copy that lives as long as the shape; NULL stays NULL. false: no memory. */
bool sl_shape_keep_file(struct sl_shape *s, const char **file);

static inline uint64_t sl_shape_total(const struct sl_shape_place *p)
{
	uint64_t total = 0;
	for (size_t i = 0; i < SL_SHAPE_TYPES; i++)
		total += p->sights[i].count;
	return total;
}

/* ---- groups ---- */

void sl_shape_groups_begin(struct sl_shape *s);
int sl_shape_groups_end(struct sl_shape *s); /* -1: no memory */
uint16_t sl_shape_bit_new(struct sl_shape *s);
static inline void sl_shape_bit_set(struct sl_shape *s, uint16_t bit)
{
	if (bit != SL_SHAPE_NO_BIT)
		s->row.word[bit / 64] |= (uint64_t)1 << bit % 64;
}

/* The index of the field that best tells rows apart, or SIZE_MAX. *varying: the places that not all
 * rows have; *explained: how many of them the field explains. */
size_t sl_shape_split(const struct sl_shape *s, size_t *explained, size_t *varying);
