/* expression.c - see expression.h */
#include "script/expression.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "expression/predicate.h"
#include "expression/translate.h"
#include "lua/class.h"
#include "lua/decimal.h"
#include "lua/error.h"
#include "lua/members.h"
#include "lua/value.h"
#include "script/at_hand.h"
#include "script/row.h"

#define CLASS "sluice.core.Expression"
#define ARRAY "sluice.array" /* what Lua's messages call array tables (value.h) */

#define LOOKED_AT 100 /* rows whose names are remembered when a name is missing */
#define NAMES 32      /* names remembered */

/* User values: the row, if it is a userdata; by part, the functions that are called by
 * a bare name, decimals, members of libraries and the metatables of tables; the names of
 * fields that rows had. */
enum { ROW = 1, FUNCTIONS, SEEN, VALUES = SEEN };

struct sl_expression { /* a userdata */
	struct sl_script *script;
	const struct sl_row_object *row; /* given as an argument; NULL: the row at hand */
	uint64_t made; /* serial of the row at hand whose userdata is in the user value ROW */
	struct sl_syntax tree;
	struct sl_predicate predicate;
	bool is_simple;
	struct sl_buffer lines;  /* a uint16_t for each line of the chunk */
	unsigned looked_at;
	size_t len;
	char *source;            /* after the name */
	char name[];             /* of the chunk, for messages; then the source */
};

static int expression_gc(lua_State *L) /* [expression] */
{
	struct sl_expression *e = lua_touserdata(L, 1);
	sl_syntax_clear(&e->tree);
	sl_buffer_clear(&e->lines);
	free(e->predicate.seen);
	e->predicate.seen = NULL;
	return 0;
}

/* ---- functions for the chunk; upvalue 1 of each is the expression ---- */

#define SELF lua_upvalueindex(1)
#define METATABLE lua_upvalueindex(2) /* of rows */
#define STRINGS lua_upvalueindex(3)   /* cache of short recurring strings */

static struct sl_expression *self(lua_State *L)
{
	struct sl_expression *e = lua_touserdata(L, SELF);
	if (e->predicate.seen == NULL)
		luaL_error(L, "sluice is closed: the Lua state is being closed");
	return e;
}

static const struct sl_part *part_at(lua_State *L, const struct sl_expression *e, uint16_t *i)
{
	*i = (uint16_t)lua_tointeger(L, 1);
	return &e->tree.parts[*i];
}

/* Remember the names that the row has, because the one looked for is missing. */
static void remember_names(lua_State *L, struct sl_expression *e)
{
	struct sl_json_value field, root;
	const char *key;
	size_t len;
	e->looked_at++;
	root = sl_json_root(e->row != NULL ? sl_row_document(L, e->row) : sl_row_document_at_hand(L, e->script));
	if (sl_json_type(root) != SL_JSON_OBJECT)
		return;
	lua_getiuservalue(L, SELF, SEEN);
	struct sl_json_iter it = sl_json_children(root);
	while (lua_rawlen(L, -1) < NAMES && sl_json_next(&it, &key, &len, &field)) {
		lua_pushlstring(L, key, len);
		lua_pushvalue(L, -1);
		if (lua_rawget(L, -3) == LUA_TNIL) { /* [seen, key, nil] */
			lua_pushvalue(L, -2);
			lua_rawseti(L, -4, (lua_Integer)lua_rawlen(L, -4) + 1);
			lua_pushvalue(L, -2);
			lua_pushboolean(L, true);
			lua_rawset(L, -5);
		}
		lua_pop(L, 2);
	}
	lua_pop(L, 1);
}

static bool find(lua_State *L, struct sl_expression *e, uint16_t i, struct sl_json_value *out)
{
	const struct sl_part *p = &e->tree.parts[i];
	uint8_t *seen = e->predicate.seen;
	if (p->kind != SL_SYNTAX_NAME)
		return find(L, e, p->left, out) && sl_syntax_step(&e->tree, i, out, seen);
	bool found = sl_row_find(L, e->script, e->row, p->is.text.bytes, p->is.text.len, out);
	if (!found && !(seen[i] & SL_SEEN_FOUND) && e->looked_at < LOOKED_AT)
		remember_names(L, e);
	seen[i] |= found ? SL_SEEN_LOOKED | SL_SEEN_FOUND : SL_SEEN_LOOKED;
	return found;
}

/* Push a field; or a member of a library, as of when the expression was compiled,
 * if the row has no field of the library's name. */
