/* shape.c - see shape.h: adding rows */
#include <stdlib.h>

#include "base/utf8.h"
#include "json/decimal.h"
#include "schema/formats.h"
#include "schema/shape_place.h"

/* ---- scalars ---- */

static void see(struct sl_shape *s, struct sl_shape_sight *sight, struct sl_json_value v,
                const struct sl_shape_row *row)
{
	if (sight->count++ == 0) {
		size_t len;
		const char *text = sl_json_own_text(v, &len);
		sight->first = *row;
		sight->is_cut = len > SL_SHAPE_SAMPLE;
		sight->sample_len = (unsigned char)sl_utf8_floor(text, len, SL_SHAPE_SAMPLE);
		memcpy(sight->sample, text, sight->sample_len);
		sight->bit = sl_shape_bit_new(s);
	}
	sl_shape_bit_set(s, sight->bit);
}

static int add_value(struct sl_shape_place *p, const char *text, size_t len, int64_t integer)
{
	if (p->many)
		return 0;
	if (p->values == NULL && (p->values = calloc(1, sizeof *p->values)) == NULL)
		return -1;
	int rc = sl_shape_values_add(p->values, text, len, integer, 1);
	if (rc != 1)
		return rc;
	p->many = true;
	sl_shape_values_free(p->values);
	p->values = NULL;
	return 0;
}

static int add_integer(struct sl_shape_place *p, int64_t n)
{
	bool is_first = p->sights[SL_JSON_INTEGER].count == 1;
	p->min = is_first || n < p->min ? n : p->min;
	p->max = is_first || n > p->max ? n : p->max;
	return add_value(p, NULL, 0, n);
}

/* A number with more digits than this may not survive as a double. */
#define DOUBLE_DIGITS 17

static void add_digits(struct sl_shape_place *p, struct sl_json_value v, const struct sl_shape_row *row)
{
	struct sl_text text;
	text.bytes = sl_json_own_text(v, &text.len);
	struct sl_digits d = sl_digits_of(text);
	int64_t scale = (int64_t)d.count - d.point;
	p->digits = d.count > 0 && d.point > p->digits ? d.point : p->digits;
	p->scale = d.count > 0 && scale > p->scale ? scale : p->scale;
	if (d.count > DOUBLE_DIGITS && p->inexact.serial == 0)
		p->inexact = *row;
}

static void add_float(struct sl_shape_place *p, struct sl_json_value v, const struct sl_shape_row *row)
{
	double x = sl_json_float(v);
	bool is_first = p->sights[SL_JSON_FLOAT].count == 1;
	p->low = is_first || x < p->low ? x : p->low;
	p->high = is_first || x > p->high ? x : p->high;
	add_digits(p, v, row);
}

/* By RFC 3986 any short word with a colon is a URI; these are meant to be one. */
static bool is_meant(const char *format, const char *text, size_t len)
{
	static const char *const schemes[] = { "mailto:", "urn:", "tel:", "data:", "news:" };
	if (strcmp(format, "uri") != 0 || memmem(text, len, "://", 3) != NULL)
		return true;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (len > strlen(schemes[i]) && strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static void add_formats(struct sl_shape_place *p, const char *text, size_t len)
{
	for (unsigned left = p->formats; left != 0; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);
		const char *name = sl_format_name(i);
		if (!is_meant(name, text, len) || !sl_format_find(name)(text, len))
			p->formats &= ~(1u << i);
	}
}

/* In WTF-8 they are ED A0 80 to ED BF BF. */
static bool has_surrogate(const char *text, size_t len)
{
	const char *end = text + len;
	for (const char *p = text; (p = memchr(p, 0xED, (size_t)(end - p))) != NULL; p++)
		if (end - p > 1 && (unsigned char)p[1] >= 0xA0)
			return true;
	return false;
}

static int add_string(struct sl_shape_place *p, struct sl_json_value v)
{
	size_t len;
	const char *text = sl_json_string(v, &len);
	size_t characters = sl_utf8_count(text, len);
	bool is_first = p->sights[SL_JSON_STRING].count == 1;
	if (is_first)
		p->formats = p->may_have;
	if (!sl_json_is_unicode(v))
		p->surrogates |= has_surrogate(text, len);
	p->min_length = is_first || characters < p->min_length ? characters : p->min_length;
	p->max_length = is_first || characters > p->max_length ? characters : p->max_length;
	if (p->formats != 0)
		add_formats(p, text, len);
	return add_value(p, text, len, 0);
}

/* ---- containers ---- */

static int add(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v,
               const struct sl_shape_row *row);

static int add_array(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v,
                     const struct sl_shape_row *row)
{
	size_t count = sl_json_count(v);
	bool is_first = p->sights[SL_JSON_ARRAY].count == 1;
	p->min_items = is_first || count < p->min_items ? count : p->min_items;
	p->max_items = is_first || count > p->max_items ? count : p->max_items;
	if (p->depth >= s->deepest || count == 0)
		return 0;
	if (p->items == NULL && (p->items = sl_shape_place_new(s, p->depth + 1, "", 0)) == NULL)
		return -1;
	struct sl_json_iter it = sl_json_children(v);
	for (struct sl_json_value element; sl_json_next(&it, NULL, NULL, &element);)
		if (add(s, p->items, element, row) != 0)
			return -1;
	return 0;
}

static int await(struct sl_shape *s, size_t index, struct sl_json_value v)
{
	if (s->pending_count == s->pending_capacity) {
		size_t capacity = 2 * s->pending_capacity + 64;
		struct sl_shape_pending *more = realloc(s->pending, capacity * sizeof *more);
		if (more == NULL)
			return -1;
		s->pending = more;
		s->pending_capacity = capacity;
	}
	s->pending[s->pending_count++] = (struct sl_shape_pending){ .index = index, .value = v };
	return 0;
}

/* Names usually come in the same order: `guess` is the index of the expected one. */
static size_t field_of(struct sl_shape *s, struct sl_shape_place *p, const char *name, size_t len, size_t guess)
{
	if (guess < p->count && p->fields[guess].len == len && memcmp(p->fields[guess].name, name, len) == 0)
		return guess;
	uint32_t hash = sl_shape_hash(name, len);
	size_t index = sl_shape_field_find(p, name, len, hash);
	bool missed = p->sights[SL_JSON_OBJECT].count > 1; /* the count includes this one */
	return index != SIZE_MAX ? index : sl_shape_field_add(s, p, name, len, hash, missed);
}

/* Puts the fields of this object on the pending list, in the order of the text. *always: how many of them all earlier
 * objects had. Returns 1 if there are too many names, or one is too long. */
static int collect(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v, size_t *always)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value value;
	const char *name;
	size_t len, first = s->pending_count;
	for (size_t guess = 0; sl_json_next(&it, &name, &len, &value); guess++) {
		if (len > SL_SHAPE_NAME_BYTES)
			return 1;
		guess = field_of(s, p, name, len, guess);
		if (guess == SIZE_MAX)
			return -1;
		if (p->count > SL_SHAPE_NAMES)
			return 1;
		struct sl_shape_field *f = &p->fields[guess];
		if (f->visit == p->visit)
			s->pending[first + f->pending].index = SIZE_MAX;
		else
			*always += f->absent.serial == 0;
		f->visit = p->visit;
		f->pending = s->pending_count - first;
		if (await(s, guess, value) != 0)
			return -1;
	}
	return 0;
}

