/* stats_place.c - see stats_place.h: places and their limit, and stats as a whole */
#include "schema/stats_place.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "json/words.h"

#define FIRST_SLOTS 64

static struct sl_stats_place *new_place(struct sl_stats_place *parent)
{
	struct sl_stats_place *p = calloc(1, sizeof *p);
	if (p == NULL)
		return NULL;
	p->parent = parent;
	p->depth = parent != NULL ? parent->depth + 1 : 0;
	p->last = &p->first;
	return p;
}

static void free_place(struct sl_stats_place *p)
{
	if (p == NULL)
		return;
	sl_numbers_clear(&p->numbers);
	sl_frequent_clear(&p->frequent);
	free(p->distinct);
	free(p->name);
	free(p);
}

static void free_all(struct sl_stats_place *p)
{
	while (p != NULL) {
		struct sl_stats_place *next = p->next;
		free_all(p->first);
		free_all(p->items);
		free_place(p);
		p = next;
	}
}

/* ---- places that there is no room for ---- */

static void omit(struct sl_stats *s, uint64_t hash, bool *is_short)
{
	if (s->omitted == NULL)
		s->omitted = calloc(1, sizeof *s->omitted);
	*is_short = s->omitted == NULL;
	if (s->omitted != NULL)
		sl_distinct_add(s->omitted, hash);
}

static bool has_room(const struct sl_stats *s, const struct sl_stats_place *parent)
{
	return s->places < SL_STATS_PLACES && parent->depth < SL_STATS_DEPTH;
}

/* ---- by name ---- */

static uint64_t hash_name(const struct sl_stats_place *parent, const char *name, size_t len)
{
	return XXH3_64bits_withSeed(name, len, parent->hash);
}

/* For most names, comparing the first eight bytes is enough. */
static bool is_field(const struct sl_stats_place *p, const struct sl_stats_place *parent, const char *name, size_t len)
{
	if (p->parent != parent || p->len != len || p->word != (sl_word(name) & sl_word_mask(len)))
		return false;
	return len <= SL_WORD || memcmp(p->name, name, len) == 0;
}

static struct sl_stats_place *find(const struct sl_stats *s, const struct sl_stats_place *parent, const char *name,
                                   size_t len, uint64_t hash)
{
	size_t at = hash & (s->slot_count - 1);
	while (s->slots[at] != NULL && !(s->slots[at]->hash == hash && is_field(s->slots[at], parent, name, len)))
		at = (at + 1) & (s->slot_count - 1);
	return s->slots[at];
}

/* It must not be there yet. */
static void put(struct sl_stats *s, struct sl_stats_place *p)
{
	size_t at = p->hash & (s->slot_count - 1);
	while (s->slots[at] != NULL)
		at = (at + 1) & (s->slot_count - 1);
	s->slots[at] = p;
}

/* At least half of the slots are free. */
static bool grow(struct sl_stats *s)
{
	size_t count = s->slot_count > 0 ? 2 * s->slot_count : FIRST_SLOTS;
	struct sl_stats_place **slots = calloc(count, sizeof *slots), **before = s->slots;
	size_t before_count = s->slot_count;
	if (slots == NULL)
		return false;
	s->slots = slots;
	s->slot_count = count;
	for (size_t i = 0; i < before_count; i++)
		if (before[i] != NULL)
			put(s, before[i]);
	free(before);
	return true;
}

static struct sl_stats_place *add_field(struct sl_stats *s, struct sl_stats_place *parent, const char *name, size_t len,
                                        uint64_t hash)
{
	struct sl_stats_place *p = new_place(parent);
	if (p == NULL || (p->name = malloc(len + 1)) == NULL || (2 * s->places >= s->slot_count && !grow(s))) {
		free_place(p);
		return NULL;
	}
	memcpy(p->name, name, len);
	p->name[len] = '\0';
	p->len = len;
	p->word = sl_word(name) & sl_word_mask(len);
	p->hash = hash;
	put(s, p);
	*parent->last = p;
	parent->last = &p->next;
	s->places++;
	return p;
}

struct sl_stats_place *sl_stats_field(struct sl_stats *s, struct sl_stats_place *parent, const char *name, size_t len,
                                      struct sl_stats_place *guess, bool *is_short)
{
	*is_short = false;
	if (guess != NULL && is_field(guess, parent, name, len))
		return guess;
	uint64_t hash = hash_name(parent, name, len);
	struct sl_stats_place *found = s->slot_count > 0 ? find(s, parent, name, len, hash) : NULL;
	if (found != NULL)
		return found;
	if (!has_room(s, parent) || len > SL_STATS_NAME_BYTES) {
		omit(s, hash, is_short);
		return NULL;
	}
	found = add_field(s, parent, name, len, hash);
	*is_short = found == NULL;
	return found;
}

struct sl_stats_place *sl_stats_items(struct sl_stats *s, struct sl_stats_place *parent, bool *is_short)
{
	*is_short = false;
	if (parent->items != NULL)
		return parent->items;
	uint64_t hash = ~parent->hash;
	if (!has_room(s, parent)) {
		omit(s, hash, is_short);
		return NULL;
	}
	parent->items = new_place(parent);
	*is_short = parent->items == NULL;
	if (parent->items == NULL)
		return NULL;
	parent->items->hash = hash;
	s->places++;
	return parent->items;
}

/* ---- stats as a whole ---- */

struct sl_stats *sl_stats_new(void)
{
	struct sl_stats *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	s->root = new_place(NULL);
	s->places = 1;
	if (s->root != NULL)
		return s;
	free(s);
	return NULL;
}

void sl_stats_free(struct sl_stats *s)
{
	if (s == NULL)
		return;
	free_all(s->root);
	free(s->slots);
	free(s->omitted);
	free(s->pending);
	free(s);
}
