/* frame.c - see frame.h */
#include "wire/frame.h"

#include "wire/bytes.h"

void sl_header_put(unsigned char out[SL_HEADER_SIZE], const struct sl_header *h)
{
	sl_put32(out, h->length);
	out[4] = h->version;
	out[5] = h->kind;
	sl_put16(out + 6, h->stream);
	sl_put64(out + 8, h->request);
	sl_put64(out + 16, h->sequence);
}

void sl_header_get(struct sl_header *h, const unsigned char in[SL_HEADER_SIZE])
{
	h->length = sl_get32(in);
	h->version = in[4];
	h->kind = in[5];
	h->stream = sl_get16(in + 6);
	h->request = sl_get64(in + 8);
	h->sequence = sl_get64(in + 16);
}

static const struct sl_frame_rule rules[UINT8_MAX + 1] = {
#define RULE(id, code, name, sender, when, header) \
	[code] = { #name, SL_FROM_##sender, SL_AT_##when, SL_HAS_##header },
	SL_FRAME_KINDS(RULE)
#undef RULE
};

const struct sl_frame_rule *sl_frame_rule(uint8_t kind)
{
	return rules[kind].name != NULL ? &rules[kind] : NULL;
}

const char *sl_frame_kind_name(uint8_t kind)
{
	const struct sl_frame_rule *rule = sl_frame_rule(kind);
	return rule != NULL ? rule->name : NULL;
}
