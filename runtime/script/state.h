/*
 * state.h - sluice's data for one Lua state (room: script)
 *
 * One struct sl_script per Lua state: a userdata in the registry, made when
 * the module is opened. lua_close finalises it after everything that was made
 * later, so workers and runs may rely on it; the supervisor goes last.
 *
 * It also holds the parser that rows share. While a document is being turned
 * into Lua values its parser is taken (codec.h says why), and code that needs
 * one meanwhile gets a new one.
 *
 * A caller that waits turns the loop, and any call that may run callbacks is
 * between _enter and _leave: callbacks then enter Lua on that coroutine, and
 * nothing that they use is freed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "lua/codec.h"
#include "script/counts.h"
#include "script/limit.h"
#include "sink/sink.h"
#include "supervise/supervise.h"

struct sl_at_hand;
LIST_HEAD(sl_runs, sl_run);

/* User values of the userdata. */
enum { SL_SCRIPT_CODEC = 1, SL_SCRIPT_LOANS, SL_SCRIPT_VALUES = SL_SCRIPT_LOANS };

struct sl_script {
	struct sl_limit limit;
	struct sl_supervisor *supervisor; /* made on first use */
	lua_State *L;       /* the coroutine that runs the loop: callbacks enter here; NULL: none */
	bool turning;       /* inside the loop: it must not be entered again */
	int64_t rest_ns;    /* when a turn of the loop should return; 0: no matter */
	uint64_t turns;     /* of the loop, so far */
	uint64_t events;    /* callbacks so far: tells if a turn brought something */

	struct sl_codec *codec;    /* of rows, by their serials; kept alive by a user value */
	struct sl_value_strings *strings; /* of the Lua state; NULL until the first value */
	struct sl_json_writer *encoder;
	struct sl_buffer text;     /* of the latest mapped payload */
	struct sl_buffer reason;   /* why the row at hand was rejected */

	uint64_t serial;           /* of the latest row; each has its own */
	struct sl_at_hand *at_hand; /* the row that is being handled, or NULL */
	bool lent;                 /* its text is lent to userdata (row.h) */

	struct sl_sinks sinks;
	const struct sl_run *giving; /* the run whose row is being given to a taker without Lua, or NULL */
	struct sl_runs runs;       /* the active ones, whose outcome is awaited */
	struct sl_counts counts;   /* of the latest run that has an outcome */

	struct sl_worker **doomed; /* closed inside the loop; freed after the turn */
	size_t doomed_count, workers;
	bool closed;
};

/* Push the state's struct, which is made if need be. Raises on memory. */
struct sl_script *sl_script_open(lua_State *L);

/* Find it, or NULL; never raises, pushes nothing (two free slots needed). */
struct sl_script *sl_script_of(lua_State *L);

/* The supervisor, or NULL and *err. Raises once the script is closed. */
struct sl_supervisor *sl_script_supervisor(lua_State *L, struct sl_script *s, struct sl_error *err);

/* _doom: free a worker as soon as the loop allows. This cannot fail, because
 * _expect, which raises on memory, has made room for every worker. */
void sl_script_expect_worker(lua_State *L, struct sl_script *s);
void sl_script_doom_worker(struct sl_script *s, struct sl_worker *w);
void sl_script_bury(struct sl_script *s);

/* Around anything that may run callbacks; may be nested. */
struct sl_script_place {
	lua_State *L;
	bool turning;
};

struct sl_script_place sl_script_enter(struct sl_script *s, lua_State *L);
void sl_script_leave(struct sl_script *s, struct sl_script_place was);

/* A codec that is not taken, whose parser rows may use. Raises. */
struct sl_codec *sl_script_codec(lua_State *L, struct sl_script *s);

/* Take the parser that holds a document, if it is ours, while the document is
 * turned into values: pushes it, which keeps it alive (otherwise pushes nil and
 * returns NULL). _release gives it back and leaves the stack alone. _hold raises. */
struct sl_codec *sl_script_hold(lua_State *L, struct sl_script *s, const struct sl_json *json);
void sl_script_release(struct sl_codec *c);

/* Parse a text with the parser of rows; raises if it is not JSON. */
struct sl_json_value sl_script_parse(lua_State *L, struct sl_script *s, const char *text, size_t len);

/* The cache of recurring strings (sl_value_strings). Raises on memory. */
struct sl_value_strings *sl_script_strings(lua_State *L, struct sl_script *s);

/* Push a value of a document, taking the parser that holds it if it is ours.
 * One free slot is enough for anything but a table. */
void sl_script_push_value(lua_State *L, struct sl_script *s, struct sl_json_value v);
