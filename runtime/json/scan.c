/* scan.c - see scan.h: 64 bytes at a time */
#include "json/scan.h"

#include "json/block.h"

struct state {
	struct sl_scan found;
	bool escaped;    /* the next byte is escaped */
	uint64_t string; /* all ones: within a string */
	size_t depth;
};

/* Notes the last of these commas, if any. */
static inline void note_comma(struct state *s, uint64_t commas, size_t at)
{
	if (commas != 0)
		s->found.comma = at + 63 - (size_t)__builtin_clzll(commas);
}

/* Takes brackets in order, and commas only where no bracket is open. Returns true when
 * the container's end is found. */
static bool scan_block(struct state *s, struct block *b, uint64_t valid, size_t at)
{
	if (s->escaped || b->escapes != 0)
		drop_escaped_quotes(b, &s->escaped);
	uint64_t in_string = parity(b->quotes & valid) ^ s->string;
	uint64_t outside = ~in_string & valid;
	uint64_t commas = b->commas & outside, brackets = (b->open | b->close) & outside;
	s->string = (uint64_t)0 - (in_string >> 63);
	for (; brackets != 0; brackets &= brackets - 1) {
		uint64_t bit = brackets & -brackets;
		if (bit & b->open) {
			if (s->depth++ == 0)
				note_comma(s, commas & (bit - 1), at);
			else if (s->depth > s->found.deepest)
				s->found.deepest = s->depth;
		} else if (s->depth == 0) {
			s->found.close = at + (size_t)__builtin_ctzll(bit);
			return true;
		} else if (--s->depth == 0) {
			commas &= -bit;
		}
	}
	if (s->depth == 0)
		note_comma(s, commas, at);
	return false;
}

void sl_scan(struct sl_scan *out, const char *text, size_t from, size_t to)
{
	struct state s = { .found = { SL_SCAN_NOWHERE, SL_SCAN_NOWHERE, 0 } };
	for (size_t at = from; at < to; at += 64) {
		struct block b;
		uint64_t valid = to - at < 64 ? (UINT64_C(1) << (to - at)) - 1 : ~UINT64_C(0);
		classify(&b, text + at);
		if (scan_block(&s, &b, valid, at))
			break;
	}
	*out = s.found;
}