static void push_field(lua_State *L, struct sl_expression *e, uint16_t i, bool is_null_nil)
{
	const struct sl_part *p = &e->tree.parts[i];
	struct sl_json_value v;
	if (p->is_member && !find(L, e, p->left, &v)) {
		lua_getiuservalue(L, SELF, FUNCTIONS);
		lua_rawgeti(L, -1, i);
	} else if (!find(L, e, i, &v) || (is_null_nil && sl_json_type(v) == SL_JSON_NULL)) {
		lua_pushnil(L);
	} else if (sl_json_type(v) == SL_JSON_STRING) {
		sl_value_push_string(L, e->script->strings, STRINGS, v);
	} else {
		sl_script_push_value(L, e->script, v);
	}
}

static int get_field(lua_State *L) /* [part] */
{
	push_field(L, self(L), (uint16_t)lua_tointeger(L, 1), false);
	return 1;
}

static int get_present(lua_State *L) /* [part] */
{
	push_field(L, self(L), (uint16_t)lua_tointeger(L, 1), true);
	return 1;
}

static int get_item(lua_State *L) /* [part, value, key] */
{
	uint16_t i;
	struct sl_expression *e = self(L);
	int type = lua_type(L, 2);
	part_at(L, e, &i);
	if ((type != LUA_TTABLE && type != LUA_TUSERDATA) || lua_isnil(L, 3) || sl_decimal_test(L, 2).bytes != NULL) {
		lua_pushnil(L);
		return 1;
	}
	if (type == LUA_TTABLE && lua_isinteger(L, 3) && lua_tointeger(L, 3) == 0 && lua_rawlen(L, 2) > 0)
		e->predicate.seen[i] |= SL_SEEN_ZERO;
	lua_gettable(L, 2);
	return 1;
}

static bool is_none(lua_State *L, int index)
{
	return lua_isnil(L, index) || (lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL);
}

static int call_values(lua_State *L) /* [part, callee, arguments...] */
{
	uint16_t i;
	const struct sl_expression *e = self(L);
	const struct sl_part *p = part_at(L, e, &i);
	bool method = p->kind == SL_SYNTAX_METHOD;
	int top = lua_gettop(L), from = method ? 2 : 3;
	bool gives_nil = method || sl_syntax_is_library_call(&e->tree, p);
	for (int a = from; gives_nil && a <= top; a++)
		if (is_none(L, a)) {
			lua_pushnil(L);
			return 1;
		}
	if (method) {
		lua_pushlstring(L, p->is.text.bytes, p->is.text.len);
		lua_gettable(L, 2); /* [part, receiver, arguments..., function] */
		lua_replace(L, 1);
	}
	lua_call(L, top - (method ? 1 : 2), LUA_MULTRET);
	return lua_gettop(L) - (method ? 0 : 1);
}

static int new_table(lua_State *L) /* [part] */
{
	lua_newtable(L);
	lua_getiuservalue(L, SELF, FUNCTIONS);
	if (lua_rawgeti(L, -1, lua_tointeger(L, 1)) == LUA_TTABLE) /* [part, table, functions, metatable] */
		lua_setmetatable(L, 2);
	lua_settop(L, 2);
	return 1;
}

/* Called only for values that Lua considers different. */
static int are_one_number(lua_State *L) /* [value, value] */
{
	int order;
	lua_pushboolean(L, sl_decimal_order(L, 1, 2, &order) && order == 0);
	return 1;
}

/* The only way in which an expression gets the row as a userdata. */
static int get_row(lua_State *L)
{
	struct sl_expression *e = self(L);
	const struct sl_at_hand *h = e->script->at_hand;
	if (e->row == NULL && h == NULL)
		luaL_error(L, "the row no longer exists");
	if (e->row == NULL && e->made != h->serial) {
		sl_row_push_at_hand(L, e->script, METATABLE);
		lua_setiuservalue(L, SELF, ROW);
		e->made = h->serial;
	}
	lua_getiuservalue(L, SELF, ROW);
	return 1;
}

/* ---- errors ---- */

static void name_place(const struct sl_expression *e, size_t at, struct sl_error *err)
{
	sl_error_number(err, SL_D_OFFSET, (int64_t)at);
	sl_error_text(err, SL_D_TEXT, e->source, e->len);
}

/* The part of the line that a Lua message begins with ("EXPR:12: ..."), or 0;
 * *message moves to the rest. */
