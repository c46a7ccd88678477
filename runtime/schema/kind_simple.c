/* kind_simple.c - any value, null, booleans: see kind.h */
#include "lua/value.h"
#include "schema/kind.h"

/* Push the value as it is: its JSON type has already been checked. */
static void read_simple(struct sl_walk *w, const struct sl_node *n, struct sl_json_value v)
{
	(void)n;
	size_t len;
	const char *text;
	switch (sl_json_type(v)) {
	case SL_JSON_STRING:
		text = sl_json_string(v, &len);
		lua_pushlstring(w->L, text, len);
		break;
	case SL_JSON_INTEGER:
		lua_pushinteger(w->L, (lua_Integer)sl_json_integer(v));
		break;
	case SL_JSON_BOOLEAN:
		lua_pushboolean(w->L, sl_json_boolean(v));
		break;
	case SL_JSON_NULL:
		lua_pushlightuserdata(w->L, NULL);
		break;
	default:
		sl_value_push(w->L, v);
	}
}

#define SIMPLE(types) types, sizeof(struct sl_node), NULL, read_simple

const struct sl_node_kind sl_kind_any = { "any", SIMPLE(SL_MAY_BE_ANY) };
const struct sl_node_kind sl_kind_null = { "null", SIMPLE(SL_MAY_BE(SL_JSON_NULL)) };
const struct sl_node_kind sl_kind_boolean = { "boolean", SIMPLE(SL_MAY_BE(SL_JSON_BOOLEAN)) };
