/*
 * again.h - to do something again and again, each time in a process of its own (room: script)
 *
 * For `sluice run --watch`: what a policy leaves behind - globals, modules, a C library that
 * crashes - ends with the process. The parent waits for it, for the user's signals, and looks at
 * the files that it watches; it is polled, because notifications do not come from every file system.
 */
#pragma once

#include <lua.h>

/* core.fork(): 0 in the child, else its pid; or nil and why not. Raises once this process has
 * had a worker: its loop cannot be in two. The child gets SIGTERM when the parent ends. */
int sl_again_fork(lua_State *L);

/* core.await(pid or nil, ms): wait so long, or until the child has ended: "exited" and its status, or
 * "signalled" and the signal; "interrupted", when the user has sent a signal; nil. */
int sl_again_await(lua_State *L);

/* core.end_child(pid): SIGTERM, and two seconds later SIGKILL; it has ended when this returns. */
int sl_again_end(lua_State *L);

/* core.stamp(path): a text that is another one when the file is: of its device, inode, size and
 * time of change. Nothing: there is none. */
int sl_again_stamp(lua_State *L);