static uint16_t blamed(const struct sl_expression *e, const char **message)
{
	uint16_t part;
	size_t n = strlen(e->name), line;
	char *end;
	if (strncmp(*message, e->name, n) != 0 || (*message)[n] != ':')
		return 0;
	line = strtoul(*message + n + 1, &end, 10);
	if (strncmp(end, ": ", 2) != 0 || line == 0 || line * sizeof part > sl_buffer_len(&e->lines))
		return 0;
	*message = end + 2;
	memcpy(&part, sl_buffer_data(&e->lines) + (line - 1) * sizeof part, sizeof part);
	return part;
}

/* Lua does not record the line of a // or % before it divides: the nearest one around
 * the part that it did record. */
static uint16_t dividing(const struct sl_expression *e, uint16_t noted)
{
	uint16_t best = noted;
	for (uint16_t i = 1; i < e->tree.count; i++) {
		const struct sl_part *p = &e->tree.parts[i], *b = &e->tree.parts[best], *n = &e->tree.parts[noted];
		bool divides = p->kind == SL_SYNTAX_IDIV || p->kind == SL_SYNTAX_MOD;
		bool around = p->at <= n->at && p->end >= n->end;
		if (divides && around && (best == noted || p->end - p->at < b->end - b->at))
			best = i;
	}
	return best;
}

/* The words between `start`, with which the message begins, and `stop`: their length, or 0. */
static int between(const char *message, const char *start, const char *stop, const char **word)
{
	size_t n = strlen(start);
	*word = message + n;
	const char *end = strncmp(message, start, n) == 0 ? strstr(*word, stop) : NULL;
	return end != NULL ? (int)(end - *word) : 0;
}

static const char *hint_for_call(lua_State *L, const char *library, struct sl_text name, char hint[SL_NEAREST_HINT])
{
	struct sl_nearest n;
	sl_nearest_begin(&n, name);
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	lua_pushstring(L, library);
	if (lua_rawget(L, -2) == LUA_TTABLE)
		sl_members_offer(L, -1, &n);
	sl_nearest_hint(&n, hint);
	lua_pop(L, 2);
	return hint;
}

static void say_call(lua_State *L, const struct sl_expression *e, const struct sl_part *p, const char *type, int len,
                     struct sl_error *err)
{
	char hint[SL_NEAREST_HINT];
	const struct sl_part *f = &e->tree.parts[p->left];
	struct sl_text name = p->kind == SL_SYNTAX_METHOD ? p->is.text : f->is.text, of = e->tree.parts[f->left].is.text;
	if (p->kind == SL_SYNTAX_METHOD)
		sl_fail(err, SL_EXPRESSION, 0, "%s: unknown method %.*s%s", e->name, (int)name.len, name.bytes,
		        hint_for_call(L, "string", name, hint));
	else if (f->kind == SL_SYNTAX_MEMBER && sl_syntax_library(&e->tree, p->left) == f->left && len == 3)
		sl_fail(err, SL_EXPRESSION, 0, "%s: %.*s has no function %.*s%s", e->name, (int)of.len, of.bytes, (int)name.len,
		        name.bytes, hint_for_call(L, lua_pushlstring(L, of.bytes, of.len), name, hint));
	else
		sl_fail(err, SL_EXPRESSION, 0, "%s: expected a function to call, got a %.*s", e->name, len, type);
}

/* Lua's message, without the names that exist only in the chunk. */
static void say(lua_State *L, const struct sl_expression *e, const struct sl_part *p, const char *message,
                struct sl_error *err)
{
	const char *word, *other;
	int len = between(message, "attempt to compare ", " with ", &word);
	if (len > 0) {
		other = word + len + strlen(" with ");
		sl_fail(err, SL_EXPRESSION, 0,
		        "%s: a %.*s cannot be compared with a %s; convert one of them with tonumber(x) or tostring(x)",
		        e->name, len, word, other);
	} else if ((len = between(message, "attempt to compare two ", " values", &word)) > 0) {
		sl_fail(err, SL_EXPRESSION, 0, "%s: two values of type %.*s cannot be ordered", e->name, len, word);
	} else if ((len = between(message, "attempt to call a ", " value", &word)) > 0) {
		say_call(L, e, p, word, len, err);
	} else if ((len = between(message, "attempt to index a ", " value", &word)) > 0) {
		sl_fail(err, SL_EXPRESSION, 0, "%s: a %.*s has no methods", e->name, len, word);
	} else if ((len = between(message, "bad argument #", " to 'v", &word)) > 0 &&
	           (other = strchr(word + len + strlen(" to 'v"), '\'')) != NULL) {
		sl_fail(err, SL_EXPRESSION, 0, "%s: bad argument #%.*s%s", e->name, len, word, other + 1);
	} else {
		sl_fail(err, SL_EXPRESSION, 0, "%s: %s", e->name, message);
	}
}

