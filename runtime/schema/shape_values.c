/* shape_values.c - see shape_place.h: distinct values, as long as they are few */
#include <stdlib.h>

#include "schema/shape_place.h"

uint32_t sl_shape_hash(const char *text, size_t len)
{
	uint64_t hash = len * UINT64_C(0x9E3779B97F4A7C15), word = 0;
	for (; len >= sizeof word; text += sizeof word, len -= sizeof word) {
		memcpy(&word, text, sizeof word);
		hash = (hash ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
		hash ^= hash >> 32;
	}
	word = 0;
	if (len > 0)
		memcpy(&word, text, len);
	hash = (hash ^ word) * UINT64_C(0xFF51AFD7ED558CCD);
	return (uint32_t)(hash >> 32);
}

void sl_shape_values_free(struct sl_shape_values *v)
{
	if (v == NULL)
		return;
	for (size_t i = 0; i < v->count; i++) {
		free(v->list[i].text);
		free(v->list[i].group);
	}
	free(v->list);
	free(v);
}

static bool is_same(const struct sl_shape_value *value, const char *text, size_t len, int64_t integer)
{
	if (text == NULL)
		return value->text == NULL && value->integer == integer;
	return value->text != NULL && value->len == len && memcmp(value->text, text, len) == 0;
}

static bool grow(struct sl_shape_values *v)
{
	if (v->count < v->capacity)
		return true;
	size_t capacity = v->capacity > 0 ? 4 * v->capacity : 4;
	struct sl_shape_value *list = realloc(v->list, capacity * sizeof *list);
	if (list == NULL)
		return false;
	v->list = list;
	v->capacity = capacity;
	return true;
}

static int append(struct sl_shape_values *v, struct sl_shape_value value, const char *text, size_t slot)
{
	if (v->count == SL_SHAPE_VALUES)
		return 1;
	if (!grow(v))
		return -1;
	if (text != NULL) {
		value.text = malloc(value.len + 1);
		if (value.text == NULL)
			return -1;
		memcpy(value.text, text, value.len);
		value.text[value.len] = '\0';
	}
	v->last = v->count;
	v->list[v->count++] = value;
	v->slots[slot] = (unsigned char)v->count;
	return 0;
}

int sl_shape_values_add(struct sl_shape_values *v, const char *text, size_t len, int64_t integer, uint64_t times)
{
	if (v->count > 0 && is_same(&v->list[v->last], text, len, integer)) {
		v->list[v->last].times += times;
		return 0;
	}
	if (len > SL_SHAPE_VALUE_BYTES)
		return 1;
	uint32_t hash = text != NULL ? sl_shape_hash(text, len) : sl_shape_hash((const char *)&integer, sizeof integer);
	size_t slot = hash % sizeof v->slots;
	for (; v->slots[slot] != 0; slot = (slot + 1) % sizeof v->slots) {
		struct sl_shape_value *value = &v->list[v->slots[slot] - 1];
		if (value->hash != hash || !is_same(value, text, len, integer))
			continue;
		value->times += times;
		v->last = v->slots[slot] - 1u;
		return 0;
	}
	struct sl_shape_value value = { .times = times, .integer = integer, .len = len, .hash = hash };
	return append(v, value, text, slot);
}
