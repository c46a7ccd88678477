/*
 * descriptor.h - what the standard descriptors are, and files without a name (room: script)
 */
#pragma once

#include <lua.h>

/* core.terminal(fd): is it one, and its columns. */
int sl_descriptor_terminal(lua_State *L);

/* core.kind(path or fd): "file", "directory", "pipe" (or a socket), "null" (/dev/null) or
 * "device"; or nil and the system's words. */
int sl_descriptor_kind(lua_State *L);

/* core.hung_up(fd): has whoever would read what is written there gone? */
int sl_descriptor_hung_up(lua_State *L);

/* core.temporary(): a file that nobody else has a name for, in TMPDIR or /tmp: file and
 * the directory; or nil, the system's words and the directory. */
int sl_descriptor_temporary(lua_State *L);
