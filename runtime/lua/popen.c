/* popen.c - see popen.h */
#include "lua/popen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/children.h"
#include "base/spawn.h"

struct piped { /* a Lua file, and the process at its other end */
	luaL_Stream stream;
	pid_t pid;
};

static int close_piped(lua_State *L) /* [file] */
{
	struct piped *p = luaL_checkudata(L, 1, LUA_FILEHANDLE);
	int status = -1;
	fclose(p->stream.f);
	errno = 0;
	if (TEMP_FAILURE_RETRY(waitpid(p->pid, &status, 0)) < 0)
		status = -1;
	sl_children_disown(p->pid);
	return luaL_execresult(L, status);
}

/* Returns 0, or the errno. theirs: the child's descriptor, 0 or 1. */
static int start(const char *command, int theirs, int fd, pid_t *pid)
{
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	struct sl_spawn s = { .argv = argv, .fds = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, -1, -1 } };
	SL_ERROR(err);
	s.fds[theirs] = fd;
	return sl_spawn(&s, pid, &err) == 0 ? 0 : err.os;
}

/* [command, mode, file] */
static int open_piped(lua_State *L, struct piped *p, const char *command, bool reads)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return luaL_fileresult(L, 0, command);
	int ours = ends[reads ? 0 : 1], theirs = ends[reads ? 1 : 0];
	int os = start(command, reads ? STDOUT_FILENO : STDIN_FILENO, theirs, &p->pid);
	close(theirs);
	p->stream.f = os == 0 ? fdopen(ours, reads ? "r" : "w") : NULL;
	if (p->stream.f == NULL) {
		close(ours);
		errno = os;
		return luaL_fileresult(L, 0, command);
	}
	p->stream.closef = close_piped;
	lua_settop(L, 3);
	return 1;
}

static int popen_known(lua_State *L) /* [command, mode?] */
{
	const char *command = luaL_checkstring(L, 1), *mode = luaL_optstring(L, 2, "r");
	luaL_argcheck(L, strcmp(mode, "r") == 0 || strcmp(mode, "w") == 0, 2, "invalid mode");
	lua_settop(L, 2);
	struct piped *p = lua_newuserdatauv(L, sizeof *p, 0);
	p->stream.closef = NULL; /* counts as closed until there is a file */
	luaL_setmetatable(L, LUA_FILEHANDLE);
	fflush(NULL);
	return open_piped(L, p, command, *mode == 'r');
}

void sl_popen_open(lua_State *L)
{
	lua_getglobal(L, "io");
	lua_pushcfunction(L, popen_known);
	lua_setfield(L, -2, "popen");
	lua_pop(L, 1);
}
