/* copy.c - see copy.h */
#include "sink/copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "json/words.h"
#include "lua/class.h"
#include "lua/error.h"
#include "lua/options.h"
#include "sink/cells.h"
#include "sink/extract.h"

#define COPY "sluice.core.Copy"
#define BATCH_BYTES (512u * 1024)
#define BATCH_ROWS 16384
#define PUSH_ROWS 64           /* rows between two checks if the connection takes more */
#define PIECE_BYTES (32u * 1024) /* small, because libpq moves what it cannot send to the front each time */

#define lib sl_libpq

struct mark { /* the origin of a row in a batch */
	uint64_t sequence, line;
	uint32_t stream, file; /* among the names; file 0: none */
};

struct name {
	char *text; /* terminated */
	size_t len;
};

struct batch {
	struct sl_buffer text;
	struct mark *marks;
	size_t count;
	size_t given;  /* bytes given to libpq */
	bool is_whole; /* its end was also given */
};

struct copy { /* a userdata; user value 2: the connection, 3: the command */
	struct sl_cells cells; /* the first */
	struct sl_pq *pq;
	const char *command; /* begins a COPY, or inserts a row */
	struct sl_text relation; /* the table's name in the server's messages */
	bool inserts, is_prepared;
	struct batch batches[2]; /* the one being filled, and the one in flight */
	struct name *names;      /* of streams and files, from 1 */
	size_t name_count;
	uint64_t rows;
	struct sl_error failure; /* the first: everything later fails with it */
};

/* ---- where rows are from ---- */

static bool is_name(const struct copy *c, size_t n, const char *text, size_t len)
{
	const struct name *name = &c->names[n - 1];
	return name->len == len && memcmp(name->text, text, len) == 0;
}

/* 0: no memory, or no name. */
static uint32_t name(struct copy *c, const char *text, size_t len)
{
	for (size_t n = c->name_count; n > 0; n--)
		if (is_name(c, n, text, len))
			return (uint32_t)n;
	struct name *names = realloc(c->names, (c->name_count + 1) * sizeof *names);
	if (names == NULL)
		return 0;
	c->names = names;
	names[c->name_count] = (struct name){ strndup(text, len), len };
	return names[c->name_count].text != NULL ? (uint32_t)++c->name_count : 0;
}

static void mark(struct copy *c, const struct sl_taken_from *from)
{
	struct batch *b = &c->batches[0];
	b->marks[b->count++] = (struct mark){
		.sequence = from->sequence,
		.line = from->line,
		.stream = name(c, from->stream.bytes, from->stream.len),
		.file = from->file != NULL ? name(c, from->file, strlen(from->file)) : 0,
	};
}

static struct sl_taken_from origin(const struct copy *c, const struct mark *m)
{
	return (struct sl_taken_from){
		.stream = sl_text_of(m->stream != 0 ? c->names[m->stream - 1].text : ""),
		.sequence = m->sequence,
		.line = m->line,
		.file = m->file != 0 ? c->names[m->file - 1].text : NULL,
	};
}

/* ---- a row as a line ---- */

/* The letter after the backslash; 0: the byte needs no escape. */
static const char escapes[256] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\v'] = 'v', ['\f'] = 'f',
	                           ['\r'] = 'r', ['\\'] = '\\' };

static char *put_bytes(char *to, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i], escape = escapes[(unsigned char)c];
		if (escape != 0) {
			*to++ = '\\';
			c = escape;
		}
		*to++ = c;
	}
	return to;
}

/* Is one of its bytes a control character or a backslash? (A carry may give a false positive.) */
static bool may_need_escape(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t slashes = word ^ (ones * '\\');
	return (((word - ones * 0x20) & ~word) | ((slashes - ones) & ~slashes)) & high;
}

