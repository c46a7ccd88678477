/* csv.c - see csv.h */
#include "sink/csv.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/error.h"
#include "lua/options.h"
#include "lua/value.h"
#include "sink/taker.h"
#include "sink/writer.h"

/* User values: what keeps borrowed pointers alive. */
enum { WRITER = 1, NAMES, OPTIONS, VALUES = OPTIONS };

enum { PLAIN = 0, SPECIAL = 1, NOT_TEXT = 2, PERHAPS_SURROGATE = 4 };

struct column {
	const char *name; /* of the names' table */
	size_t len;
	bool optional;
	bool present;     /* in this row */
	struct sl_json_value value;
};

struct sl_csv { /* a userdata */
	struct sl_writer *writer;
	struct sl_json_writer *encoder;
	struct sl_buffer line, nested;
	struct sl_text delimiter, null, eol;
	unsigned char class[256];
	size_t count;
	size_t *guess; /* [place in the object]: the column that its field had last */
	struct column columns[];
};

/* ---- trouble ---- */

static int name_column(struct sl_error *err, const char *name, size_t len)
{
	return sl_error_text(err, SL_D_COLUMN, name, len);
}

static int refuse(struct sl_error *err, const char *format, const char *name, size_t len)
{
	char quoted[200];
	sl_fail(err, SL_SINK, 0, format, sl_quote(quoted, sizeof quoted, name, len));
	return name_column(err, name, len);
}

static int refuse_unknown(struct sl_error *err, const char *name, size_t len)
{
	return refuse(err, "no column for the field '%s'", name, len);
}

/* Of an error in a value that something else has written. */
static int refuse_value(struct sl_error *err, const struct column *c)
{
	char quoted[200], why[sizeof err->message];
	memcpy(why, err->message, sizeof why);
	sl_error_clear(err);
	sl_fail(err, SL_SINK, 0, "column '%s': %s", sl_quote(quoted, sizeof quoted, c->name, c->len), why);
	return name_column(err, c->name, c->len);
}

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_SINK, 0, "no memory for a line of CSV");
}

/* ---- fields ---- */

static int put(struct sl_csv *csv, struct sl_error *err, const char *bytes, size_t len)
{
	return sl_buffer_append(&csv->line, bytes, len) == 0 ? 0 : no_memory(err);
}

