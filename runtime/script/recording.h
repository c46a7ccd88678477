/*
 * recording.h - making recordings from Lua (room: script)
 */
#pragma once

#include <lua.h>

/* core.recording(path, { worker =, version =, export =, request = }): a userdata with the calls of
 * supervise/recording_maker.h as methods (core.meta.lua), or nil and an error object. */
int sl_recording_new(lua_State *L);
