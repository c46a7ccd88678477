/* expression.c - see expression.h */
#include "script/expression.h"

#include <string.h>

#include <lauxlib.h>

#include "lua/error.h"
#include "script/at_hand.h"
#include "script/predicate.h"
#include "script/row.h"

struct sl_expression { /* a userdata; user value 1: the row, when it is one */
	struct sl_script *script;
	const struct sl_row_object *row; /* given as an argument; NULL: the row at hand */
	uint64_t made; /* serial of the row at hand that was made into the user value */
	/* Lua keeps one copy of each short string: equal names have one address. */
	const char *name_row, *name_G, *name_null;
	struct sl_predicate predicate;
};

#define ROW 1

/* ---- names in an expression ---- */

/* Upvalues of the environment's __index; the names are kept for their addresses. */
enum { STATE = 1, GLOBALS, METATABLE, NAMES, UPVALUES = NAMES + 2 };

/* A handler made from an expression sees the row only through here. */
static void push_row(lua_State *L, struct sl_expression *e)
{
	const struct sl_at_hand *h = e->script->at_hand;
	if (e->row == NULL && h == NULL)
		luaL_error(L, "there is no row any more");
	if (e->row == NULL && h != NULL && e->made != h->serial) {
		sl_row_push_at_hand(L, e->script, lua_upvalueindex(METATABLE));
		lua_setiuservalue(L, lua_upvalueindex(STATE), ROW);
		e->made = h->serial;
	}
	lua_getiuservalue(L, lua_upvalueindex(STATE), ROW);
}

static bool push_field(lua_State *L, const struct sl_expression *e, const char *name, size_t len)
{
	struct sl_json_value v;
	if (!sl_row_find(L, e->script, e->row, name, len, &v))
		return false;
	sl_script_push_value(L, e->script, v);
	return true;
}

static bool push_known(lua_State *L, struct sl_expression *e, const char *name)
{
	if (name == e->name_row)
		push_row(L, e);
	else if (name == e->name_null)
		lua_pushlightuserdata(L, NULL);
	else if (name == e->name_G)
		lua_pushvalue(L, lua_upvalueindex(GLOBALS));
	else
		return false;
	return true;
}

static int env_index(lua_State *L) /* [env, name] */
{
	struct sl_expression *e = lua_touserdata(L, lua_upvalueindex(STATE));
	size_t len = 0;
	const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &len) : NULL;
	if (name == NULL || (!push_known(L, e, name) && !push_field(L, e, name, len)))
		lua_rawget(L, lua_upvalueindex(GLOBALS)); /* [env, value] */
	return 1;
}

static int env_newindex(lua_State *L) /* [env, name, value] */
{
	return luaL_error(L, "an expression cannot assign to '%s'", luaL_tolstring(L, 2, NULL));
}

/* ---- as a function ---- */

static int call(lua_State *L) /* [row], upvalues: state, function, the rows' metatable */
{
	struct sl_expression *e = lua_touserdata(L, lua_upvalueindex(1));
	const struct sl_row_object *outer = e->row;
	const struct sl_row_object *row = sl_row_test(L, 1, lua_upvalueindex(3));
	if (row == NULL)
		return luaL_typeerror(L, 1, SL_ROW);
	lua_settop(L, 1);
	lua_pushvalue(L, 1); /* kept alive also if this raises and leaves e->row behind */
	lua_setiuservalue(L, lua_upvalueindex(1), ROW);
	e->row = row;
	e->made = 0;
	lua_pushvalue(L, lua_upvalueindex(2));
	lua_call(L, 0, 1);
	e->row = outer;
	return 1;
}

struct sl_expression *sl_expression_open_up(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (lua_tocfunction(L, index) != call)
		return NULL;
	lua_getupvalue(L, index, 1);
	lua_getupvalue(L, index, 2); /* [state, function] */
	return lua_touserdata(L, -2);
}

const struct sl_predicate *sl_expression_predicate(const struct sl_expression *e)
{
	return e->predicate.count > 0 ? &e->predicate : NULL;
}

void sl_expression_aim(struct sl_expression *e)
{
	e->row = NULL;
}

/* ---- compiling ---- */

/* Gives the source byte by byte, so that it is known how far the compiler came. */
struct feed {
	const char *part[3];
	size_t len[3];
	int current;
	size_t at;
	size_t given; /* of the source, part 1 */
};

static const char *read_byte(lua_State *L, void *ud, size_t *size)
{
	struct feed *f = ud;
	(void)L;
	while (f->current < 3 && f->at == f->len[f->current]) {
		f->current++;
		f->at = 0;
	}
	*size = f->current < 3 ? 1 : 0;
	if (*size == 0)
		return NULL;
	f->given += f->current == 1;
	return f->part[f->current] + f->at++;
}

