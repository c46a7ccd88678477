/* postgres.c - see postgres.h */
#include "sink/postgres.h"

#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/class.h"
#include "sink/copy.h"
#include "sink/libpq.h"

#define DATABASE "sluice.core.Postgres"
#define MOST_VALUES 32

#define lib sl_libpq

struct result { /* a userdata, so that an error frees it */
	PGresult *handle;
};

#define RESULT "sluice.core.PostgresResult"

static int result_gc(lua_State *L)
{
	struct result *r = luaL_checkudata(L, 1, RESULT);
	if (r->handle != NULL)
		lib.clear(r->handle);
	r->handle = NULL;
	return 0;
}

/* ---- a connection ---- */

static struct sl_pq *check_database(lua_State *L)
{
	return luaL_checkudata(L, 1, DATABASE);
}

static int fail(lua_State *L, const struct sl_error *err)
{
	const char *code = sl_error_get_text(err, SL_D_CODE);
	luaL_pushfail(L);
	lua_pushstring(L, err->message);
	lua_pushstring(L, code != NULL ? code : "");
	return 3;
}

int sl_postgres_new(lua_State *L) /* [conninfo, limit_ms] */
{
	SL_ERROR(err);
	const char *conninfo = luaL_checkstring(L, 1);
	struct sl_pq *p = lua_newuserdatauv(L, sizeof *p, 0);
	*p = (struct sl_pq){ .sinks = lua_touserdata(L, lua_upvalueindex(1)), .limit_ms = luaL_checkinteger(L, 2) };
	luaL_setmetatable(L, DATABASE);
	return sl_pq_connect(p, conninfo, &err) == 0 ? 1 : fail(L, &err);
}

static int database_close(lua_State *L)
{
	sl_pq_close(check_database(L));
	return 0;
}

static int is_alive(lua_State *L)
{
	const struct sl_pq *p = check_database(L);
	lua_pushboolean(L, p->conn != NULL && lib.status(p->conn) == CONNECTION_OK);
	return 1;
}

/* ---- statements ---- */

/* [db, text, values...]; the texts stay on the stack. */
static int send(lua_State *L, struct sl_pq *p, struct sl_error *err)
{
	const char *values[MOST_VALUES], *text = luaL_checkstring(L, 2);
	int count = lua_gettop(L) - 2;
	luaL_argcheck(L, count <= MOST_VALUES, 2, "too many values");
	for (int i = 0; i < count; i++)
		values[i] = lua_isnil(L, 3 + i) ? NULL : luaL_checkstring(L, 3 + i);
	if (sl_pq_settle(p, err) != 0)
		return -1;
	int sent = count == 0 ? lib.sendQuery(p->conn, text)
	                      : lib.sendQueryParams(p->conn, text, count, NULL, values, NULL, NULL, 0);
	return sl_pq_sent(p, sent, err);
}

/* Push the result: 0, or -1 and *err. */
static int perform(lua_State *L, struct result **out, struct sl_error *err)
{
	struct sl_pq *p = check_database(L);
	int rc = send(L, p, err);
	struct result *r = lua_newuserdatauv(L, sizeof *r, 0);
	r->handle = NULL;
	luaL_setmetatable(L, RESULT);
	*out = r;
	return rc == 0 ? sl_pq_finish(p, &r->handle, err) : -1;
}

static int run(lua_State *L) /* [db, text, values...] */
{
	SL_ERROR(err);
	struct result *r;
	if (perform(L, &r, &err) != 0)
		return fail(L, &err);
	lua_pushboolean(L, true);
	lua_pushinteger(L, r->handle != NULL ? strtoll(lib.cmdTuples(r->handle), NULL, 10) : 0);
	return 2;
}

/* Runs even if the user has asked once to stop, because it decides what is committed. */
static int run_patiently(lua_State *L) /* [db, text] */
{
	struct sl_pq *p = check_database(L);
	p->patient = true;
	int answers = run(L);
	p->patient = false;
	return answers;
}

static void push_rows(lua_State *L, const PGresult *r)
{
	int rows = r != NULL ? lib.ntuples(r) : 0, fields = r != NULL ? lib.nfields(r) : 0;
	lua_createtable(L, rows, 0);
	for (int i = 0; i < rows; i++) {
		lua_createtable(L, fields, 0);
		for (int j = 0; j < fields; j++) {
			if (lib.getisnull(r, i, j))
				lua_pushboolean(L, false);
			else
				lua_pushlstring(L, lib.getvalue(r, i, j), (size_t)lib.getlength(r, i, j));
			lua_rawseti(L, -2, j + 1);
		}
		lua_rawseti(L, -2, i + 1);
	}
}

static int query(lua_State *L) /* [db, text, values...] */
{
	SL_ERROR(err);
	struct result *r;
	if (perform(L, &r, &err) != 0)
		return fail(L, &err);
	push_rows(L, r->handle);
	return 1;
}

static int copy(lua_State *L) /* [db, text, options] */
{
	lua_settop(L, 3);
	return sl_copy_new(L, check_database(L));
}

void sl_postgres_open(lua_State *L, const struct sl_sinks *s)
{
	static const luaL_Reg methods[] = { { "run", run }, { "run_patiently", run_patiently }, { "query", query },
		                            { "copy", copy }, { "is_alive", is_alive }, { "close", database_close },
		                            { NULL, NULL } };
	sl_class_push(L, RESULT, NULL, result_gc, NULL);
	sl_class_push(L, DATABASE, methods, database_close, database_close);
	lua_pop(L, 2);
	sl_copy_open(L, s);
}
