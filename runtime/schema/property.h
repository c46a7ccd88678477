/*
 * property.h - the sets that \p{...} names (room: schema, private)
 *
 * General categories and scripts by their long and their short names, and
 * Any, ASCII and Assigned. RE2 has no other properties.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A set as RE2 writes it within brackets, and all that is not in it. One of
 * the two may be empty, when RE2 has no way to write it. */
struct sl_set {
	char members[208], others[208];
};

/* What stands between the braces: "Letter", "gc=Lu", "Script=Greek". False:
 * there is no such property, or RE2 does not have it. */
bool sl_property_find(const char *text, size_t len, struct sl_set *set);
