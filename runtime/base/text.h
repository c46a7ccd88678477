/*
 * text.h - borrowed bytes and their length (room: base)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buffer.h"

struct sl_text { /* not terminated; bytes may be NULL when len is 0 */
	const char *bytes;
	size_t len;
};

static inline struct sl_text sl_text_of(const char *terminated)
{
	return (struct sl_text){ terminated, strlen(terminated) };
}

/* bytes is never NULL, which would mean that there is no text. */
static inline struct sl_text sl_text_of_buffer(const struct sl_buffer *b)
{
	return (struct sl_text){ sl_buffer_len(b) > 0 ? sl_buffer_data(b) : "", sl_buffer_len(b) };
}

static inline bool sl_text_equal(struct sl_text a, struct sl_text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}

/* Compares bytes; the result is like strcmp's. */
static inline int sl_text_compare(struct sl_text a, struct sl_text b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.bytes, b.bytes, len);
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}
