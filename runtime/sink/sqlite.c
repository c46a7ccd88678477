/* sqlite.c - see sqlite.h */
#include "sink/sqlite.h"

#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include <lauxlib.h>
#include <sqlite3.h>

#include "base/clock.h"
#include "lua/class.h"
#include "sink/cells.h"
#include "sink/extract.h"
#include "sink/library.h"

#define DATABASE "sluice.core.Sqlite"
#define INSERT "sluice.core.Insert"
#define BUSY_MS 5000  /* how long a lock is waited for */
#define NAP_MS 10     /* between two attempts */
#define STEPS 100000  /* of SQLite's virtual machine, between two checks for a stop */

/* ---- the library ---- */

#define FUNCTIONS(X)                                                                               \
	X(open_v2) X(close_v2) X(prepare_v2) X(step) X(reset) X(finalize) X(bind_int64)            \
	X(bind_double) X(bind_text64) X(bind_null) X(bind_parameter_count) X(column_count)         \
	X(column_type) X(column_int64) X(column_double) X(column_text) X(column_bytes) X(errmsg)   \
	X(errstr) X(extended_errcode) X(get_autocommit) X(busy_handler) X(progress_handler)

#define FIELD(name) __typeof__(sqlite3_##name) *name;
#define ENTRY(name) { "sqlite3_" #name, offsetof(struct library, name) },

static struct library {
	FUNCTIONS(FIELD)
} lib;

static int load(struct sl_error *err)
{
	static const struct sl_function functions[] = { FUNCTIONS(ENTRY) };
	if (lib.progress_handler != NULL)
		return 0;
	return sl_library_load("libsqlite3.so.0", "libsqlite3-0", &lib, functions,
	                       sizeof functions / sizeof functions[0], err);
}

/* ---- a database ---- */

LIST_HEAD(inserts, insert);

struct database { /* a userdata */
	struct sl_sinks *sinks;
	sqlite3 *db; /* NULL: closed */
	struct inserts inserts;
	int64_t waiting_ns; /* when the wait for a lock began */
	bool patient;       /* a running statement is not stopped, a wait for a lock only by a second signal */
};

static int on_busy(void *ctx, int count)
{
	struct database *d = ctx;
	struct timespec nap = { .tv_nsec = NAP_MS * SL_NS_PER_MS };
	int64_t now = sl_now_ns();
	if (count == 0)
		d->waiting_ns = now;
	if (now - d->waiting_ns > BUSY_MS * SL_NS_PER_MS || sl_sinks_must_stop(d->sinks, d->patient))
		return 0;
	nanosleep(&nap, NULL); /* a signal ends it */
	return 1;
}

static int on_progress(void *ctx)
{
	struct database *d = ctx;
	return !d->patient && sl_sinks_must_stop(d->sinks, false);
}

static int fail(lua_State *L, const char *why, int code)
{
	luaL_pushfail(L);
	lua_pushstring(L, why);
	lua_pushfstring(L, "%d", code);
	return 3;
}

static int fail_with(lua_State *L, const struct database *d)
{
	return fail(L, lib.errmsg(d->db), lib.extended_errcode(d->db));
}

int sl_sqlite_new(lua_State *L) /* [path] */
{
	SL_ERROR(err);
	const char *path = luaL_checkstring(L, 1);
	if (load(&err) != 0)
		return fail(L, err.message, 0);
	struct database *d = lua_newuserdatauv(L, sizeof *d, 0);
	*d = (struct database){ .sinks = lua_touserdata(L, lua_upvalueindex(1)) };
	LIST_INIT(&d->inserts);
	luaL_setmetatable(L, DATABASE);
	int rc = lib.open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc != SQLITE_OK)
		return d->db != NULL ? fail_with(L, d) : fail(L, lib.errstr(rc), rc);
	lib.busy_handler(d->db, on_busy, d);
	lib.progress_handler(d->db, STEPS, on_progress, d);
	return 1;
}

static struct database *check_database(lua_State *L)
{
	return luaL_checkudata(L, 1, DATABASE);
}

static int in_transaction(lua_State *L)
{
	const struct database *d = check_database(L);
	lua_pushboolean(L, d->db != NULL && !lib.get_autocommit(d->db));
	return 1;
}

/* ---- statements ---- */

