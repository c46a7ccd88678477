/* kind_string.c - strings: see kind.h and flat.h */
#include <stdlib.h>

#include <lauxlib.h>

#include "base/utf8.h"
#include "schema/flat.h"
#include "schema/formats.h"
#include "schema/regex.h"

struct string {
	struct sl_node node;
	size_t min, max;   /* characters */
	int pattern;       /* anchor; 0: none */
	struct sl_regex *regex;
	sl_format format;
};

static void keep_regex(struct sl_compiler *c, struct string *s)
{
	struct sl_schema *schema = c->schema;
	struct sl_regex **more = realloc(schema->regexes, (schema->regex_count + 1) * sizeof *more);
	if (more == NULL) {
		sl_regex_free(s->regex);
		luaL_error(c->L, "not enough memory for a schema");
	}
	schema->regexes = more;
	schema->regexes[schema->regex_count++] = s->regex;
}

static void compile_regex(struct sl_compiler *c, struct string *s, int from)
{
	struct sl_regex_error err;
	size_t len;
	if (sl_compile_get(c, from, "regex") == LUA_TSTRING) {
		const char *text = lua_tolstring(c->L, -1, &len);
		s->regex = sl_regex_new(text, len, &err);
		if (s->regex == NULL && err.what[0] == '\0')
			luaL_error(c->L, "not enough memory for a schema");
		if (s->regex == NULL)
			luaL_error(c->L, "regex: %s, at character %d of: %s", err.what, (int)err.at, text);
		keep_regex(c, s);
	}
	lua_pop(c->L, 1);
}

static void refuse_format(lua_State *L, const char *name)
{
	luaL_Buffer b;
	const char *known;
	luaL_buffinit(L, &b);
	for (size_t i = 0; (known = sl_format_name(i)) != NULL; i++) {
		luaL_addstring(&b, i > 0 ? ", " : "");
		luaL_addstring(&b, known);
	}
	luaL_pushresult(&b);
	luaL_error(L, "format: unknown format \"%s\"; known formats are %s", name, lua_tostring(L, -1));
}

static void compile_string(struct sl_compiler *c, struct sl_node *n, int from)
{
	struct string *s = (struct string *)n;
	s->min = sl_compile_size(c, from, "min_length", 0);
	s->max = sl_compile_size(c, from, "max_length", SIZE_MAX);
	if (sl_compile_get(c, from, "format") == LUA_TSTRING) {
		s->format = sl_format_find(lua_tostring(c->L, -1));
		if (s->format == NULL)
			refuse_format(c->L, lua_tostring(c->L, -1));
	}
	lua_pop(c->L, 1);
	if (sl_compile_get(c, from, "pattern") == LUA_TSTRING)
		s->pattern = sl_compile_anchor(c);
	else
		lua_pop(c->L, 1);
	compile_regex(c, s, from);
	n->plain = s->min == 0 && s->max == SIZE_MAX && s->format == NULL && s->pattern == 0 &&
	           s->regex == NULL;
}

/* A character has one to four bytes, so usually nothing needs to be counted. */
static bool length_fits(const struct string *s, const char *text, size_t len)
{
	if (len <= s->max && len / 4 >= s->min)
		return true;
	if (len < s->min)
		return false;
	size_t characters = sl_utf8_count(text, len);
	return characters >= s->min && characters <= s->max;
}

bool sl_string_takes(const struct sl_node *n, const char *text, size_t len)
{
	const struct string *s = (const struct string *)n;
	return n->plain || (length_fits(s, text, len) && (s->format == NULL || s->format(text, len)) &&
	                    (s->regex == NULL || sl_regex_find(s->regex, text, len)));
}

bool sl_string_has_pattern(const struct sl_node *n)
{
	return ((const struct string *)n)->pattern != 0;
}

bool sl_string_matches(struct sl_walk *w, const struct sl_node *n)
{
	lua_State *L = w->L;
	lua_rawgeti(L, w->anchors, SL_ANCHOR_FIND);
	lua_pushvalue(L, -2);
	lua_rawgeti(L, w->anchors, ((const struct string *)n)->pattern);
	lua_call(L, 2, 1);
	bool found = lua_toboolean(L, -1);
	lua_pop(L, 1);
	return found;
}

static void read_string(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	size_t len;
	const char *text = sl_json_string(v, &len);
	lua_pushlstring(w->L, text, len);
	if (!sl_string_takes(n, text, len) || (sl_string_has_pattern(n) && !sl_string_matches(w, n)))
		sl_walk_violated(w, n->expected, v);
}

const struct sl_node_kind sl_kind_string = {
	"string", SL_MAY_BE(SL_JSON_STRING), sizeof(struct string), compile_string, read_string
};
