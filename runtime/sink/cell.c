/* cell.c - see cell.h */
#include "sink/cell.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "base/utf8.h"
#include "json/decimal.h"
#include "lua/decimal.h"
#include "lua/same.h"
#include "lua/value.h"

const char *const sl_column_types[] = { "text", "integer", "number", "boolean", "json", "decimal", "any", NULL };

static const char *const expected[] = {
	[SL_COLUMN_TEXT] = "a string",   [SL_COLUMN_INTEGER] = "an integer",     [SL_COLUMN_NUMBER] = "a number",
	[SL_COLUMN_BOOLEAN] = "a boolean", [SL_COLUMN_JSON] = "a JSON value",   [SL_COLUMN_DECIMAL] = "a number",
	[SL_COLUMN_ANY] = "a value",
};

/* ---- what is refused ---- */

static int refuse(struct sl_error *err, const char *why)
{
	return sl_fail(err, SL_SINK, 0, "%s", why);
}

/* shown: the value's text. */
static int refuse_shown(struct sl_error *err, const char *what, struct sl_text shown)
{
	char quoted[80];
	return sl_fail(err, SL_SINK, 0, "%s, got %s", what, sl_quote(quoted, sizeof quoted, shown.bytes, shown.len));
}

static int refuse_type(struct sl_error *err, const struct sl_column *c, struct sl_text shown)
{
	char what[40];
	snprintf(what, sizeof what, "expected %s", expected[c->type]);
	return refuse_shown(err, what, shown);
}

/* ---- limits ---- */

/* Can a double represent this integer exactly? */
static bool is_double(int64_t i)
{
	double d = (double)i;
	return d < 0x1p63 && (int64_t)d == i;
}

static int check_number(const struct sl_cell *cell, const struct sl_column *c, struct sl_error *err)
{
	char room[SL_CELL_ROOM];
	if ((c->limits & SL_LIMIT_INT64) && cell->type != SL_CELL_INTEGER)
		return refuse_shown(err, "expected a 64-bit integer", sl_cell_text(cell, room));
	if ((c->limits & SL_LIMIT_NATIVE) && cell->type == SL_CELL_DIGITS)
		return refuse_shown(err, "expected a number that a 64-bit integer or a double can represent",
		                    sl_cell_text(cell, room));
	if (!(c->limits & SL_LIMIT_DOUBLE))
		return 0;
	if (cell->type == SL_CELL_DIGITS || (cell->type == SL_CELL_INTEGER && !is_double(cell->integer)))
		return refuse_shown(err, "expected a number that a double can represent", sl_cell_text(cell, room));
	return 0;
}

static size_t count_characters(struct sl_text t)
{
	size_t n = 0;
	for (size_t i = 0; i < t.len; i++)
		n += ((unsigned char)t.bytes[i] & 0xC0) != 0x80;
	return n;
}

/* What follows the seconds in "…12:34:56.789+01:00"; NULL: there are no seconds. */
static const char *behind_seconds(struct sl_text t)
{
	const char *colon = t.len > 0 ? memchr(t.bytes, ':', t.len) : NULL, *end = t.bytes + t.len;
	return colon != NULL && end - colon >= 6 && colon[3] == ':' ? colon + 6 : NULL;
}

static int check_instant(struct sl_text t, const struct sl_column *c, struct sl_error *err)
{
	char what[80];
	const char *p = behind_seconds(t), *end = t.bytes + t.len;
	if (p == NULL)
		return 0;
	if (memcmp(p - 2, "60", 2) == 0)
		return refuse_shown(err, "expected a time without a leap second", t);
	if (p < end && *p == '.')
		p++;
	for (uint32_t i = 0; p < end && *p >= '0' && *p <= '9'; p++, i++)
		if (i >= c->fraction && *p != '0') {
			snprintf(what, sizeof what, "expected at most %" PRIu32 " digits in the fraction of a second",
			         c->fraction);
			return refuse_shown(err, what, t);
		}
	if ((c->limits & SL_LIMIT_UTC) && p < end && *p != 'Z' && *p != 'z')
		return refuse_shown(err, "expected a time in UTC", t);
	return 0;
}