static int bind_value(lua_State *L, int index, sqlite3_stmt *statement, int at)
{
	size_t len;
	const char *text;
	switch (lua_type(L, index)) {
	case LUA_TNUMBER:
		if (lua_isinteger(L, index))
			return lib.bind_int64(statement, at, lua_tointeger(L, index));
		return lib.bind_double(statement, at, lua_tonumber(L, index));
	case LUA_TSTRING:
		text = lua_tolstring(L, index, &len);
		return lib.bind_text64(statement, at, text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
	default:
		return lib.bind_null(statement, at);
	}
}

static void push_column(lua_State *L, sqlite3_stmt *statement, int i)
{
	switch (lib.column_type(statement, i)) {
	case SQLITE_INTEGER:
		lua_pushinteger(L, lib.column_int64(statement, i));
		break;
	case SQLITE_FLOAT:
		lua_pushnumber(L, lib.column_double(statement, i));
		break;
	case SQLITE_NULL:
		lua_pushboolean(L, false);
		break;
	default:
		lua_pushlstring(L, (const char *)lib.column_text(statement, i), (size_t)lib.column_bytes(statement, i));
	}
}

static void add_row(lua_State *L, sqlite3_stmt *statement, lua_Integer n) /* [..., rows] */
{
	int count = lib.column_count(statement);
	lua_createtable(L, count, 0);
	for (int i = 0; i < count; i++) {
		push_column(L, statement, i);
		lua_rawseti(L, -2, i + 1);
	}
	lua_rawseti(L, -2, n);
}

struct statement { /* a userdata, so that an error frees it */
	sqlite3_stmt *handle;
};

#define STATEMENT "sluice.core.SqliteStatement"

static int statement_gc(lua_State *L)
{
	struct statement *s = luaL_checkudata(L, 1, STATEMENT);
	lib.finalize(s->handle); /* accepts NULL */
	s->handle = NULL;
	return 0;
}

/* Run one statement with the values after it. Returns the last result code; the rows are
 * in the table on top. */
static int execute(lua_State *L, struct database *d, const char *text, size_t len) /* [db, text, values...] */
{
	int count = lua_gettop(L) - 2, rc;
	struct statement *s = lua_newuserdatauv(L, sizeof *s, 0);
	s->handle = NULL;
	luaL_setmetatable(L, STATEMENT);
	rc = lib.prepare_v2(d->db, text, (int)len, &s->handle, NULL);
	for (int i = 1; i <= count && rc == SQLITE_OK; i++)
		rc = bind_value(L, 2 + i, s->handle, i);
	lua_newtable(L);
	for (lua_Integer n = 1; rc == SQLITE_OK || rc == SQLITE_ROW; n++) {
		rc = lib.step(s->handle);
		if (rc == SQLITE_ROW)
			add_row(L, s->handle, n);
	}
	return rc;
}

/* true: [..., statement, rows]; false: the results to return are on the stack. */
static bool perform(lua_State *L, bool patient, int *answers)
{
	size_t len;
	struct database *d = check_database(L);
	const char *text = luaL_checklstring(L, 2, &len);
	*answers = 3;
	if (d->db == NULL)
		return fail(L, "the connection is closed", 0), false;
	d->patient = patient;
	int rc = execute(L, d, text, len);
	d->patient = false;
	if (rc != SQLITE_DONE)
		fail_with(L, d);
	struct statement *s = luaL_checkudata(L, rc == SQLITE_DONE ? -2 : -5, STATEMENT);
	lib.finalize(s->handle);
	s->handle = NULL;
	return rc == SQLITE_DONE;
}

static int run(lua_State *L) /* [db, text, values...] */
{
	int answers;
	if (!perform(L, false, &answers))
		return answers;
	lua_pushboolean(L, true);
	return 1;
}

static int run_patiently(lua_State *L) /* [db, text] */
{
	int answers;
	if (!perform(L, true, &answers))
		return answers;
	lua_pushboolean(L, true);
	return 1;
}

static int query(lua_State *L) /* [db, text, values...] */
{
	int answers;
	return perform(L, false, &answers) ? 1 : answers;
}

/* ---- rows ---- */

struct insert { /* a userdata; user value 2: the database */
	struct sl_cells cells; /* the first */
	struct database *database;
	sqlite3_stmt *statement; /* NULL: closed */
	LIST_ENTRY(insert) entry;
	struct sl_error failure; /* the first: everything later fails with it */
};

static void close_insert(struct insert *i)
{
	if (i->statement == NULL)
		return;
	lib.finalize(i->statement);
	LIST_REMOVE(i, entry);
	i->statement = NULL;
}

static int insert_gc(lua_State *L)
{
	struct insert *i = luaL_checkudata(L, 1, INSERT);
	close_insert(i);
	sl_cells_clear(&i->cells);
	return 0;
}

static int insert_close(lua_State *L)
{
	close_insert(luaL_checkudata(L, 1, INSERT));
	return 0;
}

static int database_close(lua_State *L)
{
	struct database *d = check_database(L);
	while (!LIST_EMPTY(&d->inserts))
		close_insert(LIST_FIRST(&d->inserts));
	if (d->db != NULL)
		lib.close_v2(d->db);
	d->db = NULL;
	return 0;
}

static int new_insert(lua_State *L) /* [db, text, options] */
{
	size_t len;
	struct database *d = check_database(L);
	const char *text = luaL_checklstring(L, 2, &len);
	lua_settop(L, 3);
	if (d->db == NULL)
		return fail(L, "the connection is closed", 0);
	struct insert *i = (struct insert *)sl_cells_push(L, 3, sizeof *i, 2);
	luaL_setmetatable(L, INSERT);
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, -2, 2);
	i->database = d;
	if (lib.prepare_v2(d->db, text, (int)len, &i->statement, NULL) != SQLITE_OK)
		return fail_with(L, d);
	LIST_INSERT_HEAD(&d->inserts, i, entry);
	luaL_argcheck(L, lib.bind_parameter_count(i->statement) == (int)i->cells.width, 2,
	              "expected a parameter for each column");
	return 1;
}

