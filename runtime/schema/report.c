/* report.c - see report.h, and schema.h for the error object */
#include "schema/report.h"

#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "json/pointer.h"
#include "lua/error.h"
#include "schema/schema.h"

/* At most this many bytes of a value's text are shown. */
#define SHOWN 100

/* ---- where ---- */

static void add_levels(luaL_Buffer *b, const struct sl_level *l)
{
	char digits[24];
	if (l == NULL)
		return;
	add_levels(b, l->up);
	luaL_addchar(b, '/');
	if (l->key != NULL) {
		size_t most = 2 * l->len + 1;
		luaL_addsize(b, sl_pointer_put(luaL_prepbuffsize(b, most), most, l->key, l->len));
		return;
	}
	snprintf(digits, sizeof digits, "%zu", l->index);
	luaL_addstring(b, digits);
}

static void push_pointer(lua_State *L, const struct sl_level *l)
{
	luaL_Buffer b;
	luaL_buffinit(L, &b);
	add_levels(&b, l);
	luaL_pushresult(&b);
}

/* ---- what ---- */

struct shower {
	struct sl_json_writer *writer;
	struct sl_buffer text;
	struct sl_error err;
};

/* Nothing may be written after a failure: the writer still expects the value. */
static bool enough(const struct shower *s)
{
	return sl_buffer_len(&s->text) > SHOWN || s->err.kind != SL_NONE;
}

/* The length of the longest prefix of at most `most` bytes that does not split a character. */
static size_t cut(const char *s, size_t len, size_t most)
{
	if (len <= most)
		return len;
	while (most > 0 && ((unsigned char)s[most] & 0xC0) == 0x80)
		most--;
	return most;
}

static void show(struct shower *s, struct sl_json_value v);

static void show_string(struct shower *s, const char *text, size_t len)
{
	sl_json_write_string(s->writer, text, cut(text, len, SHOWN + 4), &s->err);
}

static void show_children(struct shower *s, struct sl_json_value v)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value child;
	const char *key;
	size_t len;
	while (!enough(s) && sl_json_next(&it, &key, &len, &child)) {
		if (it.object)
			sl_json_write_key(s->writer, key, cut(key, len, SHOWN + 4), &s->err);
		show(s, child);
	}
}

static void show_container(struct shower *s, struct sl_json_value v, bool object)
{
	if (object)
		sl_json_open_object(s->writer, &s->err);
	else
		sl_json_open_array(s->writer, &s->err);
	show_children(s, v);
	if (enough(s))
		return; /* what follows is cut anyway */
	if (object)
		sl_json_close_object(s->writer, &s->err);
	else
		sl_json_close_array(s->writer, &s->err);
}

static void show(struct shower *s, struct sl_json_value v)
{
	char room[SL_JSON_DECIMAL_ROOM];
	size_t len;
	const char *text;
	switch (sl_json_type(v)) {
	case SL_JSON_BOOLEAN:
		sl_json_write_boolean(s->writer, sl_json_boolean(v), &s->err);
		break;
	case SL_JSON_INTEGER:
		sl_json_write_integer(s->writer, sl_json_integer(v), &s->err);
		break;
	case SL_JSON_FLOAT:
		sl_json_write_float(s->writer, sl_json_float(v), &s->err);
		break;
	case SL_JSON_DECIMAL:
		text = sl_json_decimal(v, room, &len);
		sl_json_write_number(s->writer, text, len < SHOWN + 4 ? len : SHOWN + 4, &s->err);
		break;
	case SL_JSON_STRING:
		text = sl_json_string(v, &len);
		show_string(s, text, len);
		break;
	case SL_JSON_ARRAY:
	case SL_JSON_OBJECT:
		show_container(s, v, sl_json_type(v) == SL_JSON_OBJECT);
		break;
	default:
		sl_json_write_null(s->writer, &s->err);
	}
}

/* Writes the value's text, cut, to out. It calls no Lua, which could raise and leak the writer. */
static void print(char out[SHOWN + 8], const struct sl_complaint_at *c)
{
	struct shower s = { .writer = sl_json_writer_new() };
	sl_buffer_init(&s.text);
	sl_error_clear(&s.err);
	snprintf(out, SHOWN + 8, "…");
	if (s.writer != NULL) {
		sl_json_writer_begin(s.writer, &s.text);
		if (c->name != NULL)
			show_string(&s, c->name, c->name_len);
		else
			show(&s, *c->value);
	}
	if (s.err.kind != SL_NONE)
		snprintf(out, SHOWN + 8, "a number too large or too small to represent");
	else if (sl_buffer_len(&s.text) > 0) {
		size_t len = cut(sl_buffer_data(&s.text), sl_buffer_len(&s.text), SHOWN);
		snprintf(out, SHOWN + 8, "%.*s%s", (int)len, sl_buffer_data(&s.text),
		         len < sl_buffer_len(&s.text) ? "…" : "");
	}
	sl_json_writer_free(s.writer);
	sl_buffer_clear(&s.text);
}

void sl_report_push(lua_State *L, const struct sl_complaint_at *c) /* [..., phrase] */
{
	char text[SHOWN + 8];
	lua_createtable(L, 0, 3);
	lua_insert(L, -2); /* [violation, phrase] */
	lua_setfield(L, -2, "expected");
	push_pointer(L, c->level);
	lua_setfield(L, -2, "pointer");
	if (c->value == NULL && c->name == NULL)
		return;
	print(text, c);
	lua_pushstring(L, text);
	lua_setfield(L, -2, "value");
}

/* ---- the error object ---- */

/* A field of the violation on top as text, borrowed from it. */
static const char *field(lua_State *L, const char *name)
{
	lua_getfield(L, -1, name);
	const char *text = lua_tostring(L, -1);
	lua_pop(L, 1);
	return text;
}

static void describe(lua_State *L, size_t count, struct sl_error *err) /* [..., violation] */
{
	char where[200], more[40] = "";
	const char *pointer = field(L, "pointer"), *value = field(L, "value");
	sl_quote(where, sizeof where, pointer, strlen(pointer));
	if (count > 1)
		snprintf(more, sizeof more, " (and %zu more)", count - 1);
	sl_fail(err, SL_ROW_INVALID, 0, "%s%sexpected %.200s, %s%s%s", where, *where != '\0' ? ": " : "",
	        field(L, "expected"), value != NULL ? "got " : "but it is missing",
	        value != NULL ? value : "", more);
}

static void add_place(const struct sl_schema_place *place, struct sl_error *err)
{
	if (place == NULL)
		return;
	if (place->export != NULL)
		sl_error_text(err, SL_D_EXPORT, place->export, strlen(place->export));
	if (place->stream != NULL)
		sl_error_text(err, SL_D_STREAM, place->stream, strlen(place->stream));
	if (place->sequence >= 0)
		sl_error_number(err, SL_D_SEQUENCE, place->sequence);
}

void sl_schema_push_failure(lua_State *L, const struct sl_violations *v,
                            const struct sl_schema_place *place) /* [..., list] */
{
	SL_ERROR(err);
	luaL_checkstack(L, 6, "an error object");
	lua_rawgeti(L, -1, 1); /* [list, violation] */
	describe(L, v->count, &err);
	add_place(place, &err);
	sl_lua_error_push(L, &err); /* [list, violation, object] */
	lua_getfield(L, -2, "pointer");
	lua_setfield(L, -2, "pointer");
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "violations");
	lua_pushinteger(L, (lua_Integer)v->count);
	lua_setfield(L, -2, "violation_count");
	lua_replace(L, -3);
	lua_pop(L, 1);
}