static int check_text(struct sl_text t, const struct sl_column *c, struct sl_error *err)
{
	if ((c->limits & SL_LIMIT_NUL) && t.len > 0 && memchr(t.bytes, '\0', t.len) != NULL)
		return refuse(err, "the character U+0000 cannot be stored there");
	if (c->characters > 0 && t.len > c->characters && count_characters(t) > c->characters)
		return sl_fail(err, SL_SINK, 0, "a string of %zu characters, over the column's limit of %" PRIu32,
		               count_characters(t), c->characters);
	return (c->limits & SL_LIMIT_INSTANT) ? check_instant(t, c, err) : 0;
}

int sl_cell_check(const struct sl_cell *cell, const struct sl_column *c, struct sl_error *err)
{
	switch (cell->type) {
	case SL_CELL_INTEGER:
	case SL_CELL_NUMBER:
	case SL_CELL_DIGITS:
		return check_number(cell, c, err);
	case SL_CELL_TEXT:
	case SL_CELL_JSON:
		return check_text(cell->text, c, err);
	default:
		return 0;
	}
}

/* ---- numbers ---- */

static int cell_integer(struct sl_cell *out, int64_t value)
{
	out->type = SL_CELL_INTEGER;
	out->integer = value;
	return 0;
}

static int check_decimal(struct sl_digits d, const struct sl_column *c, struct sl_text t, struct sl_error *err)
{
	char what[80];
	int64_t scale = (int64_t)d.count - d.point, before = d.count == 0 ? 0 : d.point;
	if (c->precision == 0 || (scale <= (int64_t)c->scale && before <= (int64_t)c->precision - (int64_t)c->scale))
		return 0;
	snprintf(what, sizeof what, "expected at most %" PRIu32 " digits, %" PRIu32 " of them after the decimal point",
	         c->precision, c->scale);
	return refuse_shown(err, what, t);
}

static bool is_written_whole(struct sl_text t)
{
	size_t i = 0;
	while (i < t.len && t.bytes[i] != '.' && t.bytes[i] != 'e' && t.bytes[i] != 'E')
		i++;
	return i == t.len;
}

/* Can no double stand for it? A number written with a point or an exponent may become the
 * nearest double, unless that is infinite, or 0 for a number that is not. */
static bool is_no_double(struct sl_text t, double nearest)
{
	if (isinf(nearest) || (nearest == 0 && sl_digits_of(t).count > 0))
		return true;
	return is_written_whole(t) && sl_decimal_compare_double(t, nearest) != 0;
}

/* A number with its own text; nearest: the nearest double. */
static int cell_of_digits(struct sl_cell *out, const struct sl_column *c, struct sl_text t, double nearest,
                          struct sl_error *err)
{
	struct sl_digits d = sl_digits_of(t);
	int64_t integer;
	if (c->type == SL_COLUMN_INTEGER && !sl_digits_are_whole(&d))
		return refuse_type(err, c, t);
	if (c->type == SL_COLUMN_INTEGER && sl_digits_integer(&d, &integer))
		return cell_integer(out, integer);
	out->type = c->type == SL_COLUMN_INTEGER || is_no_double(t, nearest) ? SL_CELL_DIGITS : SL_CELL_NUMBER;
	out->number = nearest;
	out->text = t;
	return c->type == SL_COLUMN_DECIMAL ? check_decimal(d, c, t, err) : 0;
}

static bool takes_numbers(const struct sl_column *c)
{
	return c->type == SL_COLUMN_INTEGER || c->type == SL_COLUMN_NUMBER || c->type == SL_COLUMN_DECIMAL ||
	       c->type == SL_COLUMN_ANY;
}

static int cell_of_integer(struct sl_cell *out, const struct sl_column *c, int64_t value, struct sl_error *err)
{
	char room[SL_CELL_ROOM];
	cell_integer(out, value);
	return c->type == SL_COLUMN_DECIMAL ? check_decimal(sl_digits_of(sl_cell_text(out, room)), c, sl_cell_text(out, room), err)
	                                    : 0;
}

/* ---- texts ---- */

/* Surrogates are three bytes that are not valid UTF-8: ED, then A0 to BF. */
static bool has_surrogate(struct sl_text t)
{
	const char *p = t.bytes, *end = t.bytes + t.len;
	for (; p < end && (p = memchr(p, 0xed, (size_t)(end - p))) != NULL; p++)
		if (p + 1 < end && (unsigned char)p[1] >= 0xa0)
			return true;
	return false;
}

static int cell_of_text(struct sl_cell *out, struct sl_text t, bool is_unicode, struct sl_error *err)
{
	if (!is_unicode && has_surrogate(t))
		return refuse(err, "not valid Unicode: lone surrogate");
	out->type = SL_CELL_TEXT;
	out->text = t;
	return 0;
}