/* `to` must have room for twice the length of t. */
static char *put_text(char *to, struct sl_text t)
{
	const char *p = t.bytes, *end = p + t.len;
	for (; (size_t)(end - p) >= SL_WORD; p += SL_WORD) {
		uint64_t word = sl_word(p);
		if (may_need_escape(word)) {
			to = put_bytes(to, p, SL_WORD);
		} else {
			memcpy(to, &word, SL_WORD);
			to += SL_WORD;
		}
	}
	return put_bytes(to, p, (size_t)(end - p));
}

static char *put_cell(char *to, const struct sl_cell *cell)
{
	char room[SL_CELL_ROOM];
	if (cell->type == SL_CELL_NULL) {
		memcpy(to, "\\N", 2);
		return to + 2;
	}
	return put_text(to, sl_cell_text(cell, room));
}

static size_t room_for(const struct sl_cell *cell)
{
	bool has_text = cell->type >= SL_CELL_NUMBER && (cell->type != SL_CELL_NUMBER || cell->text.bytes != NULL);
	return (has_text ? 2 * cell->text.len : 0) + SL_CELL_ROOM + 1;
}

static int put_line(struct copy *c, struct sl_error *err)
{
	size_t size = 0;
	for (size_t i = 0; i < c->cells.width; i++)
		size += room_for(&c->cells.cells[i]);
	struct sl_buffer *text = &c->batches[0].text;
	char *start = sl_buffer_room(text, size), *to = start;
	if (start == NULL)
		return sl_fail(err, SL_SINK, ENOMEM, "no memory for a row");
	for (size_t i = 0; i < c->cells.width; i++) {
		to = put_cell(to, &c->cells.cells[i]);
		*to++ = '\t';
	}
	to[-1] = '\n';
	sl_buffer_added(text, (size_t)(to - start));
	return 0;
}

/* ---- errors, and the row that they are about ---- */

/* The line in "COPY decl, line 3, column line: "x"", in the server's language: the first number
 * after the table's name; 0: there is none. Moves *at past it. */
static size_t line_of(const struct copy *c, const char **at)
{
	const char *context = *at;
	size_t table = c->relation.len;
	while (context != NULL && strncmp(context, "COPY ", 5) != 0) { /* outer contexts come last */
		const char *end = strchr(context, '\n');
		context = end != NULL ? end + 1 : NULL;
	}
	if (context == NULL || strlen(context) < 5 + table)
		return 0;
	context += 5 + table;
	context += strcspn(context, "0123456789\n");
	char *end;
	size_t line = (size_t)strtoull(context, &end, 10);
	*at = end;
	return line;
}

/* The column in "column NAME:", after the line, in the server's language; NULL: none of ours. */
static const struct sl_column *column_of(const struct copy *c, const char *at)
{
	if (at == NULL || strncmp(at, ", ", 2) != 0 || (at = strchr(at + 2, ' ')) == NULL)
		return NULL;
	for (size_t i = 0; i < c->cells.width; i++) {
		struct sl_text name = c->cells.columns[i].name;
		if (strncmp(at + 1, name.bytes, name.len) == 0 && at[1 + name.len] == ':')
			return &c->cells.columns[i];
	}
	return NULL;
}

static const char *find_line(const struct batch *b, size_t line, const char **end)
{
	const char *at = sl_buffer_data(&b->text), *last = at + sl_buffer_len(&b->text), *newline;
	while ((newline = memchr(at, '\n', (size_t)(last - at))) != NULL && --line > 0)
		at = newline + 1;
	*end = newline != NULL ? newline : last;
	return at;
}

/* The key of a line, in the form of sl_cells_show_key. */
static void show_key(struct copy *c, const struct batch *b, size_t line, char *out, size_t size)
{
	const char *end, *at = find_line(b, line, &end);
	for (size_t i = 0; i < c->cells.width; i++) {
		const char *tab = memchr(at, '\t', (size_t)(end - at));
		tab = tab != NULL ? tab : end;
		bool is_text = c->cells.columns[i].type == SL_COLUMN_TEXT;
		c->cells.cells[i] = (struct sl_cell){ .type = is_text ? SL_CELL_TEXT : SL_CELL_DIGITS,
			                              .text = { at, (size_t)(tab - at) } };
		at = tab < end ? tab + 1 : end;
	}
	sl_cells_show_key(&c->cells, out, size);
}

