/* capture.c - see capture.h */
#include "supervise/capture.h"

#include <string.h>

void sl_tail_add(struct sl_tail *t, const char *bytes, size_t n)
{
	if (n > t->limit) {
		bytes += n - t->limit;
		n = t->limit;
	}
	size_t have = sl_buffer_len(&t->bytes);
	if (have + n > t->limit)
		sl_buffer_consume(&t->bytes, have + n - t->limit);
	sl_buffer_append(&t->bytes, bytes, n); /* no memory: a shorter tail */
}

/* ended: by its own line end, or by the end of the stream. The rest of a line that
 * was cut may be empty; then there is nothing more to hand out. */
static void hand_out(struct sl_capture *c, const char *line, size_t len, bool ended)
{
	bool rest = c->cut;
	if (ended && len > 0 && line[len - 1] == '\r')
		len--;
	c->cut = !ended;
	if (len > 0 || !rest)
		c->on_line(c->ctx, c->code, line, len);
}

/* Completes a line whose beginning is waiting. */
static void complete(struct sl_capture *c, const char *bytes, size_t n, bool ended)
{
	sl_buffer_append(&c->line, bytes, n);
	hand_out(c, sl_buffer_data(&c->line), sl_buffer_len(&c->line), ended);
	sl_buffer_consume(&c->line, sl_buffer_len(&c->line));
}

void sl_capture_feed(struct sl_capture *c, const char *bytes, size_t n)
{
	while (n > 0) {
		size_t waiting = sl_buffer_len(&c->line);
		size_t most = SL_CAPTURE_LINE - waiting;
		const char *end = memchr(bytes, '\n', n < most ? n : most);
		size_t len = end != NULL ? (size_t)(end - bytes) : n < most ? n : most;
		bool whole = end != NULL || len == most;
		if (!whole)
			sl_buffer_append(&c->line, bytes, len);
		else if (waiting > 0)
			complete(c, bytes, len, end != NULL);
		else
			hand_out(c, bytes, len, end != NULL);
		len += end != NULL;
		bytes += len;
		n -= len;
	}
}

void sl_capture_end(struct sl_capture *c)
{
	if (sl_buffer_len(&c->line) > 0)
		complete(c, "", 0, true);
}
