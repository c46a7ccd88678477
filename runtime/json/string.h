/*
 * string.h - what stands between the quotes of a valid string (room: json)
 *
 * For who reads or changes a string where it stands, escapes included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct sl_json_character {
	uint32_t code_point; /* a lone surrogate stands for itself */
	size_t len;          /* of its text: 1 to 4, an escape 2, 6 or 12 */
	bool is_unicode;     /* it is written \uXXXX, or as two of them */
};

/* The one that begins the text, of which `left` (>= 1) bytes belong to the string. */
struct sl_json_character sl_json_character_at(const char *text, size_t left);

/* All of it without escapes, as WTF-8, to where as many bytes have room: how many that are. */
size_t sl_json_unescape(unsigned char *out, const char *text, size_t len);

/* The same: the text itself if it has no escapes, else what the room holds afterwards; *len is
 * the length, then of that. NULL: no memory. */
const char *sl_json_unescaped(struct sl_buffer *room, const char *text, size_t *len);