/* Replace the len bytes that begin with the first `from` in a message by a shorter text. */
static void replace(char *message, const char *from, size_t len, const char *by)
{
	char *at = strstr(message, from);
	if (at == NULL)
		return;
	memcpy(at, by, strlen(by));
	memmove(at + strlen(by), at + len, strlen(at + len) + 1);
}

void sl_expression_explain(lua_State *L, const void *expression, struct sl_error *err)
{
	const struct sl_expression *e = expression;
	struct sl_error was = *err;
	const char *message = was.message;
	if (was.kind != SL_SINK)
		return;
	replace(was.message, ARRAY, strlen(ARRAY), "table");
	const char *local = strstr(was.message, " (local 'v"), *end = local != NULL ? strchr(local, ')') : NULL;
	if (end != NULL)
		replace(was.message, " (local 'v", (size_t)(end + 1 - local), "");
	uint16_t part = blamed(e, &message);
	if (strstr(message, "by zero") != NULL || strncmp(message, "attempt to perform 'n", 21) == 0)
		part = dividing(e, part);
	const struct sl_part *p = &e->tree.parts[part != 0 ? part : e->tree.root];
	sl_error_clear(err);
	luaL_checkstack(L, 8, "an error report");
	say(L, e, p, message, err);
	name_place(e, p->op, err);
}

/* ---- as a function ---- */

static int raise_explained(lua_State *L, const struct sl_expression *e) /* [..., error] */
{
	SL_ERROR(err);
	if (lua_type(L, -1) != LUA_TSTRING || strcmp(lua_tostring(L, -1), "not enough memory") == 0)
		return lua_error(L);
	sl_lua_error_read(L, -1, SL_SINK, &err);
	sl_expression_explain(L, e, &err);
	sl_lua_error_raise(L, &err);
}

static int call(lua_State *L) /* [row], upvalues: expression, function */
{
	struct sl_expression *e = self(L);
	const struct sl_row_object *outer = e->row;
	const struct sl_row_object *row = sl_row_test(L, 1);
	if (row == NULL)
		return luaL_typeerror(L, 1, SL_ROW);
	lua_settop(L, 1);
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, SELF, ROW);
	e->row = row;
	e->made = 0;
	lua_pushvalue(L, lua_upvalueindex(2));
	int status = lua_pcall(L, 0, 1, 0);
	e->row = outer;
	return status == LUA_OK ? 1 : raise_explained(L, e);
}

struct sl_expression *sl_expression_open_up(lua_State *L, int index)
{
	index = lua_absindex(L, index);
	if (lua_tocfunction(L, index) != call)
		return NULL;
	lua_getupvalue(L, index, 1);
	lua_getupvalue(L, index, 2); /* [expression, function] */
	return lua_touserdata(L, -2);
}

const struct sl_predicate *sl_expression_predicate(const struct sl_expression *e)
{
	return e->is_simple ? &e->predicate : NULL;
}

void sl_expression_aim(struct sl_expression *e)
{
	e->row = NULL;
}

/* ---- what was seen ---- */

static void add_text(lua_State *L, const char *list, const char *text, size_t len) /* [..., report] */
{
	lua_getfield(L, -1, list);
	lua_pushlstring(L, text, len);
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pop(L, 1);
}

static bool is_found(const struct sl_expression *e, struct sl_text name)
{
	for (size_t i = 1; i < e->tree.count; i++)
		if (e->tree.parts[i].kind == SL_SYNTAX_NAME && (e->predicate.seen[i] & SL_SEEN_FOUND) &&
		    sl_text_equal(e->tree.parts[i].is.text, name))
			return true;
	return false;
}

static bool is_literal(const struct sl_expression *e, uint16_t i)
{
	return e->tree.parts[i].kind <= SL_SYNTAX_STRING;
}

/* Does the name mean a library, whose member is used, as in math.pi, or called although
 * it does not exist? */