static struct sl_text in_room(const struct sl_cell_room *room, size_t from)
{
	return (struct sl_text){ sl_buffer_data(&room->bytes) + from, sl_buffer_len(&room->bytes) - from };
}

static int no_memory(struct sl_error *err)
{
	return refuse(err, "no memory for a cell");
}

/* The text in the room from this offset on. */
static int cell_of_room(struct sl_cell *out, const struct sl_cell_room *room, size_t from)
{
	out->type = SL_CELL_JSON;
	out->text = in_room(room, from);
	out->offset = from;
	out->in_room = true;
	return 0;
}

static int cell_of_json(struct sl_cell *out, struct sl_json_value v, struct sl_cell_room *room, struct sl_error *err)
{
	size_t len, from = sl_buffer_len(&room->bytes);
	const char *text = sl_json_own_text(v, &len);
	if (sl_json_append_compact(&room->bytes, text, len) != 0)
		return no_memory(err);
	return cell_of_room(out, room, from);
}

static struct sl_text own_text(struct sl_json_value v)
{
	struct sl_text t;
	t.bytes = sl_json_own_text(v, &t.len);
	return t;
}

/* ---- arrays as PostgreSQL writes them: {"a\"b",NULL,1.50,true} ---- */

static int put(struct sl_cell_room *room, const char *bytes, size_t len, struct sl_error *err)
{
	return sl_buffer_append(&room->bytes, bytes, len) == 0 ? 0 : no_memory(err);
}

static int put_quoted(struct sl_cell_room *room, struct sl_text t, struct sl_error *err)
{
	if (put(room, "\"", 1, err) != 0)
		return -1;
	for (size_t i = 0; i < t.len; i++)
		if (((t.bytes[i] == '"' || t.bytes[i] == '\\') && put(room, "\\", 1, err) != 0) ||
		    put(room, &t.bytes[i], 1, err) != 0)
			return -1;
	return put(room, "\"", 1, err);
}

/* A number in an array must be within the column's limits. */
static int put_number(struct sl_cell_room *room, const struct sl_column *c, struct sl_json_value v, struct sl_error *err)
{
	struct sl_text t = own_text(v);
	enum sl_json_type type = sl_json_type(v);
	struct sl_cell cell = { .type = type == SL_JSON_DECIMAL ? SL_CELL_DIGITS : SL_CELL_NUMBER, .text = t };
	if (type == SL_JSON_INTEGER)
		cell = (struct sl_cell){ .type = SL_CELL_INTEGER, .integer = sl_json_integer(v) };
	return check_number(&cell, c, err) != 0 ? -1 : put(room, t.bytes, t.len, err);
}

static int put_element(struct sl_cell_room *room, const struct sl_column *c, struct sl_json_value v, struct sl_error *err)
{
	struct sl_cell cell;
	struct sl_text t;
	switch (sl_json_type(v)) {
	case SL_JSON_NULL:
		return put(room, "NULL", 4, err);
	case SL_JSON_BOOLEAN:
		return sl_json_boolean(v) ? put(room, "true", 4, err) : put(room, "false", 5, err);
	case SL_JSON_STRING:
		t.bytes = sl_json_string(v, &t.len);
		if (cell_of_text(&cell, t, sl_json_is_unicode(v), err) != 0 || check_text(t, c, err) != 0)
			return -1;
		return put_quoted(room, t, err);
	case SL_JSON_INTEGER:
	case SL_JSON_FLOAT:
	case SL_JSON_DECIMAL:
		return put_number(room, c, v, err);
	default:
		return refuse_shown(err, "expected an array of scalars", own_text(v));
	}
}

static int cell_of_array(struct sl_cell *out, const struct sl_column *c, struct sl_json_value v,
                         struct sl_cell_room *room, struct sl_error *err)
{
	size_t from = sl_buffer_len(&room->bytes), n = 0;
	struct sl_json_value element;
	if (sl_json_type(v) != SL_JSON_ARRAY)
		return refuse_shown(err, "expected an array", own_text(v));
	if (put(room, "{", 1, err) != 0)
		return -1;
	for (struct sl_json_iter it = sl_json_children(v); sl_json_next(&it, NULL, NULL, &element); n++)
		if ((n > 0 && put(room, ",", 1, err) != 0) || put_element(room, c, element, err) != 0)
			return -1;
	return put(room, "}", 1, err) != 0 ? -1 : cell_of_room(out, room, from);
}

