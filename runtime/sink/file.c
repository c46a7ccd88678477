/* file.c - see file.h */
#include "sink/file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>

#include "file/durable.h"
#include "file/gzip.h"
#include "file/old.h"
#include "lua/class.h"
#include "lua/error.h"
#include "lua/options.h"
#include "sink/writer.h"

#define WRITER 1 /* user value */

#define LEVEL 4       /* of gzip: twice as fast as 6 on rows, and about 15 % larger */
#define BEST_LEVEL 9
#define MOST_MODE 0777

struct sl_file { /* a userdata; zero: closed */
	struct sl_sinks *sinks;
	struct sl_durable durable;
	struct sl_gzip *gzip;     /* NULL: not compressed */
	struct sl_writer *writer; /* kept alive by the user value; NULL: ended */
	int level;                /* 0: not compressed */
	char path[];
};

/* ---- helpers ---- */

static int put(void *ctx, const char *bytes, size_t len)
{
	struct sl_file *f = ctx;
	return f->durable.state == SL_DURABLE_OPEN ? sl_durable_write(&f->durable, bytes, len) : EBADF;
}

static int compress(void *ctx, const char *bytes, size_t len)
{
	struct sl_file *f = ctx;
	return f->gzip != NULL ? sl_gzip_write(f->gzip, bytes, len) : EBADF;
}

static struct sl_file *check_file(lua_State *L)
{
	return luaL_checkudata(L, 1, SL_FILE);
}

static struct sl_file *check_state(lua_State *L, enum sl_durable_state state)
{
	static const char *const names[] = { "closed", "open", "prepared" };
	struct sl_file *f = check_file(L);
	if (f->durable.state != state)
		luaL_error(L, "the file %s is %s, and must be %s for this", f->path,
		           names[f->durable.state], names[state]);
	if (state == SL_DURABLE_OPEN && f->writer == NULL)
		luaL_error(L, "the file %s has failed, and can only be rolled back", f->path);
	return f;
}

/* Nothing is written after this. */
static void stop_writing(struct sl_file *f)
{
	if (f->writer != NULL)
		sl_writer_end(f->writer);
	f->writer = NULL;
	sl_gzip_free(f->gzip);
	f->gzip = NULL;
}

/* ---- methods ---- */

static int file_writer(lua_State *L) /* [file] */
{
	check_state(L, SL_DURABLE_OPEN);
	lua_getiuservalue(L, 1, WRITER);
	return 1;
}

static int file_write(lua_State *L) /* [file, text] */
{
	SL_ERROR(err);
	size_t len;
	const struct sl_file *f = check_state(L, SL_DURABLE_OPEN);
	const char *text = luaL_checklstring(L, 2, &len);
	return sl_lua_error_answer(L, sl_writer_text(f->writer, text, len, &err), &err);
}

static int finish(struct sl_file *f, struct sl_error *err)
{
	if (sl_writer_flush(f->writer, err) != 0)
		return -1;
	int os = f->gzip != NULL ? sl_gzip_end(f->gzip) : 0;
	if (os != 0)
		return sl_fail(err, SL_SINK, os, "cannot write %s", f->path);
	return sl_durable_prepare(&f->durable, err);
}

static int file_prepare(lua_State *L) /* [file] */
{
	SL_ERROR(err);
	struct sl_file *f = check_state(L, SL_DURABLE_OPEN);
	f->sinks->pause(f->sinks);
	int rc = finish(f, &err);
	f->sinks->resume(f->sinks);
	stop_writing(f);
	return sl_lua_error_answer(L, rc, &err);
}

static int file_commit(lua_State *L) /* [file] */
{
	SL_ERROR(err);
	struct sl_file *f = check_state(L, SL_DURABLE_PREPARED);
	return sl_lua_error_answer(L, sl_durable_commit(&f->durable, &err), &err);
}

static int file_rollback(lua_State *L) /* [file]; also __gc and __close */
{
	SL_ERROR(err);
	struct sl_file *f = check_file(L);
	stop_writing(f);
	return sl_lua_error_answer(L, sl_durable_rollback(&f->durable, &err), &err);
}

/* ---- the old content ---- */

/* eol: the line break in use, "\r" if the last line ends with it; nil: none. */
static void push_breaks(lua_State *L, const struct sl_old *old)
{
	static const char *const names[] = { [SL_BREAK_LF] = "\n", [SL_BREAK_CRLF] = "\r\n", [SL_BREAK_CR] = "\r" };
	bool ends_in_cr = old->last == '\r' && old->place == SL_AT_CELL;
	lua_pushstring(L, ends_in_cr ? names[SL_BREAK_CR] : names[old->first_break]);
	lua_setfield(L, -2, "eol");
	lua_pushboolean(L, sl_old_is_open(old));
	lua_setfield(L, -2, "open");
}

