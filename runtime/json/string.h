/*
 * string.h - the text between the quotes of a valid string (room: json)
 *
 * For code that reads or changes a string in place, escapes included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct sl_json_character {
	uint32_t code_point; /* a lone surrogate stands for itself */
	size_t len;          /* of its text: 1 to 4; an escape: 2, 6 or 12 */
	bool is_unicode;     /* it is written as one or two \uXXXX */
};

/* The character at text, of which `left` (>= 1) bytes belong to the string. */
struct sl_json_character sl_json_character_at(const char *text, size_t left);

/* Unescapes the text as WTF-8 to out, which must have room for len bytes. Returns the length. */
size_t sl_json_unescape(unsigned char *out, const char *text, size_t len);

/* The same, but returns the text itself if it has no escapes, and otherwise room's content; *len
 * becomes the length of the result. NULL: out of memory. */
const char *sl_json_unescaped(struct sl_buffer *room, const char *text, size_t *len);
