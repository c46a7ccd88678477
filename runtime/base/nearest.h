/*
 * nearest.h - which word was meant (room: base)
 *
 * Edits are insert, delete, replace, and swap of neighbours (optimal string
 * alignment); letters of either case are the same. A candidate is near when a
 * third of the word's letters, at least one and at most three, turn the one into
 * the other, or when the word is its beginning ("int" for "integer").
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

/* Of those as near as another one is kept that the word is the beginning of, else the
 * first by name, in whatever order they are offered. Words over 64 bytes are near to nothing. */
void sl_nearest_offer(struct sl_nearest *n, struct sl_text candidate);

#define SL_NEAREST_HINT 96 /* bytes, enough for any */

/* "; did you mean integer?", or "" when none is near, into out. Returns out. */
const char *sl_nearest_hint(const struct sl_nearest *n, char out[SL_NEAREST_HINT]);
