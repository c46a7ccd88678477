/* csv.c - see csv.h */
#include "sink/csv.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/class.h"
#include "lua/error.h"
#include "lua/options.h"
#include "sink/cells.h"
#include "sink/extract.h"
#include "sink/writer.h"

/* User values: what keeps borrowed pointers alive; the options are the cells'. */
enum { OPTIONS = 1, WRITER, VALUES = WRITER };

enum { PLAIN = 0, SPECIAL = 1, NOT_TEXT = 2 };

struct sl_csv { /* a userdata */
	struct sl_cells cells; /* the first */
	struct sl_writer *writer;
	struct sl_buffer line;
	struct sl_text delimiter, null, eol;
	unsigned char class[256];
};

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_SINK, 0, "no memory for a line of CSV");
}

static int refuse(const struct sl_csv *csv, struct sl_error *err, size_t column, const char *why)
{
	char quoted[100];
	struct sl_text name = csv->cells.columns[column].name;
	sl_fail(err, SL_SINK, 0, "column %s: %s", sl_quote(quoted, sizeof quoted, name.bytes, name.len), why);
	return sl_error_text(err, SL_D_COLUMN, name.bytes, name.len);
}

/* ---- fields ---- */

static int put(struct sl_csv *csv, struct sl_error *err, const char *bytes, size_t len)
{
	return sl_buffer_append(&csv->line, bytes, len) == 0 ? 0 : no_memory(err);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Readers remove a byte order mark even if it is not at the start of the file. */
static bool has_mark(struct sl_text t)
{
	return t.len >= 3 && memcmp(t.bytes, "\xEF\xBB\xBF", 3) == 0;
}

static bool is_at_risk(struct sl_text t)
{
	return t.len > 0 && (is_space(t.bytes[0]) || is_space(t.bytes[t.len - 1]) || has_mark(t));
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

/* column: the one that an error names. */
static int put_text(struct sl_csv *csv, struct sl_error *err, size_t column, struct sl_text t)
{
	int class = classify(csv, t.bytes, t.len);
	if (class & NOT_TEXT)
		return refuse(csv, err, column, "the character U+0000 cannot be stored there");
	if ((class & SPECIAL) || sl_text_equal(csv->null, t) || is_at_risk(t))
		return put_quoted(csv, err, t.bytes, t.len);
	return put(csv, err, t.bytes, t.len);
}

static int put_cell(struct sl_csv *csv, struct sl_error *err, size_t column)
{
	const struct sl_cell *cell = &csv->cells.cells[column];
	char room[SL_CELL_ROOM];
	if (cell->type == SL_CELL_NULL)
		return put(csv, err, csv->null.bytes, csv->null.len);
	return put_text(csv, err, column, sl_cell_text(cell, room)); /* even a number may contain the delimiter */
}

/* Most readers would skip a line with one empty field. */
static int end_line(struct sl_csv *csv, struct sl_error *err)
{
	if (sl_buffer_len(&csv->line) == 0 && put(csv, err, "\"\"", 2) != 0)
		return -1;
	return put(csv, err, csv->eol.bytes, csv->eol.len) != 0 ||
	       sl_writer_text(csv->writer, sl_buffer_data(&csv->line), sl_buffer_len(&csv->line), err) != 0
	       ? -1 : 0;
}

/* ---- methods ---- */

static void begin_line(struct sl_csv *csv)
{
	sl_buffer_consume(&csv->line, sl_buffer_len(&csv->line));
}

/* Some readers also skip a line of blanks. */
static int is_blank(struct sl_text t)
{
	return strspn(t.bytes, " \t") == t.len;
}

static int put_cells(struct sl_csv *csv, struct sl_error *err)
{
	begin_line(csv);
	if (csv->cells.width == 1 && csv->cells.cells[0].type == SL_CELL_NULL && is_blank(csv->null))
		return refuse(csv, err, 0, "null would be an empty line, which readers skip: give null = TEXT");
	for (size_t i = 0; i < csv->cells.width; i++)
		if ((i > 0 && put(csv, err, csv->delimiter.bytes, 1) != 0) ||
		    put_cell(csv, err, i) != 0)
			return -1;
	return end_line(csv, err);
}

/* Write the cells, which hold this row. */
static enum sl_took put_line(struct sl_csv *csv, const struct sl_taken *row, struct sl_error *err)
{
	if (put_cells(csv, err) == 0)
		return SL_TOOK;
	sl_cells_blame(&csv->cells, &row->from, NULL, NULL, err);
	return SL_TAKE_FAILED;
}

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_csv *csv = self;
	if (sl_cells_read(&csv->cells, row, err) != 0)
		return SL_TAKE_FAILED;
	return put_line(csv, row, err);
}

static enum sl_took take_bound(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_bound *b = self;
	struct sl_csv *csv = b->taker;
	if (!sl_extract_read(b->extract, row->root, csv->cells.cells))
		return SL_DECLINED; /* the slow path reports why */
	return put_line(csv, row, err);
}

static void *bind_schema(lua_State *L, void *self, const struct sl_schema *schema)
{
	struct sl_csv *csv = self;
	return sl_bound_push(L, csv, schema, csv->cells.columns, csv->cells.width);
}

static int csv_header(lua_State *L) /* [csv] */
{
	SL_ERROR(err);
	int rc = 0;
	struct sl_csv *csv = luaL_checkudata(L, 1, SL_CSV);
	begin_line(csv);
	for (size_t i = 0; i < csv->cells.width && rc == 0; i++) {
		rc = i > 0 ? put(csv, &err, csv->delimiter.bytes, 1) : 0;
		if (rc == 0)
			rc = put_text(csv, &err, i, csv->cells.columns[i].name);
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
	sl_cells_clear(&csv->cells);
	return 0;
}

/* ---- making one ---- */

static void fill_classes(struct sl_csv *csv)
{
	memset(csv->class, PLAIN, sizeof csv->class);
	csv->class['"'] = csv->class['\n'] = csv->class['\r'] = SPECIAL;
	csv->class[(unsigned char)csv->delimiter.bytes[0]] = SPECIAL;
	csv->class[0] = NOT_TEXT;
}

/* In CSV every cell may be null, and numbers are needed as their text. */
static void set_limits(struct sl_csv *csv)
{
	for (size_t i = 0; i < csv->cells.width; i++) {
		csv->cells.columns[i].null = true;
		csv->cells.columns[i].limits |= SL_LIMIT_DIGITS;
	}
}

int sl_csv_new(lua_State *L) /* [writer, options] */
{
	struct sl_writer *writer = sl_writer_test(L, 1);
	if (writer == NULL)
		return luaL_typeerror(L, 1, SL_WRITER);
	lua_settop(L, 2);
	struct sl_csv *csv = (struct sl_csv *)sl_cells_push(L, 2, sizeof *csv, VALUES);
	luaL_setmetatable(L, SL_CSV);
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, 3, WRITER);
	csv->writer = writer;
	csv->cells.is_closed = true;
	csv->delimiter = sl_option_text(L, 2, "delimiter");
	csv->null = sl_option_text(L, 2, "null");
	csv->eol = sl_option_text(L, 2, "eol");
	luaL_argcheck(L, csv->delimiter.len == 1 && csv->null.bytes != NULL && csv->eol.len > 0, 2,
	              "expected delimiter (one byte), null and eol");
	set_limits(csv);
	fill_classes(csv);
	return 1;
}

void sl_csv_open(lua_State *L, const struct sl_sinks *s)
{
	static const struct sl_taker_type type = { .reads_document = true, .take = take, .bind = bind_schema,
		                                   .take_bound = take_bound };
	static const luaL_Reg methods[] = { { "header", csv_header }, { NULL, NULL } };
	sl_class_push(L, SL_CSV, methods, csv_gc, NULL);
	sl_taker_open(L, &type, s);
}