static void note_absent(struct sl_shape_place *p, const struct sl_shape_row *row)
{
	for (size_t i = 0; i < p->count; i++) {
		struct sl_shape_field *f = &p->fields[i];
		if (f->visit != p->visit && f->absent.serial == 0) {
			f->absent = *row;
			p->always--;
		}
	}
}

static int add_to_map(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v,
                      const struct sl_shape_row *row)
{
	struct sl_json_iter it = sl_json_children(v);
	for (struct sl_json_value value; sl_json_next(&it, NULL, NULL, &value);)
		if (add(s, p->rest, value, row) != 0)
			return -1;
	return 0;
}

static int add_fields(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v,
                      const struct sl_shape_row *row)
{
	size_t first = s->pending_count, always = 0;
	p->visit++;
	int rc = collect(s, p, v, &always);
	if (rc == 1) {
		s->pending_count = first;
		return sl_shape_make_map(s, p) == 0 ? add_to_map(s, p, v, row) : -1;
	}
	if (rc != 0)
		return -1;
	if (always < p->always)
		note_absent(p, row);
	for (size_t i = first; i < s->pending_count; i++) {
		struct sl_shape_pending at = s->pending[i]; /* the list may move */
		if (at.index != SIZE_MAX && add(s, p->fields[at.index].place, at.value, row) != 0)
			return -1;
	}
	s->pending_count = first;
	return 0;
}

static int add_object(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v,
                      const struct sl_shape_row *row)
{
	if (p->depth >= s->deepest)
		return 0;
	return p->rest != NULL ? add_to_map(s, p, v, row) : add_fields(s, p, v, row);
}

static int add(struct sl_shape *s, struct sl_shape_place *p, struct sl_json_value v,
               const struct sl_shape_row *row)
{
	enum sl_json_type type = sl_json_type(v);
	see(s, &p->sights[type], v, row);
	switch (type) {
	case SL_JSON_BOOLEAN:
		p->trues += sl_json_boolean(v);
		return 0;
	case SL_JSON_INTEGER:
		return add_integer(p, sl_json_integer(v));
	case SL_JSON_FLOAT:
		add_float(p, v, row);
		return 0;
	case SL_JSON_DECIMAL:
		add_digits(p, v, row);
		return 0;
	case SL_JSON_STRING:
		return add_string(p, v);
	case SL_JSON_ARRAY:
		return add_array(s, p, v, row);
	case SL_JSON_OBJECT:
		return add_object(s, p, v, row);
	default:
		return 0;
	}
}

int sl_shape_add(struct sl_shape *s, struct sl_json_value root, const struct sl_shape_row *from)
{
	struct sl_shape_row row = *from;
	row.serial = ++s->rows;
	s->pending_count = 0;
	if (!sl_shape_keep_file(s, &row.file))
		return -1;
	sl_shape_groups_begin(s);
	if (add(s, s->root, root, &row) != 0)
		return -1;
	if (s->is_over)
		sl_shape_prune(s);
	return sl_shape_groups_end(s);
}
