/* names.c - see names.h */
#include "json/names.h"

#include <string.h>

#include "json/document.h"
#include "json/words.h"

/* A word must be readable from the text, no matter how short it is. */
static struct sl_name name_of(const char *text, size_t len)
{
	uint64_t mask = sl_word_mask(len);
	return (struct sl_name){ sl_word(text) & mask, sl_word_last(text, len), mask, text, len };
}

static inline bool same(const struct sl_name *n, const char *text, size_t len)
{
	if (n->len != len || ((sl_word(text) ^ n->first) & n->mask) != 0)
		return false;
	return len <= SL_WORD || memcmp(n->text + SL_WORD, text + SL_WORD, len - SL_WORD) == 0;
}

static inline size_t slot_of(const struct sl_name *n)
{
	uint64_t h = (n->first + n->len) * UINT64_C(0x9E3779B97F4A7C15) ^ n->last;
	return (size_t)(h * UINT64_C(0xD6E8FEB86659FD93) >> 32);
}

/* Most names that are not in the set are recognised by a clear bit in its filter. The
 * text must end in a NUL. */
static inline unsigned filter_bit(const char *text, size_t len)
{
	return ((unsigned char)text[0] ^ (unsigned)len << 4) & 63;
}

/* 1 + its place, or 0. */
static uint32_t place_of(const struct sl_names *set, const struct sl_name *n)
{
	size_t i = slot_of(n) & set->mask;
	while (set->slots[i] != 0 && !same(&set->names[set->slots[i] - 1], n->text, n->len))
		i = (i + 1) & set->mask;
	return set->slots[i];
}

size_t sl_names_slots(size_t count)
{
	size_t slots = 4;
	while (slots < 2 * count)
		slots *= 2;
	return slots;
}

void sl_names_init(struct sl_names *n, struct sl_name *names, uint32_t *slots, size_t slot_count)
{
	*n = (struct sl_names){ .names = names, .slots = slots, .mask = slot_count - 1 };
}

bool sl_names_add(struct sl_names *set, const char *text, size_t len)
{
	char readable[SL_WORD] = { 0 };
	memcpy(readable, text, len < SL_WORD ? len : SL_WORD);
	struct sl_name n = name_of(len > SL_WORD ? text : readable, len);
	if (place_of(set, &n) != 0)
		return false;
	n.text = text;
	size_t i = slot_of(&n) & set->mask;
	while (set->slots[i] != 0)
		i = (i + 1) & set->mask;
	set->filter |= UINT64_C(1) << filter_bit(readable, len);
	set->names[set->count++] = n;
	set->slots[i] = (uint32_t)set->count;
	return true;
}

/* Members usually come in the order of the names: `next` is the one expected. */
static inline uint32_t look_up(const struct sl_names *set, const char *text, size_t len, uint32_t next)
{
	if ((set->filter >> filter_bit(text, len) & 1) == 0)
		return 0;
	if (next < set->count && same(&set->names[next], text, len))
		return next + 1;
	struct sl_name name = name_of(text, len);
	return place_of(set, &name);
}

/* Returns the first member with none of the names, if `sought`; otherwise the end. */
static inline size_t find(const struct sl_names *set, const struct sl_json *j, size_t at, size_t end,
                          struct sl_json_value *found, bool sought)
{
	uint32_t next = 0;
	while (at != end) {
		size_t len, key = at;
		const char *text = sl_tape_string(j, at, &len);
		uint32_t place = look_up(set, text, len, next);
		at = sl_tape_after(j->tape, at + 1);
		if (place != 0) {
			found[place - 1] = (struct sl_json_value){ j, key + 1 };
			next = place;
		} else if (sought) {
			return key;
		}
	}
	return end;
}

bool sl_names_find(const struct sl_names *set, struct sl_json_iter *it, struct sl_json_value *found,
                   const char **key, size_t *len, struct sl_json_value *other)
{
	const struct sl_json *j = it->next.json;
	if (key == NULL) {
		it->next.at = find(set, j, it->next.at, it->end, found, false);
		return false;
	}
	size_t at = find(set, j, it->next.at, it->end, found, true);
	it->next.at = at;
	return at != it->end && sl_json_next(it, key, len, other);
}
