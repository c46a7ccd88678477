/* sqlite.c - see sqlite.h */
#include "sink/sqlite.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <sqlite3ext.h>

#include "lua/class.h"
#include "sink/cells.h"
#include "sink/taker.h"

#define LINK "sluice.core.SqliteLink"
#define INSERT "sluice.core.Insert"
#define LIBRARY "libsqlite3.so.0"

SQLITE_EXTENSION_INIT1 /* sqlite3_api, through which every call goes */

/* The connection may go first, or the link: the second one frees it. */
struct link {
	sqlite3 *db; /* NULL: closed */
	bool held;   /* by Lua */
};

struct insert {
	sqlite3 *db;
	sqlite3_stmt *statement; /* NULL: closed */
	size_t width;
	struct sl_column *columns; /* names: of the table in the user value */
	struct sl_cell *cells;
	char why[160]; /* of the last failure */
};

/* ---- the connection ---- */

/* Whose connection is being opened on this thread. */
static _Thread_local struct link *awaited;

static void release(struct link *link)
{
	if (link->db == NULL && !link->held)
		free(link);
}

static void on_close(void *ctx)
{
	struct link *link = ctx;
	link->db = NULL;
	release(link);
}

static void answer(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	(void)count;
	(void)values;
	sqlite3_result_null(ctx);
}

/* The function is there only because SQLite tells when it goes, with the
 * connection. */
static int on_open(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	(void)message;
	SQLITE_EXTENSION_INIT2(api);
	struct link *link = awaited;
	if (link == NULL || link->db != NULL)
		return SQLITE_OK;
	link->db = db;
	return sqlite3_create_function_v2(db, "sluice_link", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, link,
	                                  answer, NULL, NULL, on_close);
}

struct watch {
	int (*begin)(void (*entry)(void)), (*end)(void (*entry)(void));
};

/* The library must be loaded already: another one would be of no use. It stays,
 * because it keeps the list of those that watch for good. */
static bool find_library(struct watch *w)
{
	void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
	if (library == NULL)
		return false;
	*(void **)&w->begin = dlsym(library, "sqlite3_auto_extension");
	*(void **)&w->end = dlsym(library, "sqlite3_cancel_auto_extension");
	dlclose(library);
	return w->begin != NULL && w->end != NULL;
}

static struct link *push_link(lua_State *L)
{
	struct link **box = lua_newuserdatauv(L, sizeof *box, 0);
	*box = NULL;
	luaL_setmetatable(L, LINK);
	*box = calloc(1, sizeof **box);
	if (*box == NULL)
		luaL_error(L, "not enough memory for a link");
	(*box)->held = true;
	return *box;
}

static int call_watched(lua_State *L, const struct watch *w, struct link *link)
{
	void (*entry)(void) = (void (*)(void))on_open;
	awaited = link;
	int status = w->begin(entry) == SQLITE_OK ? LUA_OK : LUA_ERRMEM;
	if (status == LUA_OK)
		status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
	else
		lua_pushliteral(L, "not enough memory for a link");
	w->end(entry);
	awaited = NULL;
	return status;
}

int sl_sqlite_link(lua_State *L) /* [connect, ...] */
{
	struct watch watch = { NULL, NULL };
	luaL_checkany(L, 1);
	if (!find_library(&watch)) {
		luaL_pushfail(L);
		lua_pushliteral(L, LIBRARY " is not what LuaDBI's driver uses");
		return 2;
	}
	struct link *link = push_link(L);
	lua_insert(L, 1); /* [link, connect, ...] */
	if (call_watched(L, &watch, link) != LUA_OK)
		return lua_error(L);
	return lua_gettop(L); /* [link, results] */
}

static int link_gc(lua_State *L)
{
	struct link **box = lua_touserdata(L, 1);
	if (*box == NULL)
		return 0;
	(*box)->held = false;
	release(*box);
	*box = NULL;
	return 0;
}

/* ---- a statement ---- */

static const char *const type_names[] = {
	[SL_COLUMN_TEXT] = "text",       [SL_COLUMN_INTEGER] = "integer", [SL_COLUMN_NUMBER] = "number",
	[SL_COLUMN_BOOLEAN] = "boolean", [SL_COLUMN_JSON] = "json",       NULL,
};

static void read_column(lua_State *L, struct sl_column *out) /* [..., column] */
{
	luaL_checktype(L, -1, LUA_TTABLE);
	lua_getfield(L, -1, "type");
	out->type = (enum sl_column_type)luaL_checkoption(L, -1, NULL, type_names);
	lua_getfield(L, -2, "null");
	out->null = lua_toboolean(L, -1);
	lua_getfield(L, -3, "name");
	out->name = luaL_checklstring(L, -1, &out->len);
	lua_pop(L, 3);
}

/* [..., columns]: the insert, which keeps the names. */
static struct insert *push_insert(lua_State *L, int columns)
{
	size_t width = lua_rawlen(L, columns);
	struct insert *i = lua_newuserdatauv(
		L, sizeof *i + width * (sizeof *i->cells + sizeof *i->columns), 1);
	*i = (struct insert){ .width = width };
	i->cells = (struct sl_cell *)(i + 1);
	i->columns = (struct sl_column *)(i->cells + width);
	luaL_setmetatable(L, INSERT);
	lua_createtable(L, (int)width, 0); /* [..., insert, names] */
	for (size_t k = 0; k < width; k++) {
		lua_rawgeti(L, columns, (lua_Integer)k + 1);
		read_column(L, &i->columns[k]);
		lua_getfield(L, -1, "name");
		lua_rawseti(L, -3, (lua_Integer)k + 1);
		lua_pop(L, 1);
	}
	lua_setiuservalue(L, -2, 1);
	return i;
}