static bool equals(struct sl_text a, const char *s, size_t len)
{
	return a.len == len && memcmp(a.bytes, s, len) == 0;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Three bytes that UTF-8 does not have: ED, then A0 to BF. */
static bool has_surrogate(const char *s, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if ((unsigned char)s[i] == 0xed && (unsigned char)s[i + 1] >= 0xa0)
			return true;
	return false;
}

static int classify(const struct sl_csv *csv, const char *s, size_t len)
{
	int class = PLAIN;
	for (size_t i = 0; i < len; i++)
		class |= csv->class[(unsigned char)s[i]];
	return class;
}

static int put_quoted(struct sl_csv *csv, struct sl_error *err, const char *s, size_t len)
{
	const char *end = s + len;
	if (put(csv, err, "\"", 1) != 0)
		return -1;
	for (const char *quote; (quote = memchr(s, '"', (size_t)(end - s))) != NULL; s = quote + 1)
		if (put(csv, err, s, (size_t)(quote + 1 - s)) != 0 || put(csv, err, "\"", 1) != 0)
			return -1;
	return put(csv, err, s, (size_t)(end - s)) != 0 || put(csv, err, "\"", 1) != 0 ? -1 : 0;
}

static int put_text(struct sl_csv *csv, struct sl_error *err, const struct column *c,
                    const char *s, size_t len)
{
	int class = classify(csv, s, len);
	if (class & NOT_TEXT)
		return refuse(err, "column '%s': CSV cannot represent a NUL character", c->name, c->len);
	if ((class & PERHAPS_SURROGATE) && has_surrogate(s, len))
		return refuse(err, "column '%s': not valid Unicode: lone surrogate", c->name, c->len);
	if ((class & SPECIAL) || equals(csv->null, s, len) ||
	    (len > 0 && (is_space(s[0]) || is_space(s[len - 1]))))
		return put_quoted(csv, err, s, len);
	return put(csv, err, s, len);
}

static int put_null(struct sl_csv *csv, struct sl_error *err, const struct column *c, bool absent)
{
	if (absent && !c->optional)
		return refuse(err, "column '%s': the row has no such field", c->name, c->len);
	return put(csv, err, csv->null.bytes, csv->null.len);
}

static int put_integer(struct sl_csv *csv, struct sl_error *err, int64_t value)
{
	sl_json_writer_begin(csv->encoder, &csv->line);
	return sl_json_write_integer(csv->encoder, value, err);
}

static int put_float(struct sl_csv *csv, struct sl_error *err, const struct column *c, double value)
{
	sl_json_writer_begin(csv->encoder, &csv->line);
	if (sl_json_write_float(csv->encoder, value, err) != 0)
		return refuse_value(err, c);
	return 0;
}

static int put_boolean(struct sl_csv *csv, struct sl_error *err, bool value)
{
	return value ? put(csv, err, "true", 4) : put(csv, err, "false", 5);
}

static int put_nested(struct sl_csv *csv, struct sl_error *err, const struct column *c)
{
	return put_text(csv, err, c, sl_buffer_data(&csv->nested), sl_buffer_len(&csv->nested));
}

/* A line of one empty field would be no line for most readers. */
static int end_line(struct sl_csv *csv, struct sl_error *err)
{
	if (sl_buffer_len(&csv->line) == 0 && put(csv, err, "\"\"", 2) != 0)
		return -1;
	return put(csv, err, csv->eol.bytes, csv->eol.len) != 0 ||
	       sl_writer_text(csv->writer, sl_buffer_data(&csv->line), sl_buffer_len(&csv->line), err) != 0
	       ? -1 : 0;
}

/* ---- a row out of its document ---- */

static int encode(struct sl_json_writer *w, struct sl_json_value v, struct sl_error *err);

static int encode_children(struct sl_json_writer *w, struct sl_json_value v, struct sl_error *err)
{
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value child;
	const char *key;
	size_t len;
	while (sl_json_next(&it, &key, &len, &child))
		if ((it.object && sl_json_write_key(w, key, len, err) != 0) || encode(w, child, err) != 0)
			return -1;
	return 0;
}

static int encode(struct sl_json_writer *w, struct sl_json_value v, struct sl_error *err)
{
	const char *s;
	size_t len;
	switch (sl_json_type(v)) {
	case SL_JSON_BOOLEAN:
		return sl_json_write_boolean(w, sl_json_boolean(v), err);
	case SL_JSON_INTEGER:
		return sl_json_write_integer(w, sl_json_integer(v), err);
	case SL_JSON_FLOAT:
	case SL_JSON_DECIMAL:
		return sl_json_write_float(w, sl_json_float(v), err);
	case SL_JSON_STRING:
		s = sl_json_string(v, &len);
		return sl_json_write_string(w, s, len, err);
	case SL_JSON_ARRAY:
		return sl_json_open_array(w, err) != 0 || encode_children(w, v, err) != 0 ||
		       sl_json_close_array(w, err) != 0 ? -1 : 0;
	case SL_JSON_OBJECT:
		return sl_json_open_object(w, err) != 0 || encode_children(w, v, err) != 0 ||
		       sl_json_close_object(w, err) != 0 ? -1 : 0;
	default:
		return sl_json_write_null(w, err);
	}
}

static int put_container(struct sl_csv *csv, struct sl_error *err, const struct column *c)
{
	sl_buffer_consume(&csv->nested, sl_buffer_len(&csv->nested));
	sl_json_writer_begin(csv->encoder, &csv->nested);
	if (encode(csv->encoder, c->value, err) != 0)
		return refuse_value(err, c);
	return put_nested(csv, err, c);
}

static int put_value(struct sl_csv *csv, struct sl_error *err, const struct column *c)
{
	const char *s;
	size_t len;
	if (!c->present)
		return put_null(csv, err, c, true);
	switch (sl_json_type(c->value)) {
	case SL_JSON_NULL:
		return put_null(csv, err, c, false);
	case SL_JSON_BOOLEAN:
		return put_boolean(csv, err, sl_json_boolean(c->value));
	case SL_JSON_INTEGER:
		return put_integer(csv, err, sl_json_integer(c->value));
	case SL_JSON_FLOAT:
	case SL_JSON_DECIMAL:
		return put_float(csv, err, c, sl_json_float(c->value));
	case SL_JSON_STRING:
		s = sl_json_string(c->value, &len);
		return put_text(csv, err, c, s, len);
	default:
		return put_container(csv, err, c);
	}
}

static bool is_named(const struct column *c, const char *name, size_t len)
{
	return c->len == len && memcmp(c->name, name, len) == 0;
}

/* Rows of a stream mostly have their fields in one order. */
static struct column *find_column(struct sl_csv *csv, size_t place, const char *name, size_t len)
{
	size_t *guess = &csv->guess[place < csv->count ? place : 0];
	if (is_named(&csv->columns[*guess], name, len))
		return &csv->columns[*guess];
	for (size_t i = 0; i < csv->count; i++) {
		if (is_named(&csv->columns[i], name, len)) {
			*guess = i;
			return &csv->columns[i];
		}
	}
	return NULL;
}

static int collect(struct sl_csv *csv, struct sl_error *err, struct sl_json_value object)
{
	struct sl_json_iter it = sl_json_children(object);
	struct sl_json_value value;
	const char *key;
	size_t len;
	for (size_t i = 0; i < csv->count; i++)
		csv->columns[i].present = false;
	for (size_t place = 0; sl_json_next(&it, &key, &len, &value); place++) {
		struct column *c = find_column(csv, place, key, len);
		if (c == NULL)
			return refuse_unknown(err, key, len);
		c->present = true;
		c->value = value; /* of duplicates the last */
	}
	return 0;
}

static int put_document(struct sl_csv *csv, struct sl_error *err, struct sl_json_value root)
{
	enum sl_json_type type = sl_json_type(root);
	if (type != SL_JSON_OBJECT)
		return sl_fail(err, SL_SINK, 0, "a line of CSV is made of an object; the payload is of type %s",
		               sl_json_type_name(type));
	if (collect(csv, err, root) != 0)
		return -1;
	for (size_t i = 0; i < csv->count; i++)
		if ((i > 0 && put(csv, err, csv->delimiter.bytes, 1) != 0) ||
		    put_value(csv, err, &csv->columns[i]) != 0)
			return -1;
	return 0;
}

/* ---- a row out of a table ---- */

/* [..., table or other value] */
static int put_lua_value(lua_State *L, struct sl_csv *csv, struct sl_error *err, const struct column *c)
{
	const char *s;
	size_t len;
	switch (lua_type(L, -1)) {
	case LUA_TNIL:
		return put_null(csv, err, c, true);
	case LUA_TLIGHTUSERDATA:
		return put_null(csv, err, c, false);
	case LUA_TBOOLEAN:
		return put_boolean(csv, err, lua_toboolean(L, -1));
	case LUA_TNUMBER:
		return lua_isinteger(L, -1) ? put_integer(csv, err, lua_tointeger(L, -1))
		                            : put_float(csv, err, c, lua_tonumber(L, -1));
	case LUA_TSTRING:
		s = lua_tolstring(L, -1, &len);
		return put_text(csv, err, c, s, len);
	default:
		sl_buffer_consume(&csv->nested, sl_buffer_len(&csv->nested));
		if (sl_value_encode(L, -1, csv->encoder, &csv->nested, err) != 0)
			return refuse_value(err, c);
		return put_nested(csv, err, c);
	}
}

/* The table has more fields than there are columns for. */
static int refuse_extra(lua_State *L, const struct sl_csv *csv, struct sl_error *err) /* [.., payload, names] */
{
	for (lua_pushnil(L); lua_next(L, -3) != 0; lua_pop(L, 1)) {
		size_t len, i = 0;
		lua_pushvalue(L, -2);
		const char *name = luaL_tolstring(L, -1, &len);
		while (i < csv->count && !is_named(&csv->columns[i], name, len))
			i++;
		if (i == csv->count)
			return refuse_unknown(err, name, len); /* stays on the stack */
		lua_pop(L, 2);
	}
	return refuse_unknown(err, "?", 1);
}

static int count_fields(lua_State *L, int table)
{
	int n = 0;
	for (lua_pushnil(L); lua_next(L, table) != 0; n++)
		lua_pop(L, 1);
	return n;
}

static int put_table(lua_State *L, struct sl_csv *csv, struct sl_error *err) /* [csv, payload] */
{
	int found = 0;
	if (!lua_istable(L, 2))
		return sl_fail(err, SL_SINK, 0, "a line of CSV is made of an object; the payload is a %s",
		               luaL_typename(L, 2));
	lua_getiuservalue(L, 1, NAMES); /* [csv, payload, names] */
	for (size_t i = 0; i < csv->count; i++) {
		lua_rawgeti(L, 3, (lua_Integer)i + 1);
		found += lua_rawget(L, 2) != LUA_TNIL;
		if ((i > 0 && put(csv, err, csv->delimiter.bytes, 1) != 0) ||
		    put_lua_value(L, csv, err, &csv->columns[i]) != 0)
			return -1;
		lua_pop(L, 1);
	}
	return count_fields(L, 2) == found ? 0 : refuse_extra(L, csv, err);
}

/* ---- methods ---- */

static void begin_line(struct sl_csv *csv)
{
	sl_buffer_consume(&csv->line, sl_buffer_len(&csv->line));
}

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_csv *csv = self;
	begin_line(csv);
	if (put_document(csv, err, row->root) != 0 || end_line(csv, err) != 0)
		return SL_TAKE_FAILED;
	return SL_TOOK;
}

