/* at_hand.c - see at_hand.h */
#include "script/at_hand.h"

#include <lauxlib.h>

void sl_at_hand_restore(struct sl_at_hand *h)
{
	h->serial = h->first;
	h->json = h->row->json;
	h->text = h->row->text;
	h->len = h->row->len;
}

void sl_at_hand_begin(struct sl_at_hand *h, struct sl_script *s, const struct sl_row *row)
{
	*h = (struct sl_at_hand){ .row = row, .first = ++s->serial };
	sl_at_hand_restore(h);
	s->at_hand = h;
}

bool sl_at_hand_reject(lua_State *L, struct sl_script *s, uint64_t serial, const char *reason,
                       size_t len)
{
	struct sl_at_hand *h = s->at_hand;
	if (h == NULL || !h->deciding || (serial != h->serial && serial != h->first))
		return false;
	if (h->rejected)
		return true;
	if (sl_buffer_set(&s->reason, reason, len) != 0)
		luaL_error(L, "not enough memory for a reason");
	h->rejected = true;
	return true;
}
