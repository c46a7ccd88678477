/* memo.c - see memo.h */
#include "lua/memo.h"

#include "json/words.h"

/* So many misses in a row, and only every so-manieth string is remembered. */
#define MANY 64

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
		m->misses = 0;
		lua_rawgeti(L, anchors, m->anchor + (int)i);
		return;
	}
	lua_pushlstring(L, text, len);
	if (m->misses++ >= MANY && m->misses % MANY != 0)
		return;
	*s = (struct sl_memo_string){ first, last, len };
	lua_pushvalue(L, -1);
	lua_rawseti(L, anchors, m->anchor + (int)i);
}
