/* cells.c - see cells.h */
#include "sink/cells.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/options.h"

/* ---- what is wrong, and where ---- */

static void show_cell(const struct sl_cell *cell, char *out, size_t size)
{
	char room[SL_CELL_ROOM], quoted[64];
	if (cell->type == SL_CELL_NULL) {
		snprintf(out, size, "null");
		return;
	}
	struct sl_text t = sl_cell_text(cell, room);
	bool is_text = cell->type == SL_CELL_TEXT;
	snprintf(out, size, is_text ? "\"%s\"" : "%s", sl_quote(quoted, sizeof quoted, t.bytes, t.len));
}

void sl_cells_show_key(const struct sl_cells *c, char *out, size_t size)
{
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < c->width && used + 1 < size; i++) {
		char name[64], value[72];
		if (!c->is_key[i])
			continue;
		show_cell(&c->cells[i], value, sizeof value);
		snprintf(out + used, size - used, "%s%s = %s", used > 0 ? ", " : "",
		         sl_quote(name, sizeof name, c->columns[i].name.bytes, c->columns[i].name.len), value);
		used += strlen(out + used);
	}
}

static void add_details(const struct sl_cells *c, const struct sl_taken_from *from, const char *key,
                        const char *column, struct sl_error *err)
{
	if (c->url.len > 0)
		sl_error_text(err, SL_D_URL, c->url.bytes, c->url.len);
	if (c->table.len > 0)
		sl_error_text(err, SL_D_TABLE, c->table.bytes, c->table.len);
	if (from != NULL) {
		sl_error_text(err, SL_D_STREAM, from->stream.bytes, from->stream.len);
		sl_error_number(err, SL_D_SEQUENCE, (int64_t)from->sequence);
		if (from->line != 0)
			sl_error_number(err, SL_D_LINE, (int64_t)from->line);
		if (from->file != NULL)
			sl_error_text(err, SL_D_FILE, from->file, strlen(from->file));
	}
	if (key != NULL && key[0] != '\0')
		sl_error_text(err, SL_D_KEY, key, strlen(key));
	if (column != NULL)
		sl_error_text(err, SL_D_COLUMN, column, strlen(column));
}

struct place {
	char text[320]; /* leaves room in a message for what is wrong */
	size_t used;
};

/* Adds t, cut, between two texts. */
static void add_to_place(struct place *p, const char *before, struct sl_text t, size_t most, const char *after)
{
	char quoted[160];
	sl_quote(quoted, most < sizeof quoted ? most : sizeof quoted, t.bytes, t.len);
	int n = snprintf(p->text + p->used, sizeof p->text - p->used, "%s%s%s", before, quoted, after);
	p->used += n > 0 ? (size_t)n : 0;
	if (p->used >= sizeof p->text)
		p->used = sizeof p->text - 1;
}

static void add_row(struct place *p, const struct sl_taken_from *from, const char *key)
{
	char number[40];
	snprintf(number, sizeof number, ", sequence %" PRIu64, from->sequence);
	add_to_place(p, "stream ", from->stream, 40, number);
	if (key[0] != '\0')
		add_to_place(p, " (", sl_text_of(key), 80, ")");
	add_to_place(p, "", sl_text_of(""), 1, ": ");
}

/* "sqlite:t.db, table t: stream rows, sequence 3 (k = "x"): column a: " */
static void describe(const struct sl_cells *c, const struct sl_taken_from *from, const char *key,
                     const char *column, struct place *p)
{
	if (c->url.len > 0) {
		add_to_place(p, "", c->url, 100, "");
		add_to_place(p, ", table ", c->table, 50, ": ");
	}
	if (from != NULL && c->url.len > 0)
		add_row(p, from, key);
	if (column != NULL)
		add_to_place(p, "column ", sl_text_of(column), 60, ": ");
}