/* This result of a batch is a refusal: sets the failure and names the row. */
static void blame(struct copy *c, const PGresult *r, const struct batch *b)
{
	const char *context = lib.resultErrorField(r, PG_DIAG_CONTEXT);
	const char *column = lib.resultErrorField(r, PG_DIAG_COLUMN_NAME);
	size_t line = line_of(c, &context);
	const struct sl_column *named = column_of(c, context);
	char key[120] = "", name[200];
	if (named != NULL)
		column = sl_quote(name, sizeof name, named->name.bytes, named->name.len);
	sl_pq_refused(r, &c->failure);
	if (line == 0 || line > b->count) {
		sl_cells_blame(&c->cells, NULL, NULL, column, &c->failure);
		return;
	}
	struct sl_taken_from from = origin(c, &b->marks[line - 1]);
	show_key(c, b, line, key, sizeof key);
	sl_cells_blame(&c->cells, &from, key, column, &c->failure);
}

/* ---- batches ---- */

static int fail(struct copy *c, struct sl_error *err)
{
	if (c->failure.kind != SL_NONE && c->cells.url.len > 0 && sl_error_get_text(&c->failure, SL_D_TABLE) == NULL)
		sl_cells_blame(&c->cells, NULL, NULL, NULL, &c->failure);
	*err = c->failure;
	return -1;
}

/* Give libpq as much as the connection takes without waiting: 0, or -1 if the connection is lost. */
static int push(struct copy *c)
{
	struct batch *b = &c->batches[1];
	PGconn *conn = c->pq->conn;
	int rc;
	while ((rc = lib.flush(conn)) == 0 && !b->is_whole) {
		size_t left = sl_buffer_len(&b->text) - b->given, n = left < PIECE_BYTES ? left : PIECE_BYTES;
		const char *piece = sl_buffer_data(&b->text) + b->given;
		rc = n > 0 ? lib.putCopyData(conn, piece, (int)n) : lib.putCopyEnd(conn, NULL);
		if (rc <= 0)
			break;
		b->is_whole = n == 0;
		b->given += n;
	}
	return rc < 0 ? -1 : 0;
}

/* Send the rest of the batch. */
static int push_all(struct copy *c)
{
	while (!c->batches[1].is_whole)
		if (push(c) != 0 || (!c->batches[1].is_whole && sl_pq_await_room(c->pq, &c->failure) != 0))
			return sl_pq_sent(c->pq, 0, &c->failure);
	return sl_pq_sent(c->pq, 1, &c->failure);
}

/* Get the result of the batch in flight. */
static int settle(void *ctx, struct sl_error *err)
{
	struct copy *c = ctx;
	PGresult *r = NULL;
	if (push_all(c) != 0)
		return fail(c, err);
	for (;;) {
		if (sl_pq_next(c->pq, &r, &c->failure) != 0)
			return fail(c, err);
		if (r == NULL)
			break;
		if (lib.resultStatus(r) != PGRES_COMMAND_OK && c->failure.kind == SL_NONE)
			blame(c, r, &c->batches[1]);
		lib.clear(r);
	}
	c->batches[1].count = 0;
	sl_buffer_consume(&c->batches[1].text, sl_buffer_len(&c->batches[1].text));
	return c->failure.kind == SL_NONE ? 0 : fail(c, err);
}

