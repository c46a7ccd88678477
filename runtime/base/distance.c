/* distance.c - see distance.h */
#include "base/distance.h"

#include <stdint.h>

#define LONGEST_WORD 64

size_t sl_distance(struct sl_text a, struct sl_text b)
{
	size_t rows[3][LONGEST_WORD + 1];
	if (a.len > LONGEST_WORD || b.len > LONGEST_WORD)
		return SIZE_MAX;
	for (size_t i = 0; i <= a.len; i++)
		for (size_t j = 0; j <= b.len; j++) {
			size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
			char x = i > 0 ? a.bytes[i - 1] : '\0', y = j > 0 ? b.bytes[j - 1] : '\0';
			row[j] = i == 0 ? j : j == 0 ? i : above[j - 1] + (x != y);
			if (i > 0 && j > 0 && above[j] + 1 < row[j])
				row[j] = above[j] + 1;
			if (i > 0 && j > 0 && row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			if (i > 1 && j > 1 && x == b.bytes[j - 2] && a.bytes[i - 2] == y && higher[j - 2] + 1 < row[j])
				row[j] = higher[j - 2] + 1;
		}
	return rows[a.len % 3][b.len];
}