/* The value that Lua has made is JSON text at the end of the room. */
static int array_of_room(struct sl_cell *out, const struct sl_column *c, struct sl_cell_room *room, size_t from,
                         struct sl_error *err)
{
	struct sl_text t = in_room(room, from);
	if (room->json == NULL)
		room->json = sl_json_new();
	if (room->json == NULL || sl_json_parse_copy(room->json, t.bytes, t.len, NULL) != 0)
		return no_memory(err);
	return cell_of_array(out, c, sl_json_root(room->json), room, err);
}

/* ---- from a document ---- */

static int cell_of_number(struct sl_cell *out, const struct sl_column *c, struct sl_json_value v, struct sl_error *err)
{
	enum sl_json_type type = sl_json_type(v);
	if (!takes_numbers(c))
		return refuse_type(err, c, own_text(v));
	if (type == SL_JSON_INTEGER && !(sl_json_integer(v) == 0 && own_text(v).len > 1))
		return cell_of_integer(out, c, sl_json_integer(v), err);
	return cell_of_digits(out, c, own_text(v), type == SL_JSON_INTEGER ? -0.0 : sl_json_float(v), err); /* -0 */
}

static int cell_of_value(struct sl_cell *out, const struct sl_column *c, struct sl_json_value v,
                         struct sl_cell_room *room, struct sl_error *err)
{
	struct sl_text t;
	switch (sl_json_type(v)) {
	case SL_JSON_INTEGER:
	case SL_JSON_FLOAT:
	case SL_JSON_DECIMAL:
		return cell_of_number(out, c, v, err);
	case SL_JSON_STRING:
		t.bytes = sl_json_string(v, &t.len);
		return c->type == SL_COLUMN_TEXT || c->type == SL_COLUMN_ANY ? cell_of_text(out, t, sl_json_is_unicode(v), err)
		                                                              : refuse_type(err, c, own_text(v));
	case SL_JSON_BOOLEAN:
		out->type = SL_CELL_BOOLEAN;
		out->integer = sl_json_boolean(v);
		return c->type == SL_COLUMN_BOOLEAN || c->type == SL_COLUMN_ANY ? 0 : refuse_type(err, c, own_text(v));
	default:
		return c->type == SL_COLUMN_ANY ? cell_of_json(out, v, room, err) : refuse_type(err, c, own_text(v));
	}
}

int sl_cell_from_document(struct sl_cell *out, const struct sl_column *c, struct sl_json_value v,
                          struct sl_cell_room *room, struct sl_error *err)
{
	out->in_room = false;
	if (c->type == SL_COLUMN_JSON && (c->limits & SL_LIMIT_ARRAY))
		return cell_of_array(out, c, v, room, err);
	if (c->type == SL_COLUMN_JSON)
		return cell_of_json(out, v, room, err);
	if (cell_of_value(out, c, v, room, err) != 0)
		return -1;
	return c->limits + c->characters != 0 ? sl_cell_check(out, c, err) : 0;
}

/* ---- from Lua ---- */

/* Appends the value at index to the room as JSON text. */
static int encode(lua_State *L, int index, struct sl_cell_room *room, struct sl_error *err)
{
	if (sl_value_encode(L, index, room->writer, &room->bytes, err) == 0)
		return 0;
	err->kind = SL_SINK;
	return -1;
}

static int refuse_lua(lua_State *L, int index, const struct sl_column *c, struct sl_cell_room *room, struct sl_error *err)
{
	SL_ERROR(ignored);
	size_t from = sl_buffer_len(&room->bytes);
	if (encode(L, index, room, &ignored) == 0)
		return refuse_type(err, c, in_room(room, from));
	return refuse_type(err, c, sl_text_of(luaL_typename(L, index)));
}

static int cell_of_double(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                          struct sl_cell_room *room, struct sl_error *err)
{
	char digits[SL_CELL_ROOM];
	double d = lua_tonumber(L, index);
	*out = (struct sl_cell){ .type = SL_CELL_NUMBER, .number = d };
	if (!takes_numbers(c))
		return refuse_lua(L, index, c, room, err);
	if (!isfinite(d))
		return refuse(err, isnan(d) ? "NaN is not a number that a column can hold"
		                            : "an infinity is not a number that a column can hold");
	struct sl_text t = sl_cell_text(out, digits);
	if (cell_of_digits(out, c, t, d, err) != 0)
		return -1;
	if (out->type == SL_CELL_DIGITS)
		return refuse_type(err, c, t); /* a whole number beyond 64 bits */
	out->text.bytes = NULL; /* it was in `digits` */
	return 0;
}

