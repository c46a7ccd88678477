/*
 * protect.h - contained calls of user Lua (room: script)
 *
 * Every call of user code goes through here, and the callbacks of the loop
 * enter Lua nowhere else. A call is a scope of the watchdog (limit.h); any
 * value that it raises becomes an error object that says which handler
 * failed, on which row, and where, and the Lua stack is restored.
 */
#pragma once

#include <lua.h>

#include "base/error.h"
#include "script/limit.h"
#include "script/state.h"

/*
 * From a callback: call body(event), where body is a C closure in the registry,
 * with the scope filled in. 0; or -1 and *err; the error object is kept, if memory
 * allows, in the user value `cause` of the closure's first upvalue. Never raises.
 */
int sl_protect_event(struct sl_script *s, int body, int cause, struct sl_scope *scope,
                     void *event, struct sl_error *err);

/* core.protect(name, kind, f, ...), and core.undisturbed. core.afterwards is for
 * handlers of an outcome: if the request had a deadline, they have the rest of its
 * time, but at least SL_AFTERWARDS_MS. */
#define SL_AFTERWARDS_MS 2000

int sl_protect_call(lua_State *L);
int sl_protect_undisturbed(lua_State *L);
int sl_protect_afterwards(lua_State *L);

/* lua_close, with a deadline as in core.afterwards, because it runs a script's finalizers. */
void sl_protect_close(lua_State *L);