static int csv_values(lua_State *L) /* [csv, payload] */
{
	SL_ERROR(err);
	struct sl_csv *csv = luaL_checkudata(L, 1, SL_CSV);
	lua_settop(L, 2);
	begin_line(csv);
	int rc = put_table(L, csv, &err);
	return sl_lua_error_answer(L, rc == 0 ? end_line(csv, &err) : rc, &err);
}

static int csv_header(lua_State *L) /* [csv] */
{
	SL_ERROR(err);
	int rc = 0;
	struct sl_csv *csv = luaL_checkudata(L, 1, SL_CSV);
	begin_line(csv);
	for (size_t i = 0; i < csv->count && rc == 0; i++) {
		const struct column *c = &csv->columns[i];
		rc = i > 0 ? put(csv, &err, csv->delimiter.bytes, 1) : 0;
		if (rc == 0)
			rc = put_text(csv, &err, c, c->name, c->len);
	}
	if (rc == 0)
		rc = put(csv, &err, csv->eol.bytes, csv->eol.len);
	if (rc != 0)
		return sl_lua_error_answer(L, rc, &err);
	lua_pushlstring(L, sl_buffer_data(&csv->line), sl_buffer_len(&csv->line));
	return 1;
}

static int csv_gc(lua_State *L)
{
	struct sl_csv *csv = luaL_checkudata(L, 1, SL_CSV);
	sl_buffer_clear(&csv->line);
	sl_buffer_clear(&csv->nested);
	sl_json_writer_free(csv->encoder);
	csv->encoder = NULL;
	return 0;
}