static int cell_of_string(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                          struct sl_cell_room *room, struct sl_error *err)
{
	struct sl_text t;
	t.bytes = lua_tolstring(L, index, &t.len);
	if (c->type != SL_COLUMN_TEXT && c->type != SL_COLUMN_ANY)
		return refuse_lua(L, index, c, room, err);
	if (!sl_utf8_valid(t.bytes, t.len) && !has_surrogate(t))
		return refuse(err, "not UTF-8 text");
	return cell_of_text(out, t, false, err);
}

static int cell_of_decimal(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                           struct sl_cell_room *room, struct sl_error *err)
{
	struct sl_text t = sl_decimal_test(L, index);
	if (t.bytes == NULL || !takes_numbers(c))
		return refuse_lua(L, index, c, room, err);
	return cell_of_digits(out, c, t, sl_decimal_nearest(t), err);
}

static int cell_of_lua(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                       struct sl_cell_room *room, struct sl_error *err)
{
	switch (lua_type(L, index)) {
	case LUA_TNUMBER:
		if (!lua_isinteger(L, index))
			return cell_of_double(L, index, out, c, room, err);
		if (!takes_numbers(c))
			return refuse_lua(L, index, c, room, err);
		return cell_of_integer(out, c, lua_tointeger(L, index), err);
	case LUA_TSTRING:
		return cell_of_string(L, index, out, c, room, err);
	case LUA_TBOOLEAN:
		out->type = SL_CELL_BOOLEAN;
		out->integer = lua_toboolean(L, index);
		return c->type == SL_COLUMN_BOOLEAN || c->type == SL_COLUMN_ANY ? 0 : refuse_lua(L, index, c, room, err);
	case LUA_TUSERDATA:
		return cell_of_decimal(L, index, out, c, room, err);
	default:
		return refuse_lua(L, index, c, room, err);
	}
}

int sl_cell_from_lua(lua_State *L, int index, struct sl_cell *out, const struct sl_column *c,
                     const struct sl_json_value *own, struct sl_cell_room *room, struct sl_error *err)
{
	size_t from = sl_buffer_len(&room->bytes);
	bool as_text = c->type == SL_COLUMN_JSON || (c->type == SL_COLUMN_ANY && lua_type(L, index) == LUA_TTABLE);
	if (own != NULL && sl_value_is(L, index, *own))
		return sl_cell_from_document(out, c, *own, room, err);
	out->in_room = false;
	if (as_text && encode(L, index, room, err) != 0)
		return -1;
	if (as_text)
		return c->limits & SL_LIMIT_ARRAY ? array_of_room(out, c, room, from, err) : cell_of_room(out, room, from);
	if (cell_of_lua(L, index, out, c, room, err) != 0)
		return -1;
	return c->limits + c->characters != 0 ? sl_cell_check(out, c, err) : 0;
}

/* ---- texts of cells ---- */

static struct sl_text print_integer(int64_t value, char room[SL_CELL_ROOM])
{
	size_t at = SL_CELL_ROOM;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	do
		room[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		room[--at] = '-';
	return (struct sl_text){ room + at, SL_CELL_ROOM - at };
}

struct sl_text sl_cell_text(const struct sl_cell *cell, char room[SL_CELL_ROOM])
{
	switch (cell->type) {
	case SL_CELL_BOOLEAN:
		return cell->integer ? (struct sl_text){ "true", 4 } : (struct sl_text){ "false", 5 };
	case SL_CELL_INTEGER:
		return print_integer(cell->integer, room);
	case SL_CELL_NUMBER:
		if (cell->text.bytes == NULL)
			return (struct sl_text){ room, sl_json_print_float(cell->number, room) };
		return cell->text;
	default:
		return cell->text;
	}
}

/* ---- the room ---- */

int sl_cell_room_init(struct sl_cell_room *room)
{
	room->writer = sl_json_writer_new();
	return room->writer != NULL ? 0 : -1;
}

void sl_cell_room_clear(struct sl_cell_room *room)
{
	sl_json_writer_free(room->writer);
	sl_json_free(room->json);
	room->writer = NULL;
	room->json = NULL;
	sl_buffer_clear(&room->bytes);
}
