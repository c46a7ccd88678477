/* memo.c - see memo.h */
#include "lua/memo.h"

#include "json/words.h"

static void remember(lua_State *L, int anchors, struct sl_memo *m, size_t i, const struct sl_memo_string *s)
{
	m->strings[i] = *s;
	lua_pushvalue(L, -1);
	lua_rawseti(L, anchors, m->anchor + (int)i);
}

void sl_memo_push(lua_State *L, int anchors, struct sl_memo *m, const char *text, size_t len)
{
	if (len == 0 || len > SL_MEMO_LONGEST) {
		lua_pushlstring(L, text, len);
		return;
	}
	uint64_t first = sl_word(text) & sl_word_mask(len), last = sl_word_last(text, len);
	uint64_t hash = (first ^ last ^ len) * UINT64_C(0x9E3779B97F4A7C15);
	size_t i = hash >> 32 & m->mask;
	struct sl_memo_string *s = &m->strings[i];
	if (s->first == first && s->last == last && s->len == len) {
		lua_rawgeti(L, anchors, m->anchor + (int)i);
		return;
	}
	lua_pushlstring(L, text, len);
	if (s->seen == (uint32_t)hash)
		remember(L, anchors, m, i, &(struct sl_memo_string){ first, last, (uint32_t)len, 0 });
	else
		s->seen = (uint32_t)hash;
}
