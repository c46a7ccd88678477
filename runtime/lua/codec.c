/* codec.c - see codec.h */
#include "lua/codec.h"

#include "lua/class.h"

#define METATABLE "sluice.json.codec"

static int codec_close(lua_State *L) /* [codec]; also __gc */
{
	struct sl_codec *c = lua_touserdata(L, 1);
	sl_json_free(c->json);
	sl_json_writer_free(c->writer);
	sl_buffer_clear(&c->out);
	*c = (struct sl_codec){ .taken = true };
	return 0;
}

struct sl_codec *sl_codec_push(lua_State *L)
{
	luaL_checkstack(L, 4, "a codec");
	struct sl_codec *c = lua_newuserdatauv(L, sizeof *c, 0);
	*c = (struct sl_codec){ .json = NULL };
	sl_class_push(L, METATABLE, NULL, codec_close, codec_close);
	lua_setmetatable(L, -2);
	c->json = sl_json_new();
	c->writer = sl_json_writer_new();
	if (c->json == NULL || c->writer == NULL)
		luaL_error(L, "not enough memory");
	return c;
}

/* If the old one was closed, the state is closing, and nothing would free a new one that is
 * kept; so it is closed after the call. */
static struct sl_codec *push_other(lua_State *L, int upvalue, bool closed)
{
	struct sl_codec *c = sl_codec_push(L);
	if (closed)
		lua_toclose(L, -1);
	else
		lua_copy(L, -1, upvalue);
	return c;
}

struct sl_codec *sl_codec_take(lua_State *L, int upvalue)
{
	struct sl_codec *c = lua_touserdata(L, upvalue);
	if (c == NULL || c->taken)
		c = push_other(L, upvalue, c != NULL && c->json == NULL);
	else
		lua_pushvalue(L, upvalue);
	c->taken = true;
	return c;
}

#define SMALL (SL_CODEC_KEPT_BYTES / 64) /* smaller texts cannot make it exceed the limit */

void sl_codec_put_back(struct sl_codec *c, size_t size)
{
	if (size > SMALL) {
		sl_json_trim(c->json, SL_CODEC_KEPT_BYTES);
		sl_buffer_trim(&c->out, SL_CODEC_KEPT_BYTES);
	}
	c->taken = false;
}
