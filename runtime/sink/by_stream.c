/* by_stream.c - see by_stream.h */
#include "sink/by_stream.h"

#include <stdlib.h>

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/codec.h"
#include "lua/error.h"

struct stream {
	struct stream *next;
	void *kept;
	size_t len;
	char name[];
};

struct by_stream { /* a userdata */
	const struct sl_kept_type *type;
	struct stream *first, **last;
	struct stream *recent;
	size_t count;
	struct sl_text only; /* all rows count as of this stream; bytes NULL: not set */
	struct sl_text by;   /* pointer to the field that names the stream; bytes NULL: not set */
};

enum { ONLY = 1, BY }; /* user values: keep the texts */

static struct stream *find(const struct by_stream *s, struct sl_text name)
{
	struct stream *at = s->first;
	while (at != NULL && !sl_text_equal(name, (struct sl_text){ at->name, at->len }))
		at = at->next;
	return at;
}

static struct stream *add_stream(struct by_stream *s, struct sl_text name)
{
	struct stream *added = malloc(sizeof *added + name.len + 1);
	void *kept = s->type->make();
	if (added == NULL || kept == NULL) {
		free(added);
		s->type->free(kept);
		return NULL;
	}
	*added = (struct stream){ .kept = kept, .len = name.len };
	memcpy(added->name, name.bytes, name.len);
	added->name[name.len] = '\0';
	*s->last = added;
	s->last = &added->next;
	s->count++;
	return added;
}

/* NULL: no memory. */
static struct stream *stream_of(struct by_stream *s, struct sl_text name)
{
	if (s->recent != NULL && sl_text_equal(name, (struct sl_text){ s->recent->name, s->recent->len }))
		return s->recent;
	struct stream *found = find(s, name);
	s->recent = found != NULL ? found : add_stream(s, name);
	return s->recent;
}

/* The name of a row's stream, borrowed from its document or in room. */
static int name_of(const struct by_stream *s, struct sl_json_value root, char room[SL_JSON_NAME_ROOM], struct sl_text *name,
                   struct sl_error *err)
{
	struct sl_json_value v;
	if (s->only.bytes != NULL)
		*name = s->only;
	if (s->by.bytes == NULL || sl_json_pointer(root, s->by.bytes, s->by.len, &v) != 1)
		return 0;
	if (sl_json_name(v, room, &name->bytes, &name->len) >= 0)
		return 0;
	return sl_fail(err, SL_ROW_MALFORMED, 0, "the value at \"%s\" cannot name a stream: %s", s->by.bytes,
	               sl_json_type_name(sl_json_type(v)));
}

static int no_memory(const struct by_stream *s, struct sl_error *err)
{
	return sl_fail(err, SL_SINK, 0, "no memory for %s of the rows", s->type->noun);
}

static int add(struct by_stream *s, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_text name = row->from.stream;
	char room[SL_JSON_NAME_ROOM];
	if (name_of(s, row->root, room, &name, err) != 0)
		return -1;
	struct stream *stream = stream_of(s, name);
	if (s->count > SL_BY_STREAM_MOST)
		return sl_fail(err, SL_SINK, 0, "the rows have more than %d streams", SL_BY_STREAM_MOST);
	return stream != NULL && s->type->add(stream->kept, row) == 0 ? 0 : no_memory(s, err);
}

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	return add(self, row, err) == 0 ? SL_TOOK : SL_TAKE_FAILED;
}

/* ---- methods ---- */

#define TYPE lua_upvalueindex(1)
#define CODEC lua_upvalueindex(2) /* of add */

/* The userdata at index 1. */
static struct by_stream *check(lua_State *L)
{
	const struct sl_kept_type *type = lua_touserdata(L, TYPE);
	return luaL_checkudata(L, 1, type->class_name);
}

static struct sl_text check_text(lua_State *L, int index)
{
	struct sl_text text;
	text.bytes = luaL_checklstring(L, index, &text.len);
	return text;
}