static int compile(lua_State *L, struct feed *f, const char *before, const char *source,
                   size_t len, const char *after, const char *chunk_name)
{
	*f = (struct feed){ .part = { before, source, after },
	                    .len = { strlen(before), len, strlen(after) } };
	return lua_load(L, read_byte, f, chunk_name, "t");
}

/* Lua's message without "NAME:1: ", and the length of the word it is "near". */
static const char *plain_message(const char *message, const char *name, size_t *near)
{
	size_t n = strlen(name);
	if (strncmp(message, name, n) == 0 && message[n] == ':') {
		const char *colon = strchr(message + n + 1, ':');
		message = colon != NULL && colon[1] == ' ' ? colon + 2 : message;
	}
	const char *word = strstr(message, "near '");
	*near = word != NULL ? strlen(word) - strlen("near ''") : 0;
	return message;
}

/* The compiler stands one byte behind the word that it did not expect. */
static size_t position(const struct feed *f, size_t near)
{
	size_t end = f->current == 1 && f->given > 0 ? f->given - 1 : f->given;
	return end >= near ? end - near + 1 : 1;
}

static int refuse(lua_State *L, const struct feed *f, const char *name, const char *source,
                  size_t len)
{
	SL_ERROR(err);
	char quoted[200];
	size_t near;
	const char *message = plain_message(lua_tostring(L, -1), name, &near);
	sl_fail(&err, SL_USAGE, 0, "%s: %s, at character %zu of: %s", name, message,
	        position(f, near), sl_quote(quoted, sizeof quoted, source, len));
	return sl_lua_error_return(L, &err);
}

static bool is_blank(const char *source, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(" \t\r\n", source[i]) == NULL || source[i] == '\0')
			return false;
	return true;
}

/*
 * Push a chunk that returns the function: 0; or what sl_lua_error_return returns.
 * First without the parentheses that make one value of it, so that Lua's message
 * is about what the user wrote, not about them. Not the chunk itself is called
 * for each row: chunks take any number of arguments, which costs.
 */
static int push_chunk(lua_State *L, const char *source, size_t len, const char *name)
{
	struct feed f;
	const char *chunk_name = lua_pushfstring(L, "=%s", name);
	if (is_blank(source, len)) {
		f = (struct feed){ .current = 3 };
		lua_pushliteral(L, "an expression is expected");
		return refuse(L, &f, name, source, len);
	}
	if (compile(L, &f, "return ", source, len, "", chunk_name) != LUA_OK)
		return refuse(L, &f, name, source, len);
	lua_pop(L, 1);
	if (compile(L, &f, "return function() return (", source, len, "\n) end", chunk_name) != LUA_OK)
		return refuse(L, &f, name, source, len);
	return 0;
}

static void push_state(lua_State *L, struct sl_script *s, const char *source, size_t len)
{
	struct sl_expression *e = lua_newuserdatauv(L, sizeof *e, 1);
	*e = (struct sl_expression){ .script = s };
	sl_predicate_read(&e->predicate, L, source, len);
}

/* Push the environment; the state is at index `state`. */
static void push_environment(lua_State *L, int state)
{
	struct sl_expression *e = lua_touserdata(L, state);
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 3); /* [env, metatable] */
	lua_pushvalue(L, state);
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	sl_row_push_metatable(L);
	e->name_row = lua_pushliteral(L, "row");
	e->name_G = lua_pushliteral(L, "_G");
	e->name_null = lua_pushliteral(L, "null");
	lua_pushcclosure(L, env_index, UPVALUES);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, env_newindex);
	lua_setfield(L, -2, "__newindex");
	lua_pushboolean(L, false);
	lua_setfield(L, -2, "__metatable"); /* or an expression could replace them */
	lua_setmetatable(L, -2);
}

int sl_expression_compile(lua_State *L) /* [source, name?] */
{
	size_t len;
	const char *source = luaL_checklstring(L, 1, &len);
	const char *name = luaL_optstring(L, 2, "expression");
	luaL_checkstack(L, 16, "an expression");
	int results = push_chunk(L, source, len, name);
	if (results != 0)
		return results;
	int chunk = lua_gettop(L);
	push_state(L, lua_touserdata(L, lua_upvalueindex(1)), source, len); /* [chunk, state] */
	push_environment(L, chunk + 1);
	lua_setupvalue(L, chunk, 1); /* its _ENV */
	lua_pushvalue(L, chunk);
	lua_call(L, 0, 1); /* [chunk, state, function] */
	sl_row_push_metatable(L);
	lua_pushcclosure(L, call, 3);
	return 1;
}