static int bind_cell(sqlite3_stmt *statement, int at, const struct sl_cell *c)
{
	switch (c->type) {
	case SL_CELL_BOOLEAN:
	case SL_CELL_INTEGER:
		return lib.bind_int64(statement, at, c->integer);
	case SL_CELL_NUMBER:
		return lib.bind_double(statement, at, c->number);
	case SL_CELL_NULL:
		return lib.bind_null(statement, at);
	default:
		return lib.bind_text64(statement, at, c->text.bytes, c->text.len, SQLITE_STATIC, SQLITE_UTF8);
	}
}

/* Binds a number as text if the column needs its digits. */
static int bind_at(struct insert *i, size_t k)
{
	const struct sl_cell *c = &i->cells.cells[k];
	char room[SL_CELL_ROOM];
	bool is_number = c->type == SL_CELL_INTEGER || c->type == SL_CELL_NUMBER;
	if (!is_number || !(i->cells.columns[k].limits & SL_LIMIT_DIGITS))
		return bind_cell(i->statement, (int)k + 1, c);
	struct sl_text t = sl_cell_text(c, room);
	return lib.bind_text64(i->statement, (int)k + 1, t.bytes, t.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* Some failures (a full disk) end the transaction; later rows must then be
 * refused. */
static int check_transaction(const struct insert *i, struct sl_error *err)
{
	if (i->statement == NULL)
		return sl_fail(err, SL_SINK, 0, "the connection is closed");
	if (lib.get_autocommit(i->database->db))
		return sl_fail(err, SL_SINK, 0, "the transaction is over");
	return 0;
}

/* Insert the cells. SQLite uses their texts only until the reset. */
static int insert_cells(struct insert *i, struct sl_error *err)
{
	char code[16];
	int rc = SQLITE_OK;
	if (check_transaction(i, err) != 0)
		return -1;
	for (size_t k = 0; k < i->cells.width && rc == SQLITE_OK; k++)
		rc = bind_at(i, k);
	if (rc == SQLITE_OK)
		rc = lib.step(i->statement);
	if (rc == SQLITE_DONE && lib.reset(i->statement) == SQLITE_OK)
		return 0;
	sl_fail(err, SL_SINK, 0, "%s", lib.errmsg(i->database->db));
	snprintf(code, sizeof code, "%d", lib.extended_errcode(i->database->db));
	sl_error_text(err, SL_D_CODE, code, strlen(code));
	lib.reset(i->statement);
	return -1;
}

static int insert_row(struct insert *i, const struct sl_taken *row, struct sl_error *err)
{
	char key[120];
	if (sl_cells_read(&i->cells, row, err) != 0)
		return -1;
	if (insert_cells(i, err) == 0)
		return 0;
	sl_cells_show_key(&i->cells, key, sizeof key);
	return sl_cells_blame(&i->cells, &row->from, key, NULL, err);
}

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct insert *i = self;
	if (i->failure.kind == SL_NONE && insert_row(i, row, &i->failure) == 0)
		return SL_TOOK;
	*err = i->failure;
	return SL_TAKE_FAILED;
}

static enum sl_took take_bound(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_bound *b = self;
	struct insert *i = b->taker;
	SL_ERROR(ignored); /* the slow path reports why */
	(void)err;
	if (i->failure.kind == SL_NONE && sl_extract_read(b->extract, row->root, i->cells.cells) &&
	    insert_cells(i, &ignored) == 0)
		return SL_TOOK;
	return SL_DECLINED;
}

static void *bind_schema(lua_State *L, void *self, const struct sl_schema *schema)
{
	struct insert *i = self;
	return sl_bound_push(L, i, schema, i->cells.columns, i->cells.width);
}

/* ---- tables ---- */

void sl_sqlite_open(lua_State *L, const struct sl_sinks *s)
{
	static const luaL_Reg database[] = { { "run", run }, { "run_patiently", run_patiently }, { "query", query },
		                             { "insert", new_insert }, { "in_transaction", in_transaction },
		                             { "close", database_close }, { NULL, NULL } };
	static const luaL_Reg insert[] = { { "close", insert_close }, { NULL, NULL } };
	static const struct sl_taker_type type = { .reads_document = true, .take = take, .bind = bind_schema,
		                                   .take_bound = take_bound };
	sl_class_push(L, STATEMENT, NULL, statement_gc, NULL);
	sl_class_push(L, DATABASE, database, database_close, database_close);
	lua_pop(L, 2);
	sl_class_push(L, INSERT, insert, insert_gc, NULL);
	sl_taker_open(L, &type, s);
}
