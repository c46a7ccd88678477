/* shape_place.c - see shape_place.h: places, their names and their limit, and the shape as a whole */
#include "schema/shape_place.h"

#include <stdlib.h>

#include "schema/formats.h"

/* ---- formats that say little by themselves ---- */

/* Any word is a host name and a URI reference, any Unix path a JSON Pointer: these formats are checked only if a
 * word of the field's name suggests them. */
static const struct {
	const char *format, *words[4];
} hinted[] = {
	{ "hostname", { "host", "hostname", "domain", "fqdn" } },
	{ "uri-reference", { "uri", "url", "href", "src" } },
	{ "json-pointer", { "pointer" } },
};

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Words are separated by non-letters, or begin with a capital: client_host, clientHost. */
static bool begins_word(struct sl_text name, size_t i)
{
	return i == 0 || !is_letter(name.bytes[i - 1]) || (name.bytes[i] < 'a' && name.bytes[i - 1] >= 'a');
}

static bool has_word(struct sl_text name, const char *word)
{
	size_t len = strlen(word);
	for (size_t i = 0; i + len <= name.len; i++) {
		size_t end = i + len;
		bool ends = end == name.len || !is_letter(name.bytes[end]) || name.bytes[end] < 'a';
		if (strncasecmp(name.bytes + i, word, len) == 0 && begins_word(name, i) && ends)
			return true;
	}
	return false;
}

static bool is_likely(const char *format, struct sl_text name)
{
	for (size_t i = 0; i < sizeof hinted / sizeof *hinted; i++) {
		if (strcmp(hinted[i].format, format) != 0)
			continue;
		for (size_t k = 0; k < 4 && hinted[i].words[k] != NULL; k++)
			if (has_word(name, hinted[i].words[k]))
				return true;
		return false;
	}
	return true;
}

static unsigned formats_for(struct sl_text name)
{
	unsigned formats = 0;
	const char *format;
	for (unsigned i = 0; (format = sl_format_name(i)) != NULL; i++)
		formats |= (unsigned)is_likely(format, name) << i;
	return formats;
}

/* ---- places ---- */

/* Keeps as many levels as fit; what is below them is no longer looked into. */
static void give_up_levels(struct sl_shape *s)
{
	size_t sum = 0;
	unsigned level = 0;
	while (level < s->deepest && sum + s->levels[level + 1] + s->levels[level] <= SL_SHAPE_PLACES)
		sum += s->levels[level++];
	if (level == s->deepest)
		return;
	s->deepest = level;
	s->is_over = true;
}

struct sl_shape_place *sl_shape_place_new(struct sl_shape *s, unsigned depth, const char *name, size_t len)
{
	struct sl_shape_place *p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	p->depth = depth;
	p->may_have = formats_for((struct sl_text){ name, len });
	s->levels[depth]++;
	if (++s->places > SL_SHAPE_PLACES)
		give_up_levels(s);
	return p;
}

void sl_shape_place_free_children(struct sl_shape *s, struct sl_shape_place *p)
{
	for (size_t i = 0; i < p->count; i++) {
		sl_shape_place_free(s, p->fields[i].place);
		free(p->fields[i].name);
	}
	free(p->fields);
	free(p->slots);
	sl_shape_place_free(s, p->items);
	sl_shape_place_free(s, p->rest);
	p->fields = NULL;
	p->slots = NULL;
	p->items = p->rest = NULL;
	p->count = p->capacity = p->slot_count = p->always = 0;
}

void sl_shape_place_free(struct sl_shape *s, struct sl_shape_place *p)
{
	if (p == NULL)
		return;
	sl_shape_place_free_children(s, p);
	sl_shape_values_free(p->values);
	s->levels[p->depth]--;
	s->places--;
	free(p);
}

