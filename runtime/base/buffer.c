/* buffer.c - see buffer.h */
#include "base/buffer.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST 4096

void sl_buffer_init(struct sl_buffer *b)
{
	*b = (struct sl_buffer){ 0 };
}

void sl_buffer_clear(struct sl_buffer *b)
{
	free(b->bytes);
	sl_buffer_init(b);
}

static void move_to_front(struct sl_buffer *b)
{
	size_t len = sl_buffer_len(b);
	if (b->start == 0)
		return;
	assert(b->bytes != NULL);
	memmove(b->bytes, b->bytes + b->start, len);
	b->start = 0;
	b->end = len;
}

static int resize(struct sl_buffer *b, size_t capacity)
{
	char *bytes = realloc(b->bytes, capacity + SL_BUFFER_PADDING);
	if (bytes == NULL)
		return -1;
	/* The padding is read but never used; initialise it all the same. */
	memset(bytes + capacity, 0, SL_BUFFER_PADDING);
	b->bytes = bytes;
	b->capacity = capacity;
	return 0;
}

/* Makes room for n more bytes; a new allocation is at least `capacity`. */
static char *room(struct sl_buffer *b, size_t n, size_t capacity)
{
	if (sl_buffer_free_space(b) >= n && b->bytes != NULL)
		return b->bytes + b->end;
	size_t len = sl_buffer_len(b);
	if (n > SIZE_MAX / 2 - len - SL_BUFFER_PADDING)
		return NULL;
	move_to_front(b);
	if (capacity < len + n)
		capacity = len + n;
	if ((len + n > b->capacity || b->bytes == NULL) && resize(b, capacity) != 0)
		return NULL;
	return b->bytes + b->end;
}

char *sl_buffer_room(struct sl_buffer *b, size_t n)
{
	size_t grown = b->capacity + b->capacity / 2;
	return room(b, n, grown < SMALLEST ? SMALLEST : grown);
}

char *sl_buffer_room_tight(struct sl_buffer *b, size_t n)
{
	return room(b, n, 0);
}

void sl_buffer_consume(struct sl_buffer *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

int sl_buffer_append(struct sl_buffer *b, const void *data, size_t n)
{
	char *at = sl_buffer_room(b, n);
	if (at == NULL)
		return -1;
	if (n > 0)
		memcpy(at, data, n);
	sl_buffer_added(b, n);
	return 0;
}

void sl_buffer_trim(struct sl_buffer *b, size_t keep)
{
	if (b->capacity <= keep || sl_buffer_len(b) > keep)
		return;
	move_to_front(b);
	resize(b, keep); /* failing to shrink is harmless */
}
