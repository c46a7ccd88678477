/* outcome.c - see outcome.h */
#include "script/outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>

#include "lua/error.h"
#include "lua/members.h"
#include "script/run.h"

/* ---- success ---- */

static void set_per_stream(lua_State *L, const struct sl_ledger *ledger) /* [..., summary] */
{
	lua_createtable(L, 0, ledger->count);
	for (int i = 0; i < ledger->count; i++) {
		const struct sl_stream *s = ledger->streams[i];
		lua_pushlstring(L, s->name, s->name_len);
		lua_pushinteger(L, (lua_Integer)s->seal.rows);
		lua_rawset(L, -3);
	}
	lua_setfield(L, -2, "per_stream");
}

/* Sets summary.NAME, decoded, and summary.NAME_json, the original text; neither if there is none. */
static void set_json(lua_State *L, struct sl_script *s, const char *name, const char *raw_name,
                     struct sl_text json) /* [..., summary] */
{
	if (json.bytes == NULL)
		return;
	lua_pushlstring(L, json.bytes, json.len);
	lua_setfield(L, -2, raw_name);
	sl_script_push_value(L, s, sl_script_parse(L, s, json.bytes, json.len));
	lua_setfield(L, -2, name);
}

/* As 16 hexadecimal digits, because a Lua integer would be negative half of the time. */
static void set_checksum(lua_State *L, uint64_t checksum) /* [..., table] */
{
	char digits[17];
	snprintf(digits, sizeof digits, "%016" PRIx64, checksum);
	lua_pushstring(L, digits);
	lua_setfield(L, -2, "checksum");
}

/* Adds the checksums of the seal that was checked to the counts of each stream. */
static void add_checksums(lua_State *L, const struct sl_ledger *ledger) /* [..., counts] */
{
	lua_getfield(L, -1, "per_stream");
	for (int i = 0; i < ledger->count; i++) {
		const struct sl_stream *s = ledger->streams[i];
		if (lua_getfield(L, -1, s->name) == LUA_TTABLE)
			set_checksum(L, s->seal.checksum);
		lua_pop(L, 1);
	}
	lua_pop(L, 1);
}

/* lualib adds the last three. */
static const char *const fields[] = {
	"total_rows", "per_stream", "elapsed", "stopped", "metadata", "metadata_json", "reply", "reply_json",
	"counts", "notes", "already_committed", "run_key", NULL,
};

static void push_summary(lua_State *L, int run, const struct sl_outcome *o)
{
	struct sl_script *s = ((struct sl_run *)lua_touserdata(L, run))->script;
	lua_createtable(L, 0, 8);
	lua_pushinteger(L, (lua_Integer)sl_ledger_rows(o->ledger));
	lua_setfield(L, -2, "total_rows");
	set_per_stream(L, o->ledger);
	lua_pushnumber(L, (lua_Number)o->elapsed_ns / 1e9);
	lua_setfield(L, -2, "elapsed");
	lua_pushboolean(L, o->stopped);
	lua_setfield(L, -2, "stopped");
	set_json(L, s, "metadata", "metadata_json", o->metadata);
	set_json(L, s, "reply", "reply_json", o->reply);
	sl_run_push_counts(L, run);
	add_checksums(L, o->ledger);
	lua_setfield(L, -2, "counts");
	sl_members_mark(L, "a summary", fields);
}

/* ---- failure ---- */

/* The handler's own error object has more details than its copy in C; but
 * something else may have ended the request first. */
static bool push_cause(lua_State *L, int run, const struct sl_error *err)
{
	if (lua_getiuservalue(L, run, SL_RUN_CAUSE) != LUA_TNIL) {
		lua_getfield(L, -1, "kind");
		const char *kind = lua_tostring(L, -1);
		bool same = kind != NULL && strcmp(kind, sl_kind_name(err->kind)) == 0;
		lua_pop(L, 1);
		if (same)
			return true;
	}
	lua_pop(L, 1);
	return false;
}

static void push_failure(lua_State *L, int run, const struct sl_outcome *o)
{
	if (!push_cause(L, run, &o->error))
		sl_lua_error_push(L, &o->error);
	if (o->tail.len == 0)
		return;
	lua_pushlstring(L, o->tail.bytes, o->tail.len);
	lua_setfield(L, -2, "tail");
}

void sl_outcome_push(lua_State *L, int run, const struct sl_outcome *o)
{
	luaL_checkstack(L, 8, "an outcome");
	if (o->success)
		push_summary(L, run, o);
	else
		push_failure(L, run, o);
}
