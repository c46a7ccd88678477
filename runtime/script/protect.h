/*
 * protect.h - where user Lua is called, contained (room: script)
 *
 * Every call of user code goes through here, and the callbacks of the loop
 * enter Lua nowhere else. A call is a scope of the watchdog (limit.h); what
 * it raises, whatever that is, becomes an error object that says which handler
 * failed, on which row, and where, and the Lua stack is as found.
 */
#pragma once

#include <lua.h>

#include "base/error.h"
#include "script/limit.h"
#include "script/state.h"

/*
 * From a callback: call body(event), where body is a C closure in the registry,
 * with the scope filled in. 0; or -1 and *err, with the error object, if memory
 * allows, kept in the user value `cause` of the closure's first upvalue. Never
 * raises.
 */
int sl_protect_event(struct sl_script *s, int body, int cause, struct sl_scope *scope,
                     void *event, struct sl_error *err);

/* core.protect(name, kind, f, ...), and core.undisturbed. core.afterwards is for what
 * hears of an outcome: it has what is left of the request's time, and at least
 * SL_AFTERWARDS_MS of it, if the request had a deadline. */
#define SL_AFTERWARDS_MS 2000

int sl_protect_call(lua_State *L);
int sl_protect_undisturbed(lua_State *L);
int sl_protect_afterwards(lua_State *L);

/* lua_close, with a deadline like that: a script's finalizers run in it. */
void sl_protect_close(lua_State *L);