/* Make the server ready for rows: 0, or -1 and the failure. */
static int begin(struct copy *c)
{
	PGresult *r = NULL;
	if (sl_pq_sent(c->pq, lib.sendQuery(c->pq->conn, c->command), &c->failure) != 0 ||
	    sl_pq_next(c->pq, &r, &c->failure) != 0)
		return -1;
	bool is_ready = r != NULL && lib.resultStatus(r) == PGRES_COPY_IN;
	if (!is_ready && r != NULL)
		sl_pq_refused(r, &c->failure);
	lib.clear(r);
	if (!is_ready)
		sl_pq_finish(c->pq, NULL, &c->failure);
	return is_ready ? 0 : -1;
}

/* Swap the batches and start sending the full one. */
static int send(struct copy *c, struct sl_error *err)
{
	struct batch on_its_way = c->batches[0];
	if (on_its_way.count == 0)
		return 0;
	if (sl_pq_settle(c->pq, err) != 0) {
		c->failure = c->failure.kind != SL_NONE ? c->failure : *err;
		return -1;
	}
	if (begin(c) != 0)
		return fail(c, err);
	c->batches[0] = c->batches[1];
	c->batches[1] = on_its_way;
	c->batches[1].given = 0;
	c->batches[1].is_whole = false;
	c->pq->settle = settle;
	c->pq->settle_ctx = c;
	push(c); /* a failure shows when the batch is settled */
	return 0;
}

/* ---- rows by themselves ---- */

static int prepare(struct copy *c, struct sl_error *err)
{
	if (c->is_prepared)
		return 0;
	if (sl_pq_sent(c->pq, lib.sendPrepare(c->pq->conn, "", c->command, 0, NULL), err) != 0)
		return -1;
	c->is_prepared = true;
	return sl_pq_finish(c->pq, NULL, err);
}

/* Write the cells to the buffer as terminated texts; values[i] points to each, or is NULL. */
static int put_values(struct copy *c, const char **values, struct sl_error *err)
{
	char room[SL_CELL_ROOM];
	struct sl_buffer *text = &c->batches[0].text;
	sl_buffer_consume(text, sl_buffer_len(text));
	for (size_t i = 0; i < c->cells.width; i++) {
		const struct sl_cell *cell = &c->cells.cells[i];
		struct sl_text t = cell->type == SL_CELL_NULL ? sl_text_of("") : sl_cell_text(cell, room);
		values[i] = (const char *)(uintptr_t)sl_buffer_len(text);
		if (sl_buffer_append(text, t.bytes, t.len) != 0 || sl_buffer_append(text, "", 1) != 0)
			return sl_fail(err, SL_SINK, ENOMEM, "no memory for a row");
	}
	for (size_t i = 0; i < c->cells.width; i++)
		values[i] = c->cells.cells[i].type == SL_CELL_NULL
		                    ? NULL : sl_buffer_data(text) + (uintptr_t)values[i];
	return 0;
}

static int execute(struct copy *c, struct sl_error *err)
{
	const char *values[c->cells.width];
	if (sl_pq_settle(c->pq, err) != 0 || prepare(c, err) != 0 || put_values(c, values, err) != 0)
		return -1;
	int sent = lib.sendQueryPrepared(c->pq->conn, "", (int)c->cells.width, values, NULL, NULL, 0);
	return sl_pq_sent(c->pq, sent, err) != 0 ? -1 : sl_pq_finish(c->pq, NULL, err);
}

static int insert(struct copy *c, const struct sl_taken_from *from)
{
	char key[120];
	if (execute(c, &c->failure) == 0)
		return 0;
	sl_cells_show_key(&c->cells, key, sizeof key);
	return sl_cells_blame(&c->cells, from, key, NULL, &c->failure);
}

/* ---- taking ---- */

