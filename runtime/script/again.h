/*
 * again.h - repeating something, each time in a process of its own (room: script)
 *
 * For `sluice run --watch`: what a policy leaves behind - globals, modules, a C library that
 * crashes - ends with the process. The parent waits for the child and for the user's signals, and
 * polls the files that it watches, because not every file system sends notifications.
 */
#pragma once

#include <lua.h>

/* core.fork(): 0 in the child, the child's pid in the parent; or nil and why not. Raises once this
 * process has had a worker, whose loop cannot be in two. The child gets SIGTERM when the parent ends. */
int sl_again_fork(lua_State *L);

/* core.await(pid or nil, ms): wait for ms, or until the child has ended: "exited" and its status, or
 * "signalled" and the signal; "interrupted" if the user has sent a signal; otherwise nothing. */
int sl_again_await(lua_State *L);

/* core.end_child(pid): SIGTERM, and two seconds later SIGKILL; returns when the child has ended. */
int sl_again_end(lua_State *L);

/* core.stamp(path): a text that differs when the file does: its device, inode, size and times of
 * change. Nothing if there is no such file. */
int sl_again_stamp(lua_State *L);
