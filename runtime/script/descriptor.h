/*
 * descriptor.h - properties of descriptors, and files without a name (room: script)
 */
#pragma once

#include <lua.h>

/* core.terminal(fd): whether it is a terminal, and its columns. */
int sl_descriptor_terminal(lua_State *L);

/* core.kind(path or fd): "file", "directory", "pipe" (or a socket), "null" (/dev/null) or
 * "device"; or nil and the system's message. */
int sl_descriptor_kind(lua_State *L);

/* core.hung_up(fd): has the reader of what is written there gone? */
int sl_descriptor_hung_up(lua_State *L);

/* core.temporary(): a file without a name, in TMPDIR or /tmp. Returns the file and the
 * directory; or nil, the system's message and the directory. */
int sl_descriptor_temporary(lua_State *L);
