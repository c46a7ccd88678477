/* probe.c - the JSON room for tests: makes each function of json.h, and the values
 * and errors of host, available to Lua without the rest of the program.
 *
 *   p = probe.parser()            p:parse(text) p:parse_slowly(text): true | nil, err
 *   p:value([pointer])            decodes what a JSON Pointer finds: found, value
 *   p:field(name)                 the same for a field of the root
 *   p:outline(text)               is it outlined?
 *   p:seek(path)                  like field or value, in the outlined text: found, value
 *   probe.scan(text, from)        sl_scan from an offset to the end: comma, close,
 *                                 deepest; and the same as built without SSE2
 *   p:type(pointer) p:count(pointer)
 *   p:children(pointer)           array of { key or false, type }
 *   p:memory() p:trim(keep)
 *   probe.encode(value[, prefix]) text | nil, err, content of the buffer
 *   probe.write(op, ...)          calls the writer's functions: "[" "]" "{" "}",
 *                                 "key NAME", "string TEXT", or a number: text,
 *                                 number of calls that were refused
 *   probe.line(text)              sl_json_append_line
 *   probe.own_texts(text)         sl_json_own_text of every value, in the order of the
 *                                 document; number that differ when read backwards
 *   probe.error(kind, message, errno, details)  an error object made in C
 *   probe.to_error(value, kind)   a raised value converted by C to an error object
 *   probe.starve(code, n)         runs code, with json as its argument, in a Lua
 *                                 state of its own where the n-th allocation and
 *                                 all after it fail (Lua would retry a single one):
 *                                 success, bytes not freed after closing
 *   probe.bench(text, times, name, name)        nanoseconds for each
 *   probe.json                    the module sluice.json
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "lua/error.h"
#include "lua/value.h"
#include "json/document.h"
#include "json/documents.h"
#include "json/outline.h"
#include "json/scan.h"

#define PARSER "probe.parser"

/* ---- the parser ---- */

struct parser {
	struct sl_json *json;
	struct sl_outline outline;
	char *outlined;
};

static struct sl_json *check_parser(lua_State *L)
{
	return ((struct parser *)luaL_checkudata(L, 1, PARSER))->json;
}

static int parser_new(lua_State *L)
{
	struct parser *p = lua_newuserdatauv(L, sizeof *p, 0);
	*p = (struct parser){ .json = NULL };
	luaL_setmetatable(L, PARSER);
	p->json = sl_json_new();
	return p->json != NULL ? 1 : luaL_error(L, "no memory");
}

static int parser_gc(lua_State *L)
{
	struct parser *p = luaL_checkudata(L, 1, PARSER);
	sl_json_free(p->json);
	sl_outline_clear(&p->outline);
	free(p->outlined);
	*p = (struct parser){ .json = NULL };
	return 0;
}

static int answer(lua_State *L, int rc, const struct sl_error *err)
{
	if (rc == 0) {
		lua_pushboolean(L, 1);
		return 1;
	}
	luaL_pushfail(L);
	sl_lua_error_push(L, err);
	return 2;
}

/* A copy of the text: exactly as long as promised, and followed by the promised
 * padding, of bytes that would corrupt the result if they were read as text. */
static char *padded(const char *text, size_t len, size_t padding)
{
	char *copy = malloc(len + padding + 1);
	if (copy == NULL)
		abort();
	memcpy(copy, text, len);
	memset(copy + len, '7', padding);
	return copy;
}

static int parse_with(lua_State *L, size_t padding,
                      int (*parse)(struct sl_json *, const char *, size_t, struct sl_error *))
{
	struct sl_json *j = check_parser(L);
	struct sl_error err;
	size_t len;
	const char *text = luaL_checklstring(L, 2, &len);
	char *copy = padded(text, len, padding);
	sl_error_clear(&err);
	int rc = parse(j, copy, len, &err);
	free(copy); /* the document must not depend on it */
	return answer(L, rc, &err);
}

static int parser_parse(lua_State *L)
{
	return parse_with(L, SL_JSON_PADDING, sl_json_parse);
}