static int add_text(lua_State *L) /* [self, text, stream, line or nil, file or nil] */
{
	SL_ERROR(err);
	struct by_stream *s = check(L);
	struct sl_text text = check_text(L, 2);
	struct sl_taken row = { .text = text.bytes, .len = text.len };
	row.from = (struct sl_taken_from){ .stream = check_text(L, 3),
		                           .line = (uint64_t)luaL_optinteger(L, 4, 0),
		                           .file = luaL_optstring(L, 5, NULL) };
	struct sl_codec *c = sl_codec_take(L, CODEC);
	int rc = sl_json_parse_copy(c->json, text.bytes, text.len, &err);
	row.root = sl_json_root(c->json);
	if (rc == 0)
		rc = add(s, &row, &err);
	sl_codec_put_back(c, text.len);
	return sl_lua_error_answer(L, rc, &err);
}

static int merge(lua_State *L) /* [self, other] */
{
	SL_ERROR(err);
	struct by_stream *s = check(L);
	const struct by_stream *other = luaL_checkudata(L, 2, s->type->class_name);
	int rc = 0;
	luaL_argcheck(L, s != other, 2, "expected an object other than itself");
	for (const struct stream *at = other->first; at != NULL && rc == 0; at = at->next) {
		struct stream *stream = stream_of(s, (struct sl_text){ at->name, at->len });
		if (stream == NULL || s->type->merge(stream->kept, at->kept) != 0)
			rc = no_memory(s, &err);
	}
	return sl_lua_error_answer(L, rc, &err);
}

static int streams(lua_State *L)
{
	lua_Integer count = 0;
	const struct by_stream *s = check(L);
	lua_newtable(L);
	for (const struct stream *at = s->first; at != NULL; at = at->next) {
		lua_pushlstring(L, at->name, at->len);
		lua_rawseti(L, -2, ++count);
	}
	return 1;
}

static int describe(lua_State *L) /* [self, stream, …] */
{
	const struct by_stream *s = check(L);
	const struct stream *stream = find(s, check_text(L, 2));
	if (stream == NULL)
		return lua_pushnil(L), 1;
	s->type->push(L, stream->kept);
	return 1;
}

int sl_by_stream_free(lua_State *L, const struct sl_kept_type *type)
{
	struct by_stream *s = luaL_checkudata(L, 1, type->class_name);
	while (s->first != NULL) {
		struct stream *gone = s->first;
		s->first = gone->next;
		type->free(gone->kept);
		free(gone);
	}
	s->last = &s->first;
	s->recent = NULL;
	return 0;
}

/* The text at index, or none; the userdata on top keeps it alive. */
static struct sl_text keep(lua_State *L, int index, int where)
{
	struct sl_text text = { NULL, 0 };
	if (lua_isnil(L, index))
		return text;
	text = check_text(L, index);
	lua_pushvalue(L, index);
	lua_setiuservalue(L, -2, where);
	return text;
}

int sl_by_stream_new(lua_State *L, const struct sl_kept_type *type)
{
	lua_settop(L, 2);
	struct by_stream *s = lua_newuserdatauv(L, sizeof *s, 2);
	*s = (struct by_stream){ .type = type, .last = &s->first };
	luaL_setmetatable(L, type->class_name);
	s->only = keep(L, 1, ONLY);
	s->by = keep(L, 2, BY);
	return 1;
}

void sl_by_stream_open(lua_State *L, const struct sl_kept_type *type, lua_CFunction gc, const struct sl_sinks *s)
{
	static const struct sl_taker_type taker = { .reads_document = true, .take = take };
	static const luaL_Reg methods[] = { { "add", add_text }, { "streams", streams },
		                                { "describe", describe }, { "merge", merge },
		                                { NULL, NULL } };
	sl_class_push(L, type->class_name, NULL, gc, NULL);
	lua_getfield(L, -1, "__index");
	lua_pushlightuserdata(L, (void *)type);
	lua_pushnil(L);
	luaL_setfuncs(L, methods, 2); /* [metatable, methods] */
	if (type->merge == NULL) {
		lua_pushnil(L);
		lua_setfield(L, -2, "merge");
	}
	lua_pop(L, 1);
	sl_taker_open(L, &taker, s);
}