static bool is_of_member(const struct sl_expression *e, uint16_t name)
{
	const struct sl_part *parts = e->tree.parts;
	for (uint16_t i = 1; i < e->tree.count; i++) {
		uint16_t of = parts[i].kind == SL_SYNTAX_CALL ? parts[i].left : i;
		bool is_library = parts[of].kind == SL_SYNTAX_MEMBER && sl_syntax_library(&e->tree, of) == name;
		if (parts[of].left == name && (parts[i].is_member || (of != i && is_library)))
			return true;
	}
	return false;
}

static void report_part(lua_State *L, const struct sl_expression *e, uint16_t i) /* [..., report] */
{
	const struct sl_part *p = &e->tree.parts[i];
	uint8_t seen = e->predicate.seen[i], left = e->tree.parts[p->left].kind, right = e->tree.parts[p->right].kind;
	if (p->kind == SL_SYNTAX_NAME && seen == SL_SEEN_LOOKED && !is_found(e, p->is.text) &&
	    !is_of_member(e, i))
		add_text(L, "absent", p->is.text.bytes, p->is.text.len);
	if (seen & SL_SEEN_ZERO)
		add_text(L, "zero", e->source + p->at, p->end - p->at);
	if (p->kind >= SL_SYNTAX_LT && p->kind <= SL_SYNTAX_EQ && is_literal(e, p->left) && is_literal(e, p->right) &&
	    (left == SL_SYNTAX_STRING || right == SL_SYNTAX_STRING))
		add_text(L, "constant", e->source + p->at, p->end - p->at);
}

int sl_expression_report(lua_State *L) /* [function] */
{
	static const char *const lists[] = { "absent", "seen", "zero", "constant" };
	lua_settop(L, 1);
	const struct sl_expression *e = sl_expression_open_up(L, 1);
	luaL_argexpected(L, e != NULL && e->predicate.seen != NULL, 1, "expression");
	lua_createtable(L, 0, 4); /* [function, expression, chunk, report] */
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		lua_newtable(L);
		lua_setfield(L, -2, lists[i]);
	}
	lua_getiuservalue(L, 2, SEEN);
	for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) { /* [report, names, name] */
		lua_pushvalue(L, -3);
		add_text(L, "seen", lua_tostring(L, -2), lua_rawlen(L, -2));
		lua_pop(L, 1);
		lua_pop(L, 1);
	}
	lua_pop(L, 2);
	for (size_t i = 1; i < e->tree.count; i++)
		report_part(L, e, (uint16_t)i);
	return 1;
}

/* ---- compiling ---- */

static int refuse(lua_State *L, const struct sl_expression *e, const struct sl_syntax_error *why)
{
	SL_ERROR(err);
	sl_fail(&err, SL_USAGE, 0, "%s: %s", e->name, why->what);
	name_place(e, why->at, &err);
	return sl_lua_error_return(L, &err);
}

static struct sl_expression *push_state(lua_State *L, const char *name, const char *source, size_t len)
{
	size_t name_len = strlen(name);
	struct sl_expression *e = lua_newuserdatauv(L, sizeof *e + name_len + len + 2, VALUES);
	*e = (struct sl_expression){ .script = lua_touserdata(L, lua_upvalueindex(1)), .len = len };
	memcpy(e->name, name, name_len + 1);
	e->source = e->name + name_len + 1;
	memcpy(e->source, source, len);
	e->source[len] = '\0';
	sl_class_push(L, CLASS, NULL, expression_gc, NULL);
	lua_setmetatable(L, -2);
	lua_newtable(L);
	lua_setiuservalue(L, -2, FUNCTIONS);
	lua_newtable(L);
	lua_setiuservalue(L, -2, SEEN);
	return e;
}

/* Put the member of a global library that a part may mean into the table below. */
static void find_member(lua_State *L, struct sl_expression *e, uint16_t i) /* [..., functions, globals] */
{
	struct sl_part *p = &e->tree.parts[i];
	struct sl_text of = e->tree.parts[p->left].is.text;
	lua_pushlstring(L, of.bytes, of.len);
	if (lua_rawget(L, -2) == LUA_TTABLE) {
		lua_pushlstring(L, p->is.text.bytes, p->is.text.len);
		p->is_member = lua_rawget(L, -2) != LUA_TNIL;
		lua_rawseti(L, -4, i);
	}
	lua_pop(L, 1);
}

