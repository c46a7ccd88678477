/*
 * names.h - several fields of an object in one go (room: json)
 *
 * A set of names, made once, and the walk over an object that finds the fields
 * of these names: each member is looked at once, whatever the number of names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

/* The room's own; the words are of words.h. */
struct sl_name {
	uint64_t first, last;
	uint64_t mask; /* the bytes that count in the first */
	const char *text;
	size_t len;
};

/* A set; its two arrays are the caller's, zeroed: `names` for as many as there
 * will be, `slots` for sl_names_slots() of that. */
struct sl_names {
	struct sl_name *names;
	uint32_t *slots;
	size_t count, mask;
	uint64_t filter; /* a bit for each name, maybe for several */
};

size_t sl_names_slots(size_t count);
void sl_names_init(struct sl_names *n, struct sl_name *names, uint32_t *slots, size_t slot_count);

/* The next name gets the next place, from 0. Text borrowed for good. false: it
 * is there already. */
bool sl_names_add(struct sl_names *n, const char *text, size_t len);

/*
 * Go through the members that `it` (sl_json_children of an object) still has,
 * and put those of known names at their places in found, where of duplicates the
 * last remains. true: stopped behind a member of another name, which is in
 * *key, *len and *other; go on with the same call. false: the end. key NULL: do
 * not stop at others.
 */
bool sl_names_find(const struct sl_names *n, struct sl_json_iter *it, struct sl_json_value *found,
                   const char **key, size_t *len, struct sl_json_value *other);
