/* nearest.c - see nearest.h */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#define LONGEST_WORD 64
#define FEWEST_LETTERS 3 /* of a prefix that counts as a match */

static char letter(struct sl_text text, size_t i)
{
	return (char)tolower((unsigned char)text.bytes[i]);
}

static size_t distance(struct sl_text a, struct sl_text b)
{
	size_t rows[3][LONGEST_WORD + 1];
	if (a.len > LONGEST_WORD || b.len > LONGEST_WORD)
		return SIZE_MAX;
	for (size_t i = 0; i <= a.len; i++)
		for (size_t j = 0; j <= b.len; j++) {
			size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
			char x = i > 0 ? letter(a, i - 1) : '\0', y = j > 0 ? letter(b, j - 1) : '\0';
			row[j] = i == 0 ? j : j == 0 ? i : above[j - 1] + (x != y);
			if (i > 0 && j > 0 && above[j] + 1 < row[j])
				row[j] = above[j] + 1;
			if (i > 0 && j > 0 && row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == letter(b, j - 2) && letter(a, i - 2) == y && higher[j - 2] + 1 < row[j])
				row[j] = higher[j - 2] + 1;
		}
	return rows[a.len % 3][b.len];
}

static size_t limit(const struct sl_nearest *n)
{
	size_t third = n->word.len / 3;
	return third < 1 ? 1 : third > 3 ? 3 : third;
}

/* Is one a prefix of the other, as min is of minimum? */
static bool begins(struct sl_text a, struct sl_text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	return len >= FEWEST_LETTERS && a.len != b.len && strncasecmp(a.bytes, b.bytes, len) == 0;
}

/* Breaks a tie between two equally near: a prefix match first, then the first by name. */
static bool is_preferred(struct sl_text word, struct sl_text a, struct sl_text b)
{
	bool a_begins = begins(a, word), b_begins = begins(b, word);
	return a_begins != b_begins ? a_begins : sl_text_compare(a, b) < 0;
}

void sl_nearest_begin(struct sl_nearest *n, struct sl_text word)
{
	*n = (struct sl_nearest){ .word = word };
	n->away = limit(n) + 1;
}

void sl_nearest_offer(struct sl_nearest *n, struct sl_text candidate)
{
	size_t away = distance(n->word, candidate);
	if (away > 0 && away >= n->word.len && !begins(candidate, n->word))
		return; /* no letter in common */
	if (away > limit(n) && begins(candidate, n->word))
		away = limit(n);
	bool ties = n->best.bytes != NULL && away == n->away && is_preferred(n->word, candidate, n->best);
	if (away >= n->away && !ties)
		return;
	n->away = away;
	n->best = candidate;
}

const char *sl_nearest_hint(const struct sl_nearest *n, char out[SL_NEAREST_HINT])
{
	snprintf(out, SL_NEAREST_HINT, n->best.bytes != NULL ? "; did you mean %.*s?" : "%.*s", (int)n->best.len, n->best.bytes);
	return out;
}