int sl_cells_blame(const struct sl_cells *c, const struct sl_taken_from *from, const char *key,
                   const char *column, struct sl_error *err)
{
	struct place place = { .used = 0 };
	char why[sizeof err->message];
	key = key != NULL ? key : "";
	memcpy(why, err->message, sizeof why);
	describe(c, from, key, column, &place);
	memcpy(err->message, place.text, place.used);
	size_t room = sizeof err->message - place.used;
	sl_quote(err->message + place.used, room, why, strlen(why));
	add_details(c, from, key, column, err);
	return -1;
}

static int blame_column(const struct sl_cells *c, const struct sl_taken *row, const struct sl_column *column,
                        struct sl_error *err)
{
	char name[200], key[120];
	sl_cells_show_key(c, key, sizeof key);
	sl_quote(name, sizeof name, column->name.bytes, column->name.len);
	return sl_cells_blame(c, &row->from, key, name, err);
}

static int blame_row(const struct sl_cells *c, const struct sl_taken *row, struct sl_error *err)
{
	return sl_cells_blame(c, &row->from, NULL, NULL, err);
}

/* ---- what came ---- */

static bool is_named(const struct sl_column *c, const char *name, size_t len)
{
	return c->name.len == len && memcmp(c->name.bytes, name, len) == 0;
}

/* The index of the column, or width: none. Tries the guess first, because rows of a stream
 * usually have their fields in the same order. */
static size_t find_column(struct sl_cells *c, size_t place, const char *name, size_t len)
{
	size_t *guess = &c->guess[place < c->width ? place : 0], i = 0;
	if (is_named(&c->columns[*guess], name, len))
		return *guess;
	while (i < c->width && !is_named(&c->columns[i], name, len))
		i++;
	if (i < c->width)
		*guess = i;
	return i;
}

static int refuse_field(const struct sl_cells *c, const struct sl_taken *row, const char *name, size_t len,
                        struct sl_error *err)
{
	char quoted[200];
	sl_fail(err, SL_SINK, 0, "no column for the field '%s'", sl_quote(quoted, sizeof quoted, name, len));
	sl_cells_blame(c, &row->from, NULL, NULL, err);
	return sl_error_text(err, SL_D_COLUMN, quoted, strlen(quoted));
}

/* The last of duplicate names wins. */
static int collect(struct sl_cells *c, const struct sl_taken *row, bool is_closed, struct sl_error *err)
{
	struct sl_json_iter it;
	struct sl_json_value value;
	const char *key;
	size_t len;
	memset(c->came, 0, c->width * sizeof *c->came);
	if (row->root.json == NULL || sl_json_type(row->root) != SL_JSON_OBJECT)
		return 0;
	it = sl_json_children(row->root);
	for (size_t place = 0; sl_json_next(&it, &key, &len, &value); place++) {
		size_t i = find_column(c, place, key, len);
		if (i < c->width)
			c->came[i] = value;
		else if (is_closed)
			return refuse_field(c, row, key, len, err);
	}
	return 0;
}

/* ---- cells ---- */

static int put_null(const struct sl_cells *c, const struct sl_taken *row, size_t i, bool is_absent, struct sl_error *err)
{
	const struct sl_column *column = &c->columns[i];
	c->cells[i].type = SL_CELL_NULL;
	if (column->null && (!is_absent || column->optional))
		return 0;
	sl_fail(err, SL_SINK, 0, is_absent && c->is_closed ? "the row has no such field" : "a value is missing");
	return blame_column(c, row, column, err);
}

static int read_document(struct sl_cells *c, const struct sl_taken *row, struct sl_error *err)
{
	if (collect(c, row, c->is_closed, err) != 0)
		return -1;
	for (size_t i = 0; i < c->width; i++) {
		struct sl_json_value v = c->came[i];
		bool is_absent = v.json == NULL;
		if (is_absent || sl_json_type(v) == SL_JSON_NULL) {
			if (put_null(c, row, i, is_absent, err) != 0)
				return -1;
		} else if (sl_cell_from_document(&c->cells[i], &c->columns[i], v, &c->room, err) != 0) {
			return blame_column(c, row, &c->columns[i], err);
		}
	}
	return 0;
}

