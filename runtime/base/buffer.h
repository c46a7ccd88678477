/*
 * buffer.h - a growing, bounded run of bytes (room: base)
 *
 * Bytes are appended at the end and consumed from the front; what is left is
 * moved to the front only when room is needed. At least SL_BUFFER_PADDING
 * readable bytes follow the content at any time, because a JSON parser may
 * look that far beyond a text (FACTS, "JSON"). Embedded: zeroed (or _init), and _clear.
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
 * Room for at least n more bytes at the end: a pointer to write to, or NULL
 * when memory is short (the content is untouched). Moves the content: earlier
 * pointers into the buffer are dead. Follow with sl_buffer_added().
 */
char *sl_buffer_room(struct sl_buffer *b, size_t n);

/* The same, and never allocates more than the content plus n: for bytes whose
 * amount somebody else announces. Costs a realloc each time it must grow. */
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

/* Forget n bytes at the front. Content does not move. */
void sl_buffer_consume(struct sl_buffer *b, size_t n);

/* Append a copy: 0, or -1 when memory is short. */
int sl_buffer_append(struct sl_buffer *b, const void *data, size_t n);

/* Make a copy all that there is, likewise; when it fails, there is nothing. */
static inline int sl_buffer_set(struct sl_buffer *b, const void *data, size_t n)
{
	b->start = b->end = 0;
	if (n == 0 || n > b->capacity)
		return sl_buffer_append(b, data, n);
	memcpy(b->bytes, data, n);
	b->end = n;
	return 0;
}

/* Give memory back above `keep` bytes of capacity when the content allows. */
void sl_buffer_trim(struct sl_buffer *b, size_t keep);
