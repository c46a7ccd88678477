/* names.c - see names.h */
#include "json/names.h"

#include <string.h>

#include "json/document.h"

#define WORD sizeof(uint64_t)

static inline uint64_t eight(const char *text)
{
	uint64_t word;
	memcpy(&word, text, sizeof word);
	return word;
}

/* So many bytes of a word, the first in memory; all of them if they are more. */
static inline uint64_t mask_of(size_t bytes)
{
	if (bytes == 0)
		return 0;
	unsigned unused = bytes < WORD ? 8 * (unsigned)(WORD - bytes) : 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return UINT64_MAX >> unused;
#else
	return UINT64_MAX << unused;
#endif
}

/* Of a text that a word can be read from, however short it is. */
static struct sl_name name_of(const char *text, size_t len)
{
	uint64_t mask = mask_of(len);
	uint64_t last = len > WORD ? eight(text + len - WORD) : 0;
	return (struct sl_name){ eight(text) & mask, last, mask, text, len };
}

static inline bool same(const struct sl_name *n, const char *text, size_t len)
{
	if (n->len != len || ((eight(text) ^ n->first) & n->mask) != 0)
		return false;
	return len <= WORD || memcmp(n->text + WORD, text + WORD, len - WORD) == 0;
}

static inline size_t slot_of(const struct sl_name *n)
{
	uint64_t h = (n->first + n->len) * UINT64_C(0x9E3779B97F4A7C15) ^ n->last;
	return (size_t)(h * UINT64_C(0xD6E8FEB86659FD93) >> 32);
}

/* Most names that are not in the set are told by it without a look at the set. */
static inline uint64_t filter_bit(const char *text, size_t len)
{
	unsigned first = len > 0 ? (unsigned char)text[0] : 0;
	return UINT64_C(1) << ((first ^ len << 4) & 63);
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
	char readable[WORD] = { 0 };
	memcpy(readable, text, len < WORD ? len : WORD);
	struct sl_name n = name_of(len > WORD ? text : readable, len);
	if (place_of(set, &n) != 0)
		return false;
	n.text = text;
	size_t i = slot_of(&n) & set->mask;
	while (set->slots[i] != 0)
		i = (i + 1) & set->mask;
	set->filter |= filter_bit(text, len);
	set->names[set->count++] = n;
	set->slots[i] = (uint32_t)set->count;
	return true;
}

/* Members mostly come in the order of the names: `next` is the one expected. */
static inline uint32_t look_up(const struct sl_names *set, const char *text, size_t len, uint32_t next)
{
	if ((set->filter & filter_bit(text, len)) == 0)
		return 0;
	if (next < set->count && same(&set->names[next], text, len))
		return next + 1;
	struct sl_name name = name_of(text, len);
	return place_of(set, &name);
}

bool sl_names_find(const struct sl_names *set, struct sl_json_iter *it, struct sl_json_value *found,
                   const char **key, size_t *len, struct sl_json_value *other)
{
	const struct sl_json *j = it->next.json;
	const uint64_t *tape = j->tape;
	size_t at = it->next.at, end = it->end, key_len;
	uint32_t next = 0;
	while (at != end) {
		const char *text = sl_tape_string(j, at, &key_len);
		uint32_t place = look_up(set, text, key_len, next);
		struct sl_json_value value = { j, at + 1 };
		at = sl_tape_after(tape, at + 1);
		if (place != 0) {
			found[place - 1] = value;
			next = place;
		} else if (key != NULL) {
			*key = text;
			*len = key_len;
			*other = value;
			it->next.at = at;
			return true;
		}
	}
	it->next.at = at;
	return false;
}
