/*
 * nearest.h - which word was meant (room: base)
 *
 * Edits are insert, delete, replace, and swap of neighbours (optimal string
 * alignment); case is ignored. A candidate is near if it is at most a third of the
 * word's letters in edits away, rounded down, but at least one and at most three, or
 * if one is a prefix, of at least three letters, of the other ("int" for "integer").
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

struct sl_nearest {
	struct sl_text word;
	struct sl_text best; /* points into the candidate; bytes is NULL when none is near */
	size_t away;
};

void sl_nearest_begin(struct sl_nearest *n, struct sl_text word);

/* Ties go to a prefix match, then to the first by name, independent of the order of the
 * offers. Above 64 bytes only prefixes are near. */
void sl_nearest_offer(struct sl_nearest *n, struct sl_text candidate);

#define SL_NEAREST_HINT 96 /* bytes; a longer hint is cut */

/* Writes "; did you mean integer?", or "" if none is near, to out. Returns out. */
const char *sl_nearest_hint(const struct sl_nearest *n, char out[SL_NEAREST_HINT]);
