/*
 * names.h - several fields of an object in one go (room: json)
 *
 * A set of names, built once, and a walk over an object that finds the fields
 * with these names: each member is looked at once, regardless of the number of names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

/* Private to the room; the words are those of words.h. */
struct sl_name {
	uint64_t first, last;
	uint64_t mask; /* of the bytes in use in the first */
	const char *text;
	size_t len;
};

/* A set; the caller owns and zeroes its two arrays: `names` has room for all names,
 * `slots` for sl_names_slots() of that number. */
struct sl_names {
	struct sl_name *names;
	uint32_t *slots;
	size_t count, mask;
	uint64_t filter; /* a bit for each name; several may share one */
};

size_t sl_names_slots(size_t count);
void sl_names_init(struct sl_names *n, struct sl_name *names, uint32_t *slots, size_t slot_count);

/* Adds a name at the next place, from 0. The text is borrowed for the set's lifetime.
 * Returns false if the name is already there. */
bool sl_names_add(struct sl_names *n, const char *text, size_t len);

/*
 * Walks the remaining members of `it` (sl_json_children of an object) and puts
 * those with known names at their places in found; the last of duplicates wins.
 * Returns true after a member with another name, which is in *key, *len and
 * *other; continue with the same call. Returns false at the end. If key is NULL,
 * it does not stop at other names.
 */
bool sl_names_find(const struct sl_names *n, struct sl_json_iter *it, struct sl_json_value *found,
                   const char **key, size_t *len, struct sl_json_value *other);
