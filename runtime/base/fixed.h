/*
 * fixed.h - text in a fixed room, for signal handlers (room: base)
 *
 * Async-signal-safe: nothing but stores. Text that does not fit is cut, and full is set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_fixed {
	char *bytes; /* terminated after each call; borrowed */
	size_t room, len;
	bool full;
};

/* Declares an empty text with room for `size` bytes, including the NUL. */
#define SL_FIXED(name, size)       \
	char name##_room[size];    \
	struct sl_fixed name = { name##_room, size, 0, false }; \
	name##_room[0] = '\0'

void sl_fixed_bytes(struct sl_fixed *f, const char *bytes, size_t len);
void sl_fixed_text(struct sl_fixed *f, const char *text);
void sl_fixed_number(struct sl_fixed *f, int64_t n);

/* Escaped for display (visible.h), and as a JSON string, in which bytes that are not
 * UTF-8 become U+FFFD. */
void sl_fixed_visible(struct sl_fixed *f, const char *text);
void sl_fixed_json(struct sl_fixed *f, const char *text);