/* ---- making one ---- */

static void fill_classes(struct sl_csv *csv)
{
	memset(csv->class, PLAIN, sizeof csv->class);
	csv->class['"'] = csv->class['\n'] = csv->class['\r'] = SPECIAL;
	csv->class[(unsigned char)csv->delimiter.bytes[0]] = SPECIAL;
	csv->class[0] = NOT_TEXT;
	csv->class[0xed] = PERHAPS_SURROGATE;
}

/* The names, and which of them are optional. The table is ours alone. */
static void read_columns(lua_State *L, struct sl_csv *csv) /* [writer, options, names, csv] */
{
	lua_getfield(L, 2, "optional");
	luaL_checktype(L, -1, LUA_TTABLE);
	for (size_t i = 0; i < csv->count; i++) {
		struct column *c = &csv->columns[i];
		lua_rawgeti(L, 3, (lua_Integer)i + 1);
		luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 2, "names: strings are expected");
		c->name = lua_tolstring(L, -1, &c->len);
		lua_rawgeti(L, -2, (lua_Integer)i + 1);
		c->optional = lua_toboolean(L, -1);
		lua_pop(L, 2);
		csv->guess[i] = i;
	}
	lua_pop(L, 1);
}

static struct sl_csv *push_csv(lua_State *L, size_t count)
{
	size_t size = sizeof(struct sl_csv) + count * (sizeof(struct column) + sizeof(size_t));
	struct sl_csv *csv = lua_newuserdatauv(L, size, VALUES);
	*csv = (struct sl_csv){ .count = count };
	csv->guess = (size_t *)(void *)&csv->columns[count];
	luaL_setmetatable(L, SL_CSV);
	csv->encoder = sl_json_writer_new();
	if (csv->encoder == NULL)
		luaL_error(L, "not enough memory for lines of CSV");
	return csv;
}

int sl_csv_new(lua_State *L) /* [writer, options] */
{
	struct sl_writer *writer = sl_writer_test(L, 1);
	if (writer == NULL)
		return luaL_typeerror(L, 1, SL_WRITER);
	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	luaL_argcheck(L, lua_getfield(L, 2, "names") == LUA_TTABLE && luaL_len(L, 3) > 0, 2,
	              "names: a list of strings is expected");
	struct sl_csv *csv = push_csv(L, (size_t)luaL_len(L, 3)); /* [writer, options, names, csv] */
	csv->writer = writer;
	csv->delimiter = sl_option_text(L, 2, "delimiter");
	csv->null = sl_option_text(L, 2, "null");
	csv->eol = sl_option_text(L, 2, "eol");
	luaL_argcheck(L, csv->delimiter.len == 1 && csv->null.bytes != NULL && csv->eol.len > 0, 2,
	              "delimiter (one byte), null and eol are expected");
	read_columns(L, csv);
	fill_classes(csv);
	for (int i = WRITER; i <= VALUES; i++) {
		lua_pushvalue(L, i == WRITER ? 1 : i == NAMES ? 3 : 2);
		lua_setiuservalue(L, 4, i);
	}
	return 1;
}

void sl_csv_open(lua_State *L, const struct sl_sinks *s)
{
	static const struct sl_taker_type type = { .reads_document = true, .take = take };
	static const luaL_Reg methods[] = { { "header", csv_header }, { "values", csv_values },
	                                    { NULL, NULL } };
	sl_class_push(L, SL_CSV, methods, csv_gc, NULL);
	sl_taker_open(L, &type, s);
}