static int read_field(struct sl_cells *c, const struct sl_taken *row, size_t i, struct sl_error *err) /* [.., value] */
{
	lua_State *L = row->L;
	const struct sl_json_value *own = c->came[i].json != NULL ? &c->came[i] : NULL;
	if (lua_isnil(L, -1) || (lua_type(L, -1) == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == NULL))
		return put_null(c, row, i, lua_isnil(L, -1), err);
	if (sl_cell_from_lua(L, -1, &c->cells[i], &c->columns[i], own, &c->room, err) != 0)
		return blame_column(c, row, &c->columns[i], err);
	return 0;
}

static bool has_column(const struct sl_cells *c, const char *name, size_t len)
{
	size_t i = 0;
	while (i < c->width && !is_named(&c->columns[i], name, len))
		i++;
	return i < c->width;
}

/* Refuse a payload that has a field without a column. */
static int refuse_extra(const struct sl_cells *c, const struct sl_taken *row, struct sl_error *err)
{
	lua_State *L = row->L;
	for (lua_pushnil(L); lua_next(L, row->payload) != 0; lua_pop(L, 1)) {
		size_t len;
		lua_pushvalue(L, -2);
		const char *name = luaL_tolstring(L, -1, &len);
		if (!has_column(c, name, len))
			return refuse_field(c, row, name, len, err); /* they stay on the stack */
		lua_pop(L, 2);
	}
	return 0;
}

static int read_payload(struct sl_cells *c, const struct sl_taken *row, struct sl_error *err)
{
	lua_State *L = row->L;
	luaL_checkstack(L, 8, "a row");
	collect(c, row, false, err);
	for (size_t i = 0; i < c->width; i++) {
		lua_pushlstring(L, c->columns[i].name.bytes, c->columns[i].name.len);
		lua_rawget(L, row->payload);
		if (read_field(c, row, i, err) != 0)
			return -1;
		lua_pop(L, 1);
	}
	return c->is_closed ? refuse_extra(c, row, err) : 0;
}

/* Texts in the room get their addresses only now, when it no longer moves. */
static void place_texts(struct sl_cells *c)
{
	for (size_t i = 0; i < c->width; i++)
		if (c->cells[i].in_room)
			c->cells[i].text.bytes = sl_buffer_data(&c->room.bytes) + c->cells[i].offset;
}

static int refuse_shape(const struct sl_cells *c, const struct sl_taken *row, struct sl_error *err)
{
	const char *got = row->payload != 0 ? luaL_typename(row->L, row->payload) : sl_json_type_name(sl_json_type(row->root));
	if (row->payload != 0 && lua_istable(row->L, row->payload))
		got = "array";
	sl_fail(err, SL_SINK, 0, "expected an object, got %s", got);
	return blame_row(c, row, err);
}

static bool is_object(const struct sl_taken *row)
{
	if (row->payload == 0)
		return sl_json_type(row->root) == SL_JSON_OBJECT;
	return lua_istable(row->L, row->payload) && lua_rawlen(row->L, row->payload) == 0;
}

int sl_cells_read(struct sl_cells *c, const struct sl_taken *row, struct sl_error *err)
{
	sl_buffer_consume(&c->room.bytes, sl_buffer_len(&c->room.bytes));
	for (size_t i = 0; i < c->width; i++) {
		c->cells[i].type = SL_CELL_NULL;
		c->cells[i].in_room = false;
	}
	if (!is_object(row))
		return refuse_shape(c, row, err);
	int rc = row->payload != 0 ? read_payload(c, row, err) : read_document(c, row, err);
	place_texts(c);
	return rc;
}

/* ---- making them ---- */