/* Take the row that is in the cells. */
static int accept(struct copy *c, const struct sl_taken_from *from, struct sl_error *err)
{
	c->rows++;
	if (c->inserts)
		return insert(c, from) == 0 ? 0 : fail(c, err);
	if (put_line(c, &c->failure) != 0)
		return fail(c, err);
	mark(c, from);
	if (c->rows % PUSH_ROWS == 0 && c->batches[1].count > 0 && !c->batches[1].is_whole && c->pq->settle == settle)
		push(c);
	if (sl_buffer_len(&c->batches[0].text) < BATCH_BYTES && c->batches[0].count < BATCH_ROWS)
		return 0;
	return send(c, err);
}

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct copy *c = self;
	if (c->failure.kind != SL_NONE || sl_cells_read(&c->cells, row, &c->failure) != 0) {
		fail(c, err);
		return SL_TAKE_FAILED;
	}
	return accept(c, &row->from, err) == 0 ? SL_TOOK : SL_TAKE_FAILED;
}

static enum sl_took take_bound(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_bound *b = self;
	struct copy *c = b->taker;
	if (c->failure.kind != SL_NONE || !sl_extract_read(b->extract, row->root, c->cells.cells))
		return SL_DECLINED; /* the slow path reports why */
	return accept(c, &row->from, err) == 0 ? SL_TOOK : SL_TAKE_FAILED;
}

static void *bind_schema(lua_State *L, void *self, const struct sl_schema *schema)
{
	struct copy *c = self;
	return sl_bound_push(L, c, schema, c->cells.columns, c->cells.width);
}

/* ---- methods ---- */

static int copy_flush(lua_State *L) /* [copy] */
{
	SL_ERROR(err);
	struct copy *c = luaL_checkudata(L, 1, COPY);
	int rc = c->failure.kind != SL_NONE ? fail(c, &err) : send(c, &err);
	if (rc == 0 && c->pq->settle == settle && c->pq->settle_ctx == c)
		rc = sl_pq_settle(c->pq, &err);
	if (rc != 0)
		return sl_lua_error_return(L, &err);
	lua_pushboolean(L, true);
	lua_pushinteger(L, (lua_Integer)c->rows);
	return 2;
}

static int copy_close(lua_State *L)
{
	struct copy *c = luaL_checkudata(L, 1, COPY);
	if (c->pq != NULL && c->pq->settle_ctx == c)
		c->pq->settle = NULL;
	for (size_t i = 0; i < c->name_count; i++)
		free(c->names[i].text);
	free(c->names);
	c->names = NULL;
	c->name_count = 0;
	for (int i = 0; i < 2; i++) {
		free(c->batches[i].marks);
		sl_buffer_clear(&c->batches[i].text);
		c->batches[i] = (struct batch){ .count = 0 };
	}
	if (c->failure.kind == SL_NONE)
		sl_fail(&c->failure, SL_SINK, 0, "the connection is closed");
	sl_cells_clear(&c->cells);
	return 0;
}

int sl_copy_new(lua_State *L, struct sl_pq *p) /* [db, text, options] */
{
	const char *command = luaL_checkstring(L, 2);
	struct copy *c = (struct copy *)sl_cells_push(L, 3, sizeof *c, 3);
	luaL_setmetatable(L, COPY);
	for (int i = 1; i <= 2; i++) {
		lua_pushvalue(L, i);
		lua_setiuservalue(L, -2, 1 + i);
	}
	c->pq = p;
	c->command = command;
	c->inserts = sl_option_boolean(L, 3, "insert");
	c->relation = sl_option_text(L, 3, "relation");
	for (int i = 0; i < 2; i++) {
		c->batches[i].marks = malloc(BATCH_ROWS * sizeof(struct mark));
		if (c->batches[i].marks == NULL)
			return luaL_error(L, "not enough memory for a batch of rows");
	}
	return 1;
}

void sl_copy_open(lua_State *L, const struct sl_sinks *s)
{
	static const luaL_Reg methods[] = { { "flush", copy_flush }, { "close", copy_close }, { NULL, NULL } };
	static const struct sl_taker_type type = { .reads_document = true, .take = take, .bind = bind_schema,
		                                   .take_bound = take_bound };
	sl_class_push(L, COPY, methods, copy_close, NULL);
	sl_taker_open(L, &type, s);
}