static int parser_parse_copy(lua_State *L)
{
	return parse_with(L, 0, sl_json_parse_copy);
}

static int parser_parse_slowly(lua_State *L)
{
	return parse_with(L, 0, sl_json_parse_slowly);
}

static int find(lua_State *L, struct sl_json_value *v)
{
	size_t len;
	const char *pointer = luaL_optlstring(L, 2, "", &len);
	return sl_json_pointer(sl_json_root(check_parser(L)), pointer, len, v);
}

static struct sl_json_value check_value(lua_State *L)
{
	struct sl_json_value v;
	if (find(L, &v) != 1)
		luaL_error(L, "nothing there");
	return v;
}

static int parser_value(lua_State *L)
{
	struct sl_json_value v;
	int found = find(L, &v);
	lua_pushinteger(L, found);
	if (found == 1)
		sl_value_push(L, v);
	return found == 1 ? 2 : 1;
}

static int parser_field(lua_State *L)
{
	struct sl_json_value v;
	size_t len;
	const char *name = luaL_checklstring(L, 2, &len);
	bool found = sl_json_field(sl_json_root(check_parser(L)), name, len, &v);
	lua_pushboolean(L, found);
	if (found)
		sl_value_push(L, v);
	return found ? 2 : 1;
}

static int parser_outline(lua_State *L)
{
	size_t len;
	const char *text = luaL_checklstring(L, 2, &len);
	struct parser *p = luaL_checkudata(L, 1, PARSER);
	free(p->outlined);
	p->outlined = padded(text, len, SL_JSON_PADDING);
	lua_pushboolean(L, sl_outline_read(&p->outline, p->json, p->outlined, len));
	return 1;
}

static int parser_seek(lua_State *L)
{
	struct sl_json_value v;
	struct sl_error err;
	size_t len;
	const char *path = luaL_checklstring(L, 2, &len);
	struct parser *p = luaL_checkudata(L, 1, PARSER);
	sl_error_clear(&err);
	int found = path[0] == '/' || len == 0
	          ? sl_outline_pointer(&p->outline, p->json, p->outlined, path, len, &v, &err)
	          : sl_outline_field(&p->outline, p->json, p->outlined, path, len, &v, &err);
	lua_pushinteger(L, found);
	if (found == 1)
		sl_value_push(L, v);
	return found == 1 ? 2 : 1;
}

void sl_scan_plainly(struct sl_scan *out, const char *text, size_t from, size_t to);

static int probe_scan(lua_State *L)
{
	struct sl_scan s[2];
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	size_t from = (size_t)luaL_checkinteger(L, 2);
	char *copy = padded(text, len, SL_JSON_PADDING);
	sl_scan(&s[0], copy, from, len);
	sl_scan_plainly(&s[1], copy, from, len);
	free(copy);
	for (int i = 0; i < 2; i++) {
		lua_pushinteger(L, (lua_Integer)s[i].comma);
		lua_pushinteger(L, (lua_Integer)s[i].close);
		lua_pushinteger(L, (lua_Integer)s[i].deepest);
	}
	return 6;
}

static int parser_type(lua_State *L)
{
	lua_pushstring(L, sl_json_type_name(sl_json_type(check_value(L))));
	return 1;
}

static int parser_count(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)sl_json_count(check_value(L)));
	return 1;
}

static int parser_children(lua_State *L)
{
	struct sl_json_iter it = sl_json_children(check_value(L));
	struct sl_json_value v;
	const char *key = NULL;
	size_t len = 0;
	lua_newtable(L);
	for (int i = 1; sl_json_next(&it, &key, &len, &v); i++) {
		lua_createtable(L, 2, 0);
		if (key != NULL)
			lua_pushlstring(L, key, len);
		else
			lua_pushboolean(L, 0);
		lua_rawseti(L, -2, 1);
		lua_pushstring(L, sl_json_type_name(sl_json_type(v)));
		lua_rawseti(L, -2, 2);
		lua_rawseti(L, -2, i);
	}
	return 1;
}

static int parser_memory(lua_State *L)
{
	lua_pushinteger(L, (lua_Integer)sl_json_memory(check_parser(L)));
	return 1;
}

