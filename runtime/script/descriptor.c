/* descriptor.c - see descriptor.h */
#include "script/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <lauxlib.h>

#define COLUMNS 80

int sl_descriptor_terminal(lua_State *L) /* [fd] */
{
	struct winsize size = { 0 };
	int fd = (int)luaL_checkinteger(L, 1);
	lua_pushboolean(L, isatty(fd));
	bool known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
	lua_pushinteger(L, known ? size.ws_col : COLUMNS);
	return 2;
}

static const char *kind_of(const struct stat *st)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFIFO:
	case S_IFSOCK: return "pipe";
	case S_IFCHR: return st->st_rdev == makedev(1, 3) ? "null" : "device";
	default: return "device";
	}
}

int sl_descriptor_kind(lua_State *L) /* [path or fd] */
{
	struct stat st;
	int rc = lua_isinteger(L, 1) ? fstat((int)lua_tointeger(L, 1), &st) : stat(luaL_checkstring(L, 1), &st);
	if (rc != 0) {
		luaL_pushfail(L);
		lua_pushstring(L, strerror(errno));
		return 2;
	}
	lua_pushstring(L, kind_of(&st));
	return 1;
}

int sl_descriptor_hung_up(lua_State *L) /* [fd] */
{
	struct pollfd p = { .fd = (int)luaL_checkinteger(L, 1) };
	lua_pushboolean(L, poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0);
	return 1;
}

/* ---- files without a name ---- */

static const char *directory(void)
{
	const char *named = getenv("TMPDIR");
	return named != NULL && *named != '\0' ? named : P_tmpdir;
}

/* Not every file system supports O_TMPFILE. */
static int open_unnamed(lua_State *L, const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	char *path = lua_newuserdatauv(L, strlen(dir) + sizeof "/sluice.XXXXXX", 0);
	sprintf(path, "%s/sluice.XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int close_file(lua_State *L)
{
	luaL_Stream *s = luaL_checkudata(L, 1, LUA_FILEHANDLE);
	return luaL_fileresult(L, fclose(s->f) == 0, NULL);
}

int sl_descriptor_temporary(lua_State *L)
{
	const char *dir = directory();
	luaL_Stream *s = lua_newuserdatauv(L, sizeof *s, 0);
	s->closef = NULL; /* closed, until there is a file */
	luaL_setmetatable(L, LUA_FILEHANDLE);
	int top = lua_gettop(L), fd = open_unnamed(L, dir);
	s->f = fd >= 0 ? fdopen(fd, "w+") : NULL;
	if (s->f == NULL) {
		int os = errno;
		if (fd >= 0)
			close(fd);
		luaL_pushfail(L);
		lua_pushstring(L, strerror(os));
		lua_pushstring(L, dir);
		return 3;
	}
	s->closef = close_file;
	lua_settop(L, top);
	lua_pushstring(L, dir);
	return 2;
}
