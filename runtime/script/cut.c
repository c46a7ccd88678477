/* cut.c - see cut.h */
#include "script/cut.h"

#include <lauxlib.h>

#include "expression/predicate.h"
#include "host/recording_cut.h"
#include "lua/error.h"
#include "lua/options.h"
#include "script/expression.h"
#include "script/interrupt.h"
#include "script/protect.h"
#include "script/row.h"

#define WHERE "--where"

struct cut { /* on the C stack of sl_cut */
	lua_State *L;
	struct sl_script *script;
	const char *from;
	int where; /* index of the function, or 0 */
	const struct sl_predicate *predicate; /* the function's, if it is simple */
};

struct question { /* to Lua */
	const struct cut *cut;
	const struct sl_cut_row *row;
	bool answer;
};

/* ---- where ---- */

static void push_row(lua_State *L, struct sl_script *s, const struct sl_cut_row *row)
{
	struct sl_row_source from = {
		.stream = row->stream.bytes,
		.stream_len = row->stream.len,
		.sequence = row->sequence,
		.serial = ++s->serial,
		.text = row->text.bytes,
		.len = row->text.len,
	};
	sl_row_push_metatable(L);
	sl_row_push(L, s, &from, lua_gettop(L));
	lua_replace(L, -2);
}

static int ask(lua_State *L) /* [question, where] */
{
	struct question *q = lua_touserdata(L, 1);
	sl_script_open(L);
	lua_pushcclosure(L, sl_protect_call, 1);
	lua_pushliteral(L, WHERE);
	lua_pushliteral(L, "expression");
	lua_pushvalue(L, 2);
	push_row(L, q->cut->script, q->row);
	lua_call(L, 4, 2); /* [question, where, true, value] or [.., nil, err] */
	if (lua_isnil(L, -2))
		return lua_error(L);
	q->answer = lua_toboolean(L, -1) && !(lua_islightuserdata(L, -1) && lua_touserdata(L, -1) == NULL);
	return 0;
}

static int ask_lua(const struct cut *c, const struct sl_cut_row *row, struct sl_error *err)
{
	struct question q = { c, row, false };
	lua_State *L = c->L;
	if (sl_interrupt_check(err, c->from) != 0) /* a record may hold thousands of rows */
		return -1;
	lua_pushcfunction(L, ask);
	lua_pushlightuserdata(L, &q);
	lua_pushvalue(L, c->where);
	if (lua_pcall(L, 2, 0, 0) == LUA_OK)
		return q.answer;
	sl_lua_error_read(L, -1, SL_EXPRESSION, err);
	lua_pop(L, 1);
	sl_error_text(err, SL_D_STREAM, row->stream.bytes, row->stream.len);
	return sl_error_number(err, SL_D_SEQUENCE, (int64_t)row->sequence);
}

static int is_wanted(void *ctx, const struct sl_cut_row *row, struct sl_error *err)
{
	const struct cut *c = ctx;
	enum sl_verdict v = c->predicate != NULL ? sl_predicate_decide(c->predicate, sl_json_root(row->json))
	                                         : SL_VERDICT_UNSURE;
	return v == SL_VERDICT_UNSURE ? ask_lua(c, row, err) : v == SL_VERDICT_KEEP;
}

/* ---- options and report ---- */

/* Read a list of strings into an array, whose memory is pushed. */
static const struct sl_text *read_texts(lua_State *L, const char *name, size_t *count)
{
	const char *const *list = sl_option_list(L, 1, name);
	*count = 0;
	while (list != NULL && list[*count] != NULL)
		++*count;
	struct sl_text *texts = lua_newuserdatauv(L, (*count + 1) * sizeof *texts, 0);
	for (size_t i = 0; i < *count; i++)
		texts[i] = sl_text_of(list[i]);
	return texts;
}

static void read_where(struct cut *c, struct sl_cut_options *o)
{
	if (lua_getfield(c->L, 1, "where") == LUA_TNIL)
		return;
	c->where = lua_gettop(c->L);
	o->where = is_wanted;
	o->ctx = c;
	struct sl_expression *e = sl_expression_open_up(c->L, c->where);
	if (e != NULL) /* [where, expression, chunk] stay on the stack */
		c->predicate = sl_expression_predicate(e);
}

static void push_report(lua_State *L, const struct sl_cut_report *r)
{
	static const struct {
		const char *name;
		size_t at;
	} counts[] = {
#define COUNT(name) { #name, offsetof(struct sl_cut_report, name) }
		COUNT(strings), COUNT(others), COUNT(requests), COUNT(metadata), COUNT(replies), COUNT(failures),
		COUNT(diagnostics), COUNT(progress), COUNT(printed),
#undef COUNT
	};
	lua_newtable(L);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		lua_pushinteger(L, (lua_Integer) * (const uint64_t *)((const char *)r + counts[i].at));
		lua_setfield(L, -2, counts[i].name);
	}
	lua_createtable(L, (int)r->count, 0);
	for (size_t i = 0; i < r->count; i++) { /* [report, streams] */
		lua_createtable(L, 0, 3);
		lua_pushstring(L, r->streams[i].name);
		lua_setfield(L, -2, "name");
		lua_pushinteger(L, (lua_Integer)r->streams[i].rows);
		lua_setfield(L, -2, "rows");
		lua_pushinteger(L, (lua_Integer)r->streams[i].kept);
		lua_setfield(L, -2, "kept");
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	lua_setfield(L, -2, "streams");
}

static int report_gc(lua_State *L) /* [report] */
{
	sl_cut_report_clear(lua_touserdata(L, 1));
	return 0;
}

/* A finalizer frees it, even after an error. */
static struct sl_cut_report *new_report(lua_State *L)
{
	struct sl_cut_report *r = lua_newuserdatauv(L, sizeof *r, 0);
	*r = (struct sl_cut_report){ 0 };
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, report_gc);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	return r;
}

int sl_cut(lua_State *L) /* [options] */
{
	SL_ERROR(err);
	struct cut c = { .L = L, .script = lua_touserdata(L, lua_upvalueindex(1)) };
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	luaL_checkstack(L, 24, "a cut");
	struct sl_cut_options o = { .from = sl_option_string(L, 1, "from"), .to = sl_option_string(L, 1, "to"),
		                    .stop = sl_interrupt_check };
	luaL_argcheck(L, o.from != NULL && o.to != NULL, 1, "from and to: expected two names");
	c.from = o.from;
	o.first = (uint64_t)sl_option_integer(L, 1, "first", 0, INT64_MAX);
	o.last = (uint64_t)sl_option_integer(L, 1, "last", INT64_MAX, INT64_MAX);
	o.only = read_texts(L, "only", &o.only_count);
	o.redact = read_texts(L, "redact", &o.redact_count);
	read_where(&c, &o);
	struct sl_cut_report *report = new_report(L);
	if (sl_recording_cut(&o, report, &err) != 0)
		return sl_lua_error_return(L, &err);
	push_report(L, report);
	return 1;
}