/* Make the metatable that keeps the fields of a table in their written order. */
static void keep_order(lua_State *L, const struct sl_expression *e, uint16_t i) /* [..., functions, globals] */
{
	lua_Integer rank = 0;
	const struct sl_part *parts = e->tree.parts;
	lua_newtable(L);
	for (uint16_t entry = parts[i].right; entry != 0; entry = parts[entry].next) {
		const struct sl_part *key = &parts[parts[entry].left];
		if (parts[entry].left == 0 || key->kind != SL_SYNTAX_STRING)
			continue;
		lua_pushlstring(L, key->is.text.bytes, key->is.text.len);
		lua_pushinteger(L, ++rank);
		lua_rawset(L, -3);
	}
	if (rank > 0) {
		sl_value_push_order(L);
		lua_pushvalue(L, -1);
		lua_rawseti(L, -4, i);
	}
	lua_pop(L, 1);
}

/* Find what the parts need, such as the global functions called by a bare name: true;
 * or false and the place of a function that does not exist. */
static bool find_functions(lua_State *L, struct sl_expression *e, struct sl_syntax_error *err) /* [..., expression] */
{
	lua_getiuservalue(L, -1, FUNCTIONS);
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); /* [functions, globals] */
	for (uint16_t i = 1; i < e->tree.count; i++) {
		const struct sl_part *p = &e->tree.parts[i], *f = &e->tree.parts[p->left];
		if (p->kind == SL_SYNTAX_TABLE)
			keep_order(L, e, i);
		if (p->kind == SL_SYNTAX_DECIMAL) {
			sl_decimal_push(L, p->is.text.bytes, p->is.text.len);
			lua_rawseti(L, -3, i);
		}
		if (p->kind == SL_SYNTAX_MEMBER && sl_syntax_library(&e->tree, i) == p->left)
			find_member(L, e, i);
		if (p->kind != SL_SYNTAX_CALL || f->kind != SL_SYNTAX_NAME)
			continue;
		lua_pushlstring(L, f->is.text.bytes, f->is.text.len);
		if (lua_rawget(L, -2) != LUA_TFUNCTION) {
			*err = (struct sl_syntax_error){ .at = f->at, .len = f->end - f->at };
			snprintf(err->what, sizeof err->what, "unknown function %.*s", (int)f->is.text.len, f->is.text.bytes);
			return false;
		}
		lua_rawseti(L, -3, p->left);
	}
	lua_pop(L, 2);
	return true;
}

/* [..., expression] -> [..., expression, function] */
static void push_function(lua_State *L, struct sl_expression *e)
{
	static const lua_CFunction given[] = { get_field, get_present, get_item, call_values, new_table, get_row };
	int state = lua_gettop(L);
	struct sl_codec *codec = sl_codec_push(L); /* its buffer is freed even after an error */
	const char *chunk_name = lua_pushfstring(L, "=%s", e->name);
	if (sl_translate(&e->tree, &codec->out, &e->lines) != 0)
		luaL_error(L, "not enough memory for an expression");
	if (luaL_loadbufferx(L, sl_buffer_data(&codec->out), sl_buffer_len(&codec->out), chunk_name, "t") != LUA_OK)
		lua_error(L);
	lua_pushlightuserdata(L, NULL);
	for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
		lua_pushvalue(L, state);
		sl_row_push_metatable(L);
		sl_value_push_values(L, sl_script_strings(L, e->script));
		lua_pushcclosure(L, given[i], 3);
	}
	lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
	lua_getiuservalue(L, state, FUNCTIONS);
	lua_pushcfunction(L, are_one_number);
	lua_call(L, 10, 1);
	lua_replace(L, state + 1);
	lua_settop(L, state + 1);
}

int sl_expression_compile(lua_State *L) /* [source, name?] */
{
	size_t len;
	struct sl_syntax_error why;
	const char *source = luaL_checklstring(L, 1, &len);
	const char *name = luaL_optstring(L, 2, "expression");
	luaL_checkstack(L, 24, "an expression");
	struct sl_expression *e = push_state(L, name, source, len);
	if (sl_syntax_read(&e->tree, e->source, len, &why) != 0 || !find_functions(L, e, &why))
		return refuse(L, e, &why);
	e->predicate = (struct sl_predicate){ &e->tree, calloc(e->tree.count, 1) };
	if (e->predicate.seen == NULL)
		luaL_error(L, "not enough memory for an expression");
	e->is_simple = sl_predicate_is_simple(&e->tree);
	push_function(L, e); /* [..., expression, function] */
	lua_pushcclosure(L, call, 2);
	return 1;
}
