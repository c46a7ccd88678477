/* printed.c - see printed.h */
#include "supervise/printed.h"

#include <string.h>

#include "base/error.h"

void sl_printed_init(struct sl_printed *p, size_t limit, sl_on_line *on_line, void *ctx)
{
	*p = (struct sl_printed){
		.tail.limit = limit,
		.holding = true,
		.held.limit = limit,
		.lines = { [SL_PRINTED_OUT] = { .code = "worker.stdout", .on_line = on_line, .ctx = ctx },
		           [SL_PRINTED_ERR] = { .code = "worker.stderr", .on_line = on_line, .ctx = ctx } },
	};
}

void sl_printed_clear(struct sl_printed *p)
{
	sl_buffer_clear(&p->tail.bytes);
	sl_buffer_clear(&p->held.bytes);
	sl_buffer_clear(&p->lines[SL_PRINTED_OUT].line);
	sl_buffer_clear(&p->lines[SL_PRINTED_ERR].line);
}

static void hold_back(struct sl_printed *p, const char *bytes, size_t n)
{
	sl_tail_add(&p->held, bytes, n);
	const char *held = sl_buffer_data(&p->held.bytes);
	size_t len = sl_buffer_len(&p->held.bytes);
	const char *end = memchr(held, '\n', len);
	if (!p->first_line_whole)
		sl_quote(p->first_line, sizeof p->first_line, held, end != NULL ? (size_t)(end - held) : len);
	p->first_line_whole = p->first_line_whole || end != NULL;
}

void sl_printed_add(struct sl_printed *p, enum sl_printed_on on, const char *bytes, size_t n)
{
	sl_tail_add(&p->tail, bytes, n);
	if (p->holding && on == SL_PRINTED_OUT)
		hold_back(p, bytes, n);
	else
		sl_capture_feed(&p->lines[on], bytes, n);
}

void sl_printed_end(struct sl_printed *p, enum sl_printed_on on)
{
	p->ended[on] = true;
	if (!p->holding || on == SL_PRINTED_ERR)
		sl_capture_end(&p->lines[on]);
}

void sl_printed_release(struct sl_printed *p)
{
	if (!p->holding)
		return;
	p->holding = false;
	size_t len = sl_buffer_len(&p->held.bytes);
	if (len > 0)
		sl_capture_feed(&p->lines[SL_PRINTED_OUT], sl_buffer_data(&p->held.bytes), len);
	sl_buffer_clear(&p->held.bytes);
	if (p->ended[SL_PRINTED_OUT])
		sl_capture_end(&p->lines[SL_PRINTED_OUT]);
}

void sl_printed_settle(struct sl_printed *p)
{
	sl_capture_end(&p->lines[SL_PRINTED_ERR]);
	if (!p->holding)
		sl_capture_end(&p->lines[SL_PRINTED_OUT]);
}