static int parser_trim(lua_State *L)
{
	sl_json_trim(check_parser(L), (size_t)luaL_checkinteger(L, 2));
	return 0;
}

/* ---- writing ---- */

static int probe_encode(lua_State *L)
{
	struct sl_json_writer *w = sl_json_writer_new();
	struct sl_buffer out;
	struct sl_error err;
	size_t len;
	const char *prefix = luaL_optlstring(L, 2, "", &len);
	sl_buffer_init(&out);
	sl_buffer_append(&out, prefix, len);
	sl_error_clear(&err);
	int rc = sl_value_encode(L, 1, w, &out, &err), top = lua_gettop(L);
	if (rc != 0)
		answer(L, rc, &err);
	lua_pushlstring(L, sl_buffer_data(&out), sl_buffer_len(&out));
	sl_buffer_clear(&out);
	sl_json_writer_free(w);
	return lua_gettop(L) - top;
}

static int write_one(lua_State *L, int op, struct sl_json_writer *w, struct sl_error *err)
{
	size_t len;
	if (lua_isinteger(L, op))
		return sl_json_write_integer(w, lua_tointeger(L, op), err);
	if (lua_type(L, op) == LUA_TNUMBER)
		return sl_json_write_float(w, lua_tonumber(L, op), err);
	const char *text = luaL_checklstring(L, op, &len);
	switch (text[0]) {
	case '[': return sl_json_open_array(w, err);
	case ']': return sl_json_close_array(w, err);
	case '{': return sl_json_open_object(w, err);
	case '}': return sl_json_close_object(w, err);
	case 'k': return sl_json_write_key(w, text + 4, len - 4, err);
	default:  return sl_json_write_string(w, text + 7, len - 7, err);
	}
}

static int probe_write(lua_State *L)
{
	struct sl_json_writer *w = sl_json_writer_new();
	struct sl_buffer out;
	struct sl_error err;
	int refused = 0, ops = lua_gettop(L);
	sl_buffer_init(&out);
	sl_json_writer_begin(w, &out);
	for (int op = 1; op <= ops; op++) {
		sl_error_clear(&err);
		refused += write_one(L, op, w, &err) != 0;
	}
	lua_pushlstring(L, sl_buffer_data(&out), sl_buffer_len(&out));
	lua_pushinteger(L, refused);
	sl_buffer_clear(&out);
	sl_json_writer_free(w);
	return 2;
}

static int append_with(lua_State *L, int (*append)(struct sl_buffer *, const char *, size_t))
{
	struct sl_buffer out;
	size_t len;
	const char *text = luaL_checklstring(L, 1, &len);
	sl_buffer_init(&out);
	append(&out, text, len);
	lua_pushlstring(L, sl_buffer_data(&out), sl_buffer_len(&out));
	sl_buffer_clear(&out);
	return 1;
}

#define MOST_VALUES 1000

static size_t collect_values(struct sl_json_value v, struct sl_json_value *all, size_t n)
{
	enum sl_json_type type = sl_json_type(v);
	struct sl_json_value child;
	if (n == MOST_VALUES)
		return n;
	all[n++] = v;
	if (type != SL_JSON_ARRAY && type != SL_JSON_OBJECT)
		return n;
	for (struct sl_json_iter it = sl_json_children(v); sl_json_next(&it, NULL, NULL, &child);)
		n = collect_values(child, all, n);
	return n;
}

