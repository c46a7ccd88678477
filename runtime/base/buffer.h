/*
 * buffer.h - a growing, bounded run of bytes (room: base)
 *
 * Bytes are appended at the end and consumed from the front; the rest is moved
 * to the front only when room is needed. At least SL_BUFFER_PADDING readable
 * bytes always follow the content, because a JSON parser may look that far
 * beyond a text (FACTS, "JSON"). Embed it; zero it or call _init, then _clear it.
 */
#pragma once

#include <stddef.h>
#include <string.h>

#define SL_BUFFER_PADDING 64

struct sl_buffer {
	char *bytes;     /* the allocation, or NULL */
	size_t start;    /* first byte not yet consumed */
	size_t end;      /* one past the last byte */
	size_t capacity; /* without the padding */
};

void sl_buffer_init(struct sl_buffer *b);
void sl_buffer_clear(struct sl_buffer *b); /* frees; b is empty and usable */

static inline const char *sl_buffer_data(const struct sl_buffer *b)
{
	return b->bytes + b->start;
}

static inline size_t sl_buffer_len(const struct sl_buffer *b)
{
	return b->end - b->start;
}

/*
 * Makes room for at least n more bytes at the end. Returns a pointer to write to,
 * or NULL when out of memory (the content is untouched). Moves the content, so
 * earlier pointers into the buffer become invalid. Follow with sl_buffer_added().
 */
char *sl_buffer_room(struct sl_buffer *b, size_t n);

/* The same, but never allocates more than the content plus n: for lengths that a
 * peer announces. Costs a realloc each time it must grow. */
char *sl_buffer_room_tight(struct sl_buffer *b, size_t n);

/* Bytes free at the end without moving anything. */
static inline size_t sl_buffer_free_space(const struct sl_buffer *b)
{
	return b->capacity - b->end;
}

static inline void sl_buffer_added(struct sl_buffer *b, size_t n)
{
	b->end += n;
}

/* Drops n bytes from the front. Content does not move. */
void sl_buffer_consume(struct sl_buffer *b, size_t n);

/* Appends a copy. Returns 0, or -1 when out of memory. */
int sl_buffer_append(struct sl_buffer *b, const void *data, size_t n);

/* The same, but replaces the content; on failure the buffer is empty. */
static inline int sl_buffer_set(struct sl_buffer *b, const void *data, size_t n)
{
	b->start = b->end = 0;
	if (n == 0 || n > b->capacity)
		return sl_buffer_append(b, data, n);
	memcpy(b->bytes, data, n);
	b->end = n;
	return 0;
}

/* Frees memory above `keep` bytes of capacity if the content fits into that. */
void sl_buffer_trim(struct sl_buffer *b, size_t keep);