static void prune(struct sl_shape *s, struct sl_shape_place *p)
{
	if (p == NULL)
		return;
	if (p->depth >= s->deepest) {
		sl_shape_place_free_children(s, p);
		return;
	}
	for (size_t i = 0; i < p->count; i++)
		prune(s, p->fields[i].place);
	prune(s, p->items);
	prune(s, p->rest);
}

void sl_shape_prune(struct sl_shape *s)
{
	prune(s, s->root);
	s->is_over = false;
}

/* ---- names ---- */

size_t sl_shape_field_find(const struct sl_shape_place *p, const char *name, size_t len, uint32_t hash)
{
	if (p->slot_count == 0)
		return SIZE_MAX;
	for (size_t at = hash;; at++) {
		uint32_t slot = p->slots[at & (p->slot_count - 1)];
		if (slot == 0)
			return SIZE_MAX;
		const struct sl_shape_field *f = &p->fields[slot - 1];
		if (f->hash == hash && f->len == len && memcmp(f->name, name, len) == 0)
			return slot - 1;
	}
}

static void put_slot(struct sl_shape_place *p, size_t index)
{
	size_t at = p->fields[index].hash;
	while (p->slots[at & (p->slot_count - 1)] != 0)
		at++;
	p->slots[at & (p->slot_count - 1)] = (uint32_t)index + 1;
}

/* At least half of the slots are free. */
static bool grow(struct sl_shape_place *p)
{
	if (p->count < p->capacity)
		return true;
	size_t capacity = p->capacity > 0 ? 2 * p->capacity : 8;
	struct sl_shape_field *fields = realloc(p->fields, capacity * sizeof *fields);
	if (fields == NULL)
		return false;
	p->fields = fields;
	uint32_t *slots = calloc(2 * capacity, sizeof *slots);
	if (slots == NULL)
		return false;
	free(p->slots);
	p->slots = slots;
	p->slot_count = 2 * capacity;
	p->capacity = capacity;
	for (size_t i = 0; i < p->count; i++)
		put_slot(p, i);
	return true;
}

size_t sl_shape_field_add(struct sl_shape *s, struct sl_shape_place *p, const char *name, size_t len,
                          uint32_t hash, bool missed)
{
	if (!grow(p))
		return SIZE_MAX;
	struct sl_shape_field f = { .name = malloc(len + 1), .len = len, .hash = hash };
	f.place = f.name != NULL ? sl_shape_place_new(s, p->depth + 1, name, len) : NULL;
	if (f.place == NULL) {
		free(f.name);
		return SIZE_MAX;
	}
	memcpy(f.name, name, len);
	f.name[len] = '\0';
	if (missed)
		f.absent = p->sights[SL_JSON_OBJECT].first;
	p->always += !missed;
	p->fields[p->count] = f;
	put_slot(p, p->count);
	return p->count++;
}

/* ---- the shape ---- */

struct sl_shape *sl_shape_new(void)
{
	struct sl_shape *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->deepest = SL_SHAPE_DEPTH;
	s->root = sl_shape_place_new(s, 0, "", 0);
	if (s->root != NULL)
		return s;
	free(s);
	return NULL;
}

void sl_shape_free(struct sl_shape *s)
{
	if (s == NULL)
		return;
	sl_shape_place_free(s, s->root);
	for (size_t i = 0; i < s->file_count; i++)
		free(s->files[i]);
	free(s->files);
	free(s->pending);
	free(s);
}

bool sl_shape_keep_file(struct sl_shape *s, const char **file)
{
	if (*file == NULL)
		return true;
	for (size_t i = s->file_count; i > 0; i--)
		if (strcmp(s->files[i - 1], *file) == 0) {
			*file = s->files[i - 1];
			return true;
		}
	char **more = realloc(s->files, (s->file_count + 1) * sizeof *more);
	if (more == NULL)
		return false;
	s->files = more;
	more[s->file_count] = strdup(*file);
	*file = more[s->file_count];
	if (*file == NULL)
		return false;
	s->file_count++;
	return true;
}
