/* row_make.c - see row.h: making rows, and copies of large ones */
#include <string.h>

#include <lauxlib.h>

#include "script/row_object.h"

const char sl_row_mark = 0;

#define LARGE (256u * 1024)
#define QUICK_KIB 8192 /* a heap this small is collected in less time than a large row takes */

/* The collector does not notice that a few large rows are a lot of memory: make it
 * look for earlier ones first. Everywhere while that is quick, otherwise among
 * young objects. */
static void make_way(lua_State *L, size_t len)
{
	if (len < LARGE || !lua_gc(L, LUA_GCISRUNNING))
		return;
	if (lua_gc(L, LUA_GCCOUNT) < QUICK_KIB)
		lua_gc(L, LUA_GCCOLLECT);
	else
		lua_gc(L, LUA_GCSTEP, (int)(len >> 9));
}

static void fill(char *to, const char *text, size_t len)
{
	memcpy(to, text, len);
	memset(to + len, 0, SL_JSON_PADDING);
}

static struct sl_row_object *push_row(lua_State *L, struct sl_script *s,
                                      const struct sl_row_source *from, size_t room, int values)
{
	struct sl_row_object *row =
		lua_newuserdatauv(L, sizeof *row + from->stream_len + room, values);
	row->mark = &sl_row_mark;
	row->script = s;
	row->serial = from->serial;
	row->sequence = from->sequence;
	row->text = from->text;
	row->len = from->len;
	row->stream_len = from->stream_len;
	memcpy(row->bytes, from->stream, from->stream_len);
	return row;
}

static void push_with_copy(lua_State *L, struct sl_script *s, const struct sl_row_source *from)
{
	make_way(L, from->len);
	struct sl_row_object *row = push_row(L, s, from, from->len + SL_JSON_PADDING, SL_ROW_PAYLOAD);
	char *text = row->bytes + from->stream_len;
	fill(text, from->text, from->len);
	row->text = text;
}

/* Rows with a lent text, as weak keys: unlike weak values, these stay until the
 * finalizers that can still see them have run. */
static void push_loans(lua_State *L)
{
	sl_script_open(L);
	if (lua_getiuservalue(L, -1, SL_SCRIPT_LOANS) == LUA_TNIL) { /* [script, nil] */
		lua_pop(L, 1);
		lua_newtable(L);
		lua_createtable(L, 0, 1);
		lua_pushliteral(L, "k");
		lua_setfield(L, -2, "__mode");
		lua_setmetatable(L, -2);
		lua_pushvalue(L, -1);
		lua_setiuservalue(L, -3, SL_SCRIPT_LOANS);
	}
	lua_replace(L, -2);
}

static void push_with_loan(lua_State *L, struct sl_script *s, const struct sl_row_source *from)
{
	luaL_checkstack(L, 6, "a large row");
	push_loans(L);
	push_row(L, s, from, 0, SL_ROW_COPY); /* [loans, row] */
	s->lent = true;
	lua_pushvalue(L, -1);
	lua_pushboolean(L, true);
	lua_rawset(L, -4);
	lua_replace(L, -2);
}

void sl_row_push(lua_State *L, struct sl_script *s, const struct sl_row_source *from,
                 int metatable)
{
	if (from->lent && from->len >= LARGE)
		push_with_loan(L, s, from);
	else
		push_with_copy(L, s, from);
	lua_pushvalue(L, metatable);
	lua_setmetatable(L, -2);
}

/* ---- the end of loans ---- */

/* Any of the rows with a lent text, or NULL. */
static const struct sl_row_object *first_loan(lua_State *L) /* [..., loans] */
{
	lua_pushnil(L);
	if (!lua_next(L, -2))
		return NULL;
	const struct sl_row_object *row = lua_touserdata(L, -2);
	lua_pop(L, 2);
	return row;
}

/* Most are no longer reachable. A large one that the collector considers old is
 * found only by a full collection. */
static bool is_wanted(lua_State *L) /* [..., loans] */
{
	if (lua_gc(L, LUA_GCISRUNNING))
		lua_gc(L, LUA_GCSTEP, 0);
	const struct sl_row_object *row = first_loan(L);
	if (row == NULL)
		return false;
	make_way(L, row->len);
	return first_loan(L) != NULL;
}

/* Making the copy may collect the row itself; the lent text stays. */
static void push_copy(lua_State *L, const struct sl_row_object *row)
{
	const char *text = row->text;
	size_t len = row->len;
	fill(lua_newuserdatauv(L, len + SL_JSON_PADDING, 0), text, len);
}

static void return_loan(lua_State *L, int loans) /* [..., row] */
{
	lua_pushvalue(L, -1);
	lua_pushnil(L);
	lua_rawset(L, loans);
}

static void give_copies(lua_State *L) /* [..., loans, copy] */
{
	int copy = lua_gettop(L), loans = copy - 1;
	lua_pushnil(L);
	while (lua_next(L, loans)) { /* [..., row, true] */
		struct sl_row_object *row = lua_touserdata(L, -2);
		lua_pushvalue(L, copy);
		lua_setiuservalue(L, -3, SL_ROW_COPY);
		row->text = lua_touserdata(L, copy);
		lua_pop(L, 1);
		return_loan(L, loans);
	}
}

/* A document of the lent text refers to its address. */
static void forget_document(struct sl_script *s)
{
	if (s->codec != NULL)
		s->codec->holds = 0;
}

void sl_row_end_loans(lua_State *L, struct sl_script *s)
{
	forget_document(s);
	luaL_checkstack(L, 8, "large rows");
	push_loans(L);
	if (is_wanted(L)) {
		push_copy(L, first_loan(L));
		give_copies(L);
	}
	s->lent = false;
}

void sl_row_forget_loans(lua_State *L, struct sl_script *s)
{
	forget_document(s);
	push_loans(L);
	int loans = lua_gettop(L);
	lua_pushnil(L);
	while (lua_next(L, loans)) { /* [loans, row, true] */
		struct sl_row_object *row = lua_touserdata(L, -2);
		row->text = NULL;
		lua_pop(L, 1);
		return_loan(L, loans);
	}
	lua_pop(L, 1);
	s->lent = false;
}
