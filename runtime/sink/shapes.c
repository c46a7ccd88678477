/* shapes.c - see shapes.h */
#include "sink/shapes.h"

#include <stdlib.h>

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/codec.h"
#include "lua/error.h"
#include "schema/shape.h"
#include "sink/taker.h"

struct stream {
	struct stream *next;
	struct sl_shape *shape;
	size_t len;
	char name[];
};

struct sl_shapes { /* a userdata */
	struct stream *first, **last;
	struct stream *recent;
	size_t count;
	struct sl_text only; /* all rows are of this stream; bytes NULL: each is of its own */
	struct sl_text by;   /* the field that names it; bytes NULL: none does */
};

enum { ONLY = 1, BY }; /* user values: keep the texts */

static struct stream *find(const struct sl_shapes *s, struct sl_text name)
{
	struct stream *at = s->first;
	while (at != NULL && !sl_text_equal(name, (struct sl_text){ at->name, at->len }))
		at = at->next;
	return at;
}

static struct stream *add_stream(struct sl_shapes *s, struct sl_text name)
{
	struct stream *added = malloc(sizeof *added + name.len + 1);
	struct sl_shape *shape = sl_shape_new();
	if (added == NULL || shape == NULL) {
		free(added);
		sl_shape_free(shape);
		return NULL;
	}
	*added = (struct stream){ .shape = shape, .len = name.len };
	memcpy(added->name, name.bytes, name.len);
	added->name[name.len] = '\0';
	*s->last = added;
	s->last = &added->next;
	s->count++;
	return added;
}

/* NULL: no memory. */
static struct stream *stream_of(struct sl_shapes *s, struct sl_text name)
{
	if (s->recent != NULL && sl_text_equal(name, (struct sl_text){ s->recent->name, s->recent->len }))
		return s->recent;
	struct stream *found = find(s, name);
	s->recent = found != NULL ? found : add_stream(s, name);
	return s->recent;
}

/* The stream of a row, borrowed from its document, or from room. */
static int name_of(const struct sl_shapes *s, struct sl_json_value root, char room[SL_JSON_NAME_ROOM], struct sl_text *name,
                   struct sl_error *err)
{
	struct sl_json_value v;
	if (s->only.bytes != NULL)
		*name = s->only;
	if (s->by.bytes == NULL || sl_json_pointer(root, s->by.bytes, s->by.len, &v) != 1)
		return 0;
	if (sl_json_name(v, room, &name->bytes, &name->len) >= 0)
		return 0;
	return sl_fail(err, SL_ROW_MALFORMED, 0, "what stands at \"%s\" cannot name a stream: %s", s->by.bytes,
	               sl_json_type_name(sl_json_type(v)));
}

static int add(struct sl_shapes *s, struct sl_json_value root, const struct sl_taken_from *from, struct sl_error *err)
{
	struct sl_shape_row row = { .line = from->line, .file = from->file };
	struct sl_text name = from->stream;
	char room[SL_JSON_NAME_ROOM];
	if (name_of(s, root, room, &name, err) != 0)
		return -1;
	struct stream *stream = stream_of(s, name);
	if (s->count > SL_SHAPES_STREAMS)
		return sl_fail(err, SL_SINK, 0, "the rows are of more than %d streams", SL_SHAPES_STREAMS);
	if (stream != NULL && sl_shape_add(stream->shape, root, &row) == 0)
		return 0;
	return sl_fail(err, SL_SINK, 0, "no memory for the shape of the rows");
}

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	return add(self, row->root, &row->from, err) == 0 ? SL_TOOK : SL_TAKE_FAILED;
}

/* ---- methods ---- */

static struct sl_shapes *check(lua_State *L, int index)
{
	return luaL_checkudata(L, index, SL_SHAPES);
}

static struct sl_text check_text(lua_State *L, int index)
{
	struct sl_text text;
	text.bytes = luaL_checklstring(L, index, &text.len);
	return text;
}

#define CODEC lua_upvalueindex(1) /* of add */

static int shapes_add(lua_State *L) /* [shapes, text, stream, line or nil, file or nil] */
{
	SL_ERROR(err);
	struct sl_shapes *s = check(L, 1);
	struct sl_text text = check_text(L, 2);
	struct sl_taken_from from = { .stream = check_text(L, 3),
		                          .line = (uint64_t)luaL_optinteger(L, 4, 0),
		                          .file = luaL_optstring(L, 5, NULL) };
	struct sl_codec *c = sl_codec_take(L, CODEC);
	int rc = sl_json_parse_copy(c->json, text.bytes, text.len, &err);
	if (rc == 0)
		rc = add(s, sl_json_root(c->json), &from, &err);
	sl_codec_put_back(c, text.len);
	return sl_lua_error_answer(L, rc, &err);
}

static int shapes_merge(lua_State *L) /* [shapes, other] */
{
	SL_ERROR(err);
	struct sl_shapes *s = check(L, 1);
	const struct sl_shapes *other = check(L, 2);
	luaL_argcheck(L, s != other, 2, "another one is expected");
	for (const struct stream *at = other->first; at != NULL; at = at->next) {
		struct stream *stream = stream_of(s, (struct sl_text){ at->name, at->len });
		if (stream == NULL || sl_shape_merge(stream->shape, at->shape) != 0) {
			sl_fail(&err, SL_SINK, 0, "no memory for the shape of the rows");
			return sl_lua_error_answer(L, -1, &err);
		}
	}
	return sl_lua_error_answer(L, 0, &err);
}

static int shapes_streams(lua_State *L)
{
	lua_Integer count = 0;
	lua_newtable(L);
	for (const struct stream *at = check(L, 1)->first; at != NULL; at = at->next) {
		lua_pushlstring(L, at->name, at->len);
		lua_rawseti(L, -2, ++count);
	}
	return 1;
}

static int shapes_describe(lua_State *L) /* [shapes, stream] */
{
	const struct stream *stream = find(check(L, 1), check_text(L, 2));
	if (stream == NULL)
		return lua_pushnil(L), 1;
	sl_shape_push(L, stream->shape);
	return 1;
}

static int shapes_gc(lua_State *L)
{
	struct sl_shapes *s = check(L, 1);
	while (s->first != NULL) {
		struct stream *gone = s->first;
		s->first = gone->next;
		sl_shape_free(gone->shape);
		free(gone);
	}
	s->last = &s->first;
	s->recent = NULL;
	return 0;
}

/* The text at index, or none; kept by the userdata on top. */
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

int sl_shapes_new(lua_State *L) /* [stream or nil, by or nil] */
{
	lua_settop(L, 2);
	struct sl_shapes *s = lua_newuserdatauv(L, sizeof *s, 2);
	*s = (struct sl_shapes){ .last = &s->first };
	luaL_setmetatable(L, SL_SHAPES);
	s->only = keep(L, 1, ONLY);
	s->by = keep(L, 2, BY);
	return 1;
}

void sl_shapes_open(lua_State *L, const struct sl_sinks *s)
{
	static const struct sl_taker_type type = { .reads_document = true, .take = take };
	static const luaL_Reg methods[] = { { "merge", shapes_merge },
		                                { "streams", shapes_streams },
		                                { "describe", shapes_describe },
		                                { NULL, NULL } };
	sl_class_push(L, SL_SHAPES, methods, shapes_gc, NULL);
	lua_getfield(L, -1, "__index");
	lua_pushnil(L);
	lua_pushcclosure(L, shapes_add, 1); /* [metatable, methods, add] */
	lua_setfield(L, -2, "add");
	lua_pop(L, 1);
	sl_taker_open(L, &type, s);
}