static int link_insert(lua_State *L) /* [link, text, columns] */
{
	size_t len;
	struct link **box = luaL_checkudata(L, 1, LINK);
	const char *text = luaL_checklstring(L, 2, &len);
	luaL_checktype(L, 3, LUA_TTABLE);
	luaL_argcheck(L, (*box)->db != NULL, 1, "the connection is closed");
	struct insert *i = push_insert(L, 3);
	i->db = (*box)->db;
	if (sqlite3_prepare_v2(i->db, text, (int)len, &i->statement, NULL) == SQLITE_OK &&
	    sqlite3_bind_parameter_count(i->statement) == (int)i->width)
		return 1;
	luaL_pushfail(L);
	lua_pushstring(L, sqlite3_errmsg(i->db));
	return 2;
}

static int insert_close(lua_State *L)
{
	struct insert *i = luaL_checkudata(L, 1, INSERT);
	if (i->statement != NULL)
		sqlite3_finalize(i->statement);
	i->statement = NULL;
	return 0;
}

/* ---- a row ---- */

static int bind(sqlite3_stmt *statement, int at, const struct sl_cell *c)
{
	switch (c->type) {
	case SL_CELL_INTEGER:
		return sqlite3_bind_int64(statement, at, c->integer);
	case SL_CELL_NUMBER:
		return sqlite3_bind_double(statement, at, c->number);
	case SL_CELL_TEXT:
		return sqlite3_bind_text64(statement, at, c->text, c->len, SQLITE_STATIC, SQLITE_UTF8);
	default:
		return sqlite3_bind_null(statement, at);
	}
}

static bool refuse(struct insert *i, const char *why)
{
	size_t len = strnlen(why, sizeof i->why - 1);
	memcpy(i->why, why, len);
	i->why[len] = '\0';
	return false;
}

/* Some failures (a full disk) end the transaction: what ended it is then the
 * reason for whatever comes after. */
static bool is_in_transaction(struct insert *i)
{
	if (i->statement == NULL)
		return refuse(i, "the connection is closed");
	if (!sqlite3_get_autocommit(i->db))
		return true;
	return i->why[0] != '\0' ? false : refuse(i, "the transaction is over");
}

/* The cells. Texts are SQLite's until the reset only. */
static bool insert_cells(struct insert *i)
{
	int rc = SQLITE_OK;
	if (!is_in_transaction(i))
		return false;
	for (size_t k = 0; k < i->width && rc == SQLITE_OK; k++)
		rc = bind(i->statement, (int)k + 1, &i->cells[k]);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(i->statement);
	if (rc == SQLITE_DONE && sqlite3_reset(i->statement) == SQLITE_OK)
		return true;
	refuse(i, sqlite3_errmsg(i->db));
	sqlite3_reset(i->statement);
	return false;
}

struct bound { /* a userdata; user value 1: how columns are read from a row */
	struct insert *insert;
	struct sl_extract *extract;
};

static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct bound *b = self;
	(void)err; /* who goes the long way learns why */
	if (sl_extract_read(b->extract, row->root, b->insert->cells) && insert_cells(b->insert))
		return SL_TOOK;
	return SL_DECLINED;
}

static void *bind_schema(lua_State *L, void *self, const struct sl_schema *schema)
{
	struct insert *i = self;
	struct bound *b = lua_newuserdatauv(L, sizeof *b, 1);
	*b = (struct bound){ i, sl_extract_push(L, schema, i->columns, i->width) }; /* [bound, extract] */
	lua_setiuservalue(L, -2, 1);
	if (b->extract != NULL)
		return b;
	lua_pop(L, 1);
	lua_pushnil(L);
	return NULL;
}

static void read_value(lua_State *L, struct sl_cell *out) /* [..., value] */
{
	out->type = SL_CELL_NULL;
	switch (lua_type(L, -1)) {
	case LUA_TBOOLEAN:
		out->type = SL_CELL_INTEGER;
		out->integer = lua_toboolean(L, -1);
		break;
	case LUA_TNUMBER:
		out->type = lua_isinteger(L, -1) ? SL_CELL_INTEGER : SL_CELL_NUMBER;
		out->integer = lua_tointeger(L, -1);
		out->number = lua_tonumber(L, -1);
		break;
	case LUA_TSTRING:
		out->type = SL_CELL_TEXT;
		out->text = lua_tolstring(L, -1, &out->len);
		break;
	}
}

static int insert_run(lua_State *L) /* [insert, values] */
{
	struct insert *i = luaL_checkudata(L, 1, INSERT);
	luaL_checktype(L, 2, LUA_TTABLE);
	for (size_t k = 0; k < i->width; k++) {
		lua_rawgeti(L, 2, (lua_Integer)k + 1);
		read_value(L, &i->cells[k]); /* the list keeps the text */
		lua_pop(L, 1);
	}
	if (!insert_cells(i)) {
		luaL_pushfail(L);
		lua_pushstring(L, i->why);
		return 2;
	}
	lua_pushboolean(L, true);
	return 1;
}

/* ---- tables ---- */

void sl_sqlite_open(lua_State *L)
{
	static const luaL_Reg link[] = { { "insert", link_insert }, { NULL, NULL } };
	static const luaL_Reg insert[] = { { "run", insert_run }, { "close", insert_close },
		                           { NULL, NULL } };
	static const struct sl_taker_type type = { .reads_document = true, .take = take, .bind = bind_schema };
	sl_class_push(L, LINK, link, link_gc, NULL);
	lua_pop(L, 1);
	sl_class_push(L, INSERT, insert, insert_close, NULL);
	sl_taker_open(L, &type, NULL);
}