static void push_old(lua_State *L, const struct sl_old *old)
{
	lua_createtable(L, 0, 4);
	lua_pushlstring(L, old->head, old->len);
	lua_setfield(L, -2, "head");
	lua_pushboolean(L, old->ends);
	lua_setfield(L, -2, "ends");
	if (old->delimiter != '\0')
		push_breaks(L, old);
}

static int file_old(lua_State *L) /* [file, wanted, delimiter] */
{
	SL_ERROR(err);
	const struct sl_file *f = check_state(L, SL_DURABLE_OPEN);
	lua_Integer wanted = luaL_optinteger(L, 2, 0);
	luaL_argcheck(L, wanted >= 0 && wanted <= 1 << 20, 2, "not a number of bytes");
	const char *delimiter = luaL_optstring(L, 3, "");
	int fd = f->durable.old;
	if (fd < 0)
		return 0;
	struct sl_old old = { .wanted = (size_t)wanted, .delimiter = *delimiter };
	old.head = lua_newuserdatauv(L, old.wanted + 1, 0);
	f->sinks->pause(f->sinks);
	int rc = sl_old_read(&old, fd, f->path, f->level > 0, f->sinks->stop, &err);
	f->sinks->resume(f->sinks);
	if (rc != 0)
		return sl_lua_error_return(L, &err);
	if (old.empty)
		return 0;
	push_old(L, &old);
	return 1;
}

/* ---- making one ---- */

static int read_level(lua_State *L, int options)
{
	lua_getfield(L, options, "gzip");
	bool plain = lua_isboolean(L, -1) || lua_isnil(L, -1);
	int level = lua_toboolean(L, -1) ? LEVEL : 0;
	lua_pop(L, 1);
	return plain ? level : (int)sl_option_integer(L, options, "gzip", 0, BEST_LEVEL);
}

/* Push a file, not yet open. */
static struct sl_file *push_file(lua_State *L, struct sl_sinks *s, const char *path)
{
	size_t len = strlen(path);
	struct sl_file *f = lua_newuserdatauv(L, sizeof *f + len + 1, 1);
	*f = (struct sl_file){ .sinks = s };
	memcpy(f->path, path, len + 1);
	luaL_setmetatable(L, SL_FILE);
	return f;
}

static int begin(struct sl_file *f, bool append, int mode, struct sl_error *err)
{
	if (f->level > 0) {
		f->gzip = sl_gzip_new(f->level, put, f);
		if (f->gzip == NULL)
			return sl_fail(err, SL_SINK, ENOMEM, "cannot write %s", f->path);
	}
	return sl_durable_begin(&f->durable, f->path, append, mode, f->sinks->stop, err);
}

int sl_file_new(lua_State *L) /* [options] */
{
	SL_ERROR(err);
	struct sl_sinks *s = lua_touserdata(L, lua_upvalueindex(1));
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	const char *path = sl_option_string(L, 1, "path");
	luaL_argcheck(L, path != NULL && *path != '\0', 1, "path: expected the name of a file");
	bool append = sl_option_boolean(L, 1, "append");
	int mode = (int)sl_option_integer(L, 1, "mode", SL_DURABLE_MODE, MOST_MODE);
	int level = read_level(L, 1);
	struct sl_file *f = push_file(L, s, path); /* [options, file] */
	f->level = level;
	f->writer = sl_writer_push(L, s, &(struct sl_outlet){ level > 0 ? compress : put, f, f->path }, 2);
	lua_setiuservalue(L, 2, WRITER);
	f->sinks->pause(f->sinks);
	int rc = begin(f, append, mode, &err);
	f->sinks->resume(f->sinks);
	if (rc == 0)
		return 1;
	stop_writing(f);
	return sl_lua_error_return(L, &err);
}

static const luaL_Reg methods[] = {
	{ "writer", file_writer },
	{ "write", file_write },
	{ "old", file_old },
	{ "prepare", file_prepare },
	{ "commit", file_commit },
	{ "rollback", file_rollback },
	{ NULL, NULL },
};

void sl_file_open(lua_State *L)
{
	sl_class_push(L, SL_FILE, methods, file_rollback, file_rollback);
	lua_pop(L, 1);
}
