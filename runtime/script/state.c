/* state.c - see state.h */
#include "script/state.h"

#include <errno.h>
#include <stdlib.h>

#include <lauxlib.h>

#include "lua/error.h"
#include "lua/value.h"
#include "script/follow.h"
#include "script/interrupt.h"
#include "script/last_resort.h"

#define CLOSED "sluice is closed: the Lua state is being closed"

static const char key; /* its address is the registry key */

/* ---- the parser that rows share ---- */

/* Push the script's own userdata. */
static void push_script(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
}

struct sl_codec *sl_script_codec(lua_State *L, struct sl_script *s)
{
	if (s->codec != NULL && !s->codec->taken)
		return s->codec;
	if (s->codec != NULL && s->codec->json == NULL)
		luaL_error(L, CLOSED);
	luaL_checkstack(L, 4, "a parser");
	push_script(L);
	struct sl_codec *c = sl_codec_push(L); /* [script, codec] */
	lua_setiuservalue(L, -2, SL_SCRIPT_CODEC);
	lua_pop(L, 1);
	return s->codec = c;
}

struct sl_codec *sl_script_hold(lua_State *L, struct sl_script *s, const struct sl_json *json)
{
	luaL_checkstack(L, 2, "a parser");
	if (s->codec == NULL || s->codec->json != json) {
		lua_pushnil(L);
		return NULL;
	}
	push_script(L);
	lua_getiuservalue(L, -1, SL_SCRIPT_CODEC);
	lua_replace(L, -2);
	s->codec->taken = true;
	return s->codec;
}

void sl_script_release(struct sl_codec *c)
{
	if (c != NULL)
		c->taken = false;
}

struct sl_value_strings *sl_script_strings(lua_State *L, struct sl_script *s)
{
	if (s->strings == NULL)
		s->strings = sl_value_strings(L);
	return s->strings;
}

static void push_table(lua_State *L, struct sl_script *s, struct sl_json_value v)
{
	struct sl_value_strings *strings = sl_script_strings(L, s);
	if (s->codec == NULL || s->codec->json != v.json) {
		sl_value_push_with(L, strings, v);
		return;
	}
	struct sl_codec *c = sl_script_hold(L, s, v.json); /* [codec] */
	sl_value_push_with(L, strings, v);
	sl_script_release(c);
	lua_replace(L, -2);
}

/* Like sl_value_push, but the most common types cost only one call of the Lua API. */
void sl_script_push_value(lua_State *L, struct sl_script *s, struct sl_json_value v)
{
	size_t len;
	const char *text;
	switch (sl_json_type(v)) {
	case SL_JSON_STRING:
		text = sl_json_string(v, &len);
		lua_pushlstring(L, text, len);
		break;
	case SL_JSON_INTEGER:
		lua_pushinteger(L, (lua_Integer)sl_json_integer(v));
		break;
	default:
		push_table(L, s, v);
	}
}

struct sl_json_value sl_script_parse(lua_State *L, struct sl_script *s, const char *text, size_t len)
{
	SL_ERROR(err);
	struct sl_codec *c = sl_script_codec(L, s);
	c->holds = 0;
	if (sl_json_parse_copy(c->json, text, len, &err) != 0)
		sl_lua_error_raise(L, &err);
	return sl_json_root(c->json);
}

/* ---- workers to be freed ---- */

void sl_script_expect_worker(lua_State *L, struct sl_script *s)
{
	void *room = realloc(s->doomed, (s->workers + 1) * sizeof(struct sl_worker *));
	if (room == NULL)
		luaL_error(L, "not enough memory for a worker");
	s->doomed = room;
	s->workers++;
}

void sl_script_doom_worker(struct sl_script *s, struct sl_worker *w)
{
	s->doomed[s->doomed_count++] = w;
	if (!s->turning)
		sl_script_bury(s);
}

void sl_script_bury(struct sl_script *s)
{
	while (s->doomed_count > 0) {
		sl_worker_free(s->doomed[--s->doomed_count]);
		s->workers--;
	}
}

/* ---- inside the loop ---- */

struct sl_script_place sl_script_enter(struct sl_script *s, lua_State *L)
{
	struct sl_script_place was = { s->L, s->turning };
	s->L = L;
	s->turning = true;
	return was;
}

void sl_script_leave(struct sl_script *s, struct sl_script_place was)
{
	s->turning = was.turning;
	if (!s->turning)
		sl_script_bury(s);
	s->L = was.L;
}

/* ---- the state ---- */

static int script_gc(lua_State *L)
{
	struct sl_script *s = lua_touserdata(L, 1);
	if (s->closed)
		return 0;
	s->closed = true;
	sl_interrupt_watch(NULL, NULL);
	sl_last_resort_watch(NULL);
	if (s->turning)
		return 0; /* os.exit(code, true) in a handler: the loop is below us */
	sl_script_bury(s);
	sl_supervisor_free(s->supervisor);
	s->supervisor = NULL;
	sl_limit_clear(&s->limit);
	sl_json_writer_free(s->encoder);
	s->encoder = NULL;
	sl_buffer_clear(&s->text);
	sl_buffer_clear(&s->reason);
	free(s->doomed);
	s->doomed = NULL;
	return 0;
}

static void add_metatable(lua_State *L)
{
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, script_gc);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
}

struct sl_script *sl_script_open(lua_State *L)
{
	push_script(L);
	if (!lua_isnil(L, -1))
		return lua_touserdata(L, -1);
	lua_pop(L, 1);
	struct sl_script *s = lua_newuserdatauv(L, sizeof *s, SL_SCRIPT_VALUES);
	*s = (struct sl_script){ .L = NULL };
	sl_limit_init(&s->limit, L);
	sl_buffer_init(&s->text);
	sl_buffer_init(&s->reason);
	add_metatable(L);
	s->encoder = sl_json_writer_new();
	if (s->encoder == NULL)
		luaL_error(L, "not enough memory");
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	sl_follow_open(L, -1);
	sl_interrupt_watch(NULL, &s->limit);
	sl_last_resort_watch(s);
	return s;
}

struct sl_script *sl_script_of(lua_State *L)
{
	push_script(L);
	struct sl_script *s = lua_touserdata(L, -1);
	lua_pop(L, 1);
	return s;
}

struct sl_supervisor *sl_script_supervisor(lua_State *L, struct sl_script *s, struct sl_error *err)
{
	if (s->closed)
		luaL_error(L, CLOSED);
	if (s->supervisor == NULL) {
		s->supervisor = sl_supervisor_new(err);
		if (s->supervisor != NULL)
			sl_interrupt_watch(s->supervisor, &s->limit);
	}
	return s->supervisor;
}