static int probe_own_texts(lua_State *L)
{
	static struct sl_json_value all[MOST_VALUES];
	static const char *at[MOST_VALUES];
	struct sl_json *j = sl_json_new();
	size_t len, others = 0;
	const char *text = luaL_checklstring(L, 1, &len);
	if (sl_json_parse_copy(j, text, len, NULL) != 0)
		return luaL_error(L, "not JSON");
	size_t n = collect_values(sl_json_root(j), all, 0);
	lua_newtable(L);
	for (size_t i = 0; i < n; i++) {
		at[i] = sl_json_own_text(all[i], &len);
		lua_pushlstring(L, at[i], len);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	while (n-- > 0)
		others += sl_json_own_text(all[n], &len) != at[n];
	lua_pushinteger(L, (lua_Integer)others);
	sl_json_free(j);
	return 2;
}

static int probe_line(lua_State *L)
{
	return append_with(L, sl_json_append_line);
}

static int probe_compact(lua_State *L)
{
	return append_with(L, sl_json_append_compact);
}

/* ---- documents ---- */

static void add_row(lua_State *L, int list, const struct sl_document_row *row)
{
	lua_createtable(L, 3, 0);
	lua_pushlstring(L, row->text, row->len);
	lua_rawseti(L, -2, 1);
	lua_pushinteger(L, (lua_Integer)row->line);
	lua_rawseti(L, -2, 2);
	lua_pushinteger(L, (lua_Integer)row->offset);
	lua_rawseti(L, -2, 3);
	lua_rawseti(L, list, (lua_Integer)lua_rawlen(L, list) + 1);
}

/* Reads all rows in the buffer: 0 or -1. A doubtful row that is not JSON is left out. */
static int add_rows(lua_State *L, int list, struct sl_documents *d, struct sl_buffer *b, bool last,
                    struct sl_error *err)
{
	struct sl_json *j = sl_json_new();
	struct sl_document_row row;
	int rc;
	while ((rc = sl_documents_next(d, sl_buffer_data(b), sl_buffer_len(b), last, &row, err)) > 0)
		if (sl_json_parse(j, row.text, row.len, NULL) == 0 || !sl_documents_doubt(d))
			add_row(L, list, &row);
	sl_json_free(j);
	sl_buffer_consume(b, sl_documents_used(d));
	return rc;
}

static int read_documents(lua_State *L, struct sl_documents *d, struct sl_error *err)
{
	struct sl_buffer b = { 0 };
	size_t len, size = (size_t)luaL_checkinteger(L, 3);
	const char *text = lua_tolstring(L, 1, &len);
	int rc = sl_buffer_append(&b, "", 0);
	for (; rc == 0 && len > 0; text += size, len -= size) {
		size = size < len ? size : len;
		sl_buffer_append(&b, text, size);
		rc = add_rows(L, 4, d, &b, false, err);
	}
	if (rc == 0)
		rc = add_rows(L, 4, d, &b, true, err);
	sl_buffer_clear(&b);
	return rc;
}

static int probe_documents(lua_State *L) /* [text, pointer or nil, size] */
{
	struct sl_error err;
	sl_error_clear(&err);
	luaL_checkstring(L, 1);
	lua_settop(L, 3);
	lua_newtable(L);
	struct sl_documents *d = sl_documents_new(luaL_optstring(L, 2, NULL), &err);
	int rc = -1;
	if (d != NULL) {
		sl_documents_begin(d, 0);
		rc = read_documents(L, d, &err);
	}
	sl_documents_free(d);
	return rc == 0 ? 1 : answer(L, rc, &err);
}

/* ---- errors ---- */

static enum sl_kind check_kind(lua_State *L, int arg)
{
	size_t len;
	const char *name = luaL_checklstring(L, arg, &len);
	return sl_kind_from_name(name, len);
}

static void add_details(lua_State *L, int table, struct sl_error *err)
{
	lua_pushnil(L);
	while (lua_next(L, table)) {
		size_t len;
		const char *name = luaL_checklstring(L, -2, &len);
		enum sl_detail detail = sl_detail_from_name(name, len);
		if (sl_detail_is_text(detail)) {
			const char *text = luaL_checklstring(L, -1, &len);
			sl_error_text(err, detail, text, len);
		} else {
			sl_error_number(err, detail, luaL_checkinteger(L, -1));
		}
		lua_pop(L, 1);
	}
}

static int probe_error(lua_State *L)
{
	struct sl_error err;
	sl_error_clear(&err);
	sl_fail(&err, check_kind(L, 1), (int)luaL_optinteger(L, 3, 0), "%s", luaL_checkstring(L, 2));
	if (lua_istable(L, 4))
		add_details(L, 4, &err);
	sl_lua_error_push(L, &err);
	return 1;
}

static int probe_to_error(lua_State *L)
{
	struct sl_error err;
	sl_lua_error_read(L, 1, check_kind(L, 2), &err);
	sl_lua_error_push(L, &err);
	return 1;
}

/* ---- out of memory ---- */

struct ration {
	lua_Integer left; /* allocations that still work */
	lua_Integer bytes;
};

static void *rationed(void *ud, void *block, size_t old, size_t size)
{
	struct ration *r = ud;
	if (block == NULL)
		old = 0; /* Lua passes a type tag here, not a size */
	if (size > old && --r->left <= 0)
		return NULL;
	r->bytes += (lua_Integer)size - (lua_Integer)old;
	if (size > 0)
		return realloc(block, size);
	free(block);
	return NULL;
}

static int run_code(lua_State *L)
{
	const char *code = lua_touserdata(L, 1);
	luaL_openlibs(L);
	if (luaL_loadstring(L, code) != LUA_OK)
		return lua_error(L);
	sl_value_open(L);
	lua_call(L, 1, 0);
	return 0;
}

static int probe_starve(lua_State *L)
{
	const char *code = luaL_checkstring(L, 1);
	struct ration ration = { luaL_checkinteger(L, 2), 0 };
	lua_State *own = lua_newstate(rationed, &ration);
	int status = LUA_ERRMEM;
	if (own != NULL) {
		lua_pushcfunction(own, run_code);
		lua_pushlightuserdata(own, (void *)code);
		status = lua_pcall(own, 1, 0, 0);
		if (status == LUA_ERRRUN)
			luaL_error(L, "%s", lua_tostring(own, -1));
		lua_close(own);
	}
	lua_pushboolean(L, status == LUA_OK);
	lua_pushinteger(L, ration.bytes);
	return 2;
}

/* ---- speed ---- */

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int probe_bench(lua_State *L)
{
	size_t len, name_len[2];
	const char *text = luaL_checklstring(L, 1, &len), *name[2];
	lua_Integer times = luaL_checkinteger(L, 2), found = 0;
	for (int i = 0; i < 2; i++)
		name[i] = luaL_checklstring(L, 3 + i, &name_len[i]);
	struct sl_json *j = sl_json_new();
	char *copy = padded(text, len, SL_JSON_PADDING);
	double start = now_ns();
	for (lua_Integer n = 0; n < times; n++) {
		struct sl_json_value v;
		sl_json_parse(j, copy, len, NULL);
		for (int i = 0; i < 2; i++)
			found += sl_json_field(sl_json_root(j), name[i], name_len[i], &v);
	}
	lua_pushnumber(L, (now_ns() - start) / (double)times);
	lua_pushinteger(L, found);
	free(copy);
	sl_json_free(j);
	return 2;
}

/* ---- the module ---- */

static const luaL_Reg methods[] = {
	{ "__gc", parser_gc },
	{ "parse", parser_parse },
	{ "parse_copy", parser_parse_copy },
	{ "parse_slowly", parser_parse_slowly },
	{ "value", parser_value },
	{ "field", parser_field },
		{ "outline", parser_outline },
		{ "seek", parser_seek },
	{ "type", parser_type },
	{ "count", parser_count },
	{ "children", parser_children },
	{ "memory", parser_memory },
	{ "trim", parser_trim },
	{ NULL, NULL },
};

static const luaL_Reg functions[] = {
	{ "parser", parser_new },
	{ "encode", probe_encode },
	{ "scan", probe_scan },
	{ "write", probe_write },
	{ "own_texts", probe_own_texts }, { "line", probe_line },
	{ "compact", probe_compact },
	{ "documents", probe_documents },
	{ "error", probe_error },
	{ "to_error", probe_to_error },
	{ "starve", probe_starve },
	{ "bench", probe_bench },
	{ NULL, NULL },
};

int luaopen_jsonprobe(lua_State *L);

__attribute__((visibility("default"))) int luaopen_jsonprobe(lua_State *L)
{
	luaL_newmetatable(L, PARSER);
	luaL_setfuncs(L, methods, 0);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	luaL_newlib(L, functions);
	sl_value_open(L);
	lua_setfield(L, -2, "json");
	return 1;
}