static void read_limits(lua_State *L, struct sl_column *out) /* [..., column] */
{
	static const struct {
		const char *name;
		enum sl_column_limit limit;
	} limits[] = { { "double", SL_LIMIT_DOUBLE },   { "int64", SL_LIMIT_INT64 },   { "nul", SL_LIMIT_NUL },
		       { "instant", SL_LIMIT_INSTANT }, { "utc", SL_LIMIT_UTC }, { "digits", SL_LIMIT_DIGITS },
		       { "native", SL_LIMIT_NATIVE }, { "array", SL_LIMIT_ARRAY } };
	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		if (sl_option_boolean(L, lua_gettop(L), limits[i].name))
			out->limits |= limits[i].limit;
}

static void read_column(lua_State *L, struct sl_cells *c, size_t i) /* [..., column] */
{
	int at = lua_gettop(L);
	luaL_checktype(L, at, LUA_TTABLE);
	struct sl_column *out = &c->columns[i];
	lua_getfield(L, at, "type");
	*out = (struct sl_column){ .type = (enum sl_column_type)luaL_checkoption(L, -1, "any", sl_column_types) };
	lua_pop(L, 1);
	out->name = sl_option_text(L, at, "name");
	luaL_argcheck(L, out->name.bytes != NULL, 1, "columns: expected a name for each");
	out->null = sl_option_boolean(L, at, "null");
	out->optional = sl_option_boolean(L, at, "optional");
	out->characters = (uint32_t)sl_option_integer(L, at, "characters", 0, UINT32_MAX);
	out->precision = (uint32_t)sl_option_integer(L, at, "precision", 0, UINT32_MAX);
	out->scale = (uint32_t)sl_option_integer(L, at, "scale", 0, UINT32_MAX);
	out->fraction = (uint32_t)sl_option_integer(L, at, "fraction", 0, UINT32_MAX);
	c->is_key[i] = sl_option_boolean(L, at, "key");
	c->guess[i] = i;
	read_limits(L, out);
}

static size_t room_for(size_t width)
{
	return width * (sizeof(struct sl_column) + sizeof(struct sl_cell) + sizeof(struct sl_json_value) +
	                sizeof(size_t) + 1);
}

static void divide(struct sl_cells *c, char *room, size_t width)
{
	c->width = width;
	c->columns = (struct sl_column *)(void *)room;
	c->cells = (struct sl_cell *)(void *)(c->columns + width);
	c->came = (struct sl_json_value *)(void *)(c->cells + width);
	c->guess = (size_t *)(void *)(c->came + width);
	c->is_key = (unsigned char *)(c->guess + width);
}

struct sl_cells *sl_cells_push(lua_State *L, int options, size_t size, int values)
{
	luaL_checktype(L, options, LUA_TTABLE);
	luaL_argcheck(L, lua_getfield(L, options, "columns") == LUA_TTABLE && lua_rawlen(L, -1) > 0, options,
	              "columns: expected a list");
	int list = lua_gettop(L);
	size_t width = lua_rawlen(L, list);
	size = (size + 15) / 16 * 16;
	struct sl_cells *c = lua_newuserdatauv(L, size + room_for(width), values);
	memset(c, 0, size + room_for(width));
	divide(c, (char *)c + size, width);
	for (size_t i = 0; i < width; i++) {
		lua_rawgeti(L, list, (lua_Integer)i + 1);
		read_column(L, c, i);
		lua_pop(L, 1);
	}
	c->url = sl_option_text(L, options, "url");
	c->table = sl_option_text(L, options, "table");
	c->is_closed = sl_option_boolean(L, options, "closed");
	lua_pushvalue(L, options);
	lua_setiuservalue(L, -2, 1);
	lua_replace(L, list);
	if (sl_cell_room_init(&c->room) != 0)
		luaL_error(L, "not enough memory for cells");
	return c;
}

void sl_cells_clear(struct sl_cells *c)
{
	sl_cell_room_clear(&c->room);
}
