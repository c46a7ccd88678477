/* writer.c - see writer.h */
#include "sink/writer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/buffer.h"
#include "json/json.h"
#include "lua/class.h"
#include "lua/error.h"
#include "sink/taker.h"

#define FULL (64u * 1024)

struct sl_writer { /* a userdata */
	struct sl_sinks *sinks;
	struct sl_outlet outlet; /* put NULL: none; a descriptor is used */
	int fd;
	const char *name; /* of the descriptor, for messages, or NULL; kept by a user value */
	int failed; /* errno of the first failure, or 0 */
	struct sl_buffer out;
	LIST_ENTRY(sl_writer) entry; /* of sinks->dirty */
	bool dirty;                  /* it is in that list */
};

/* ---- dirty or not ---- */

static void mark_dirty(struct sl_writer *w)
{
	if (w->dirty || w->outlet.put != NULL)
		return;
	LIST_INSERT_HEAD(&w->sinks->dirty, w, entry);
	w->dirty = true;
}

static void mark_clean(struct sl_writer *w)
{
	if (w->dirty)
		LIST_REMOVE(w, entry);
	w->dirty = false;
}

/* ---- writing ---- */

/* Another process that shares the descriptor may have made it non-blocking:
 * then wait here. */
static int wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	return poll(&p, 1, -1) < 0 ? errno : 0;
}

/* After a failed write: 0 to try again, or the errno. */
static int again(const struct sl_writer *w, int os)
{
	if (os == EAGAIN || os == EWOULDBLOCK)
		os = wait_writable(w->fd);
	if (os == EINTR)
		return w->sinks->is_hurried() ? EINTR : 0;
	return os;
}

static int put_out(struct sl_writer *w)
{
	size_t len = sl_buffer_len(&w->out);
	int os = len > 0 ? w->outlet.put(w->outlet.ctx, sl_buffer_data(&w->out), len) : 0;
	sl_buffer_consume(&w->out, len);
	return os;
}

static int write_out(struct sl_writer *w)
{
	if (w->outlet.put != NULL)
		return put_out(w);
	while (sl_buffer_len(&w->out) > 0) {
		ssize_t n = write(w->fd, sl_buffer_data(&w->out), sl_buffer_len(&w->out));
		if (n >= 0) {
			sl_buffer_consume(&w->out, (size_t)n);
			continue;
		}
		int os = again(w, errno);
		if (os != 0)
			return os;
	}
	return 0;
}

static int fail(const struct sl_writer *w, struct sl_error *err)
{
	if (w->outlet.put != NULL)
		return sl_fail(err, SL_SINK, w->failed, "cannot write %s", w->outlet.name);
	if (w->fd == STDOUT_FILENO)
		return sl_fail(err, SL_SINK, w->failed, "cannot write to standard output");
	if (w->name != NULL)
		return sl_fail(err, SL_SINK, w->failed, "cannot write %s", w->name);
	return sl_fail(err, SL_SINK, w->failed, "cannot write to descriptor %d", w->fd);
}

int sl_writer_flush(struct sl_writer *w, struct sl_error *err)
{
	mark_clean(w);
	if (w->failed == 0)
		w->failed = write_out(w);
	if (w->failed == 0)
		return 0;
	sl_buffer_clear(&w->out);
	return fail(w, err);
}

/* Room in the buffer for len more bytes: 0, or -1 and *err. */
static int make_room(struct sl_writer *w, size_t len, struct sl_error *err)
{
	if (w->failed != 0)
		return fail(w, err);
	if (sl_buffer_len(&w->out) > 0 && sl_buffer_len(&w->out) + len > FULL &&
	    sl_writer_flush(w, err) != 0)
		return -1;
	if (sl_buffer_room(&w->out, len > FULL ? len : FULL) != NULL)
		return 0;
	w->failed = ENOMEM;
	return fail(w, err);
}

/* Bytes were added: flush if the buffer is full. */
static int added(struct sl_writer *w, struct sl_error *err)
{
	if (sl_buffer_len(&w->out) >= FULL)
		return sl_writer_flush(w, err);
	mark_dirty(w);
	return 0;
}

/* A row's text on one line, and a line break. */
static enum sl_took take(void *self, const struct sl_taken *row, struct sl_error *err)
{
	struct sl_writer *w = self;
	if (make_room(w, row->len + 1, err) != 0)
		return SL_TAKE_FAILED;
	sl_json_append_line(&w->out, row->text, row->len); /* cannot fail: there is room */
	sl_buffer_append(&w->out, "\n", 1);
	return added(w, err) == 0 ? SL_TOOK : SL_TAKE_FAILED;
}

int sl_writer_text(struct sl_writer *w, const char *text, size_t len, struct sl_error *err)
{
	if (make_room(w, len, err) != 0)
		return -1;
	sl_buffer_append(&w->out, text, len);
	return added(w, err);
}

void sl_writer_end(struct sl_writer *w)
{
	mark_clean(w);
	sl_buffer_clear(&w->out);
	if (w->failed == 0)
		w->failed = EBADF;
}

/* ---- in Lua ---- */

static int writer_write(lua_State *L) /* [writer, text] */
{
	SL_ERROR(err);
	size_t len;
	struct sl_writer *w = luaL_checkudata(L, 1, SL_WRITER);
	const char *text = luaL_checklstring(L, 2, &len);
	return sl_lua_error_answer(L, sl_writer_text(w, text, len, &err), &err);
}

static int writer_flush(lua_State *L) /* [writer] */
{
	SL_ERROR(err);
	struct sl_writer *w = luaL_checkudata(L, 1, SL_WRITER);
	return sl_lua_error_answer(L, sl_writer_flush(w, &err), &err);
}

/* A failure can no longer be reported. An outlet may be gone already: unflushed
 * data is discarded unless its owner prepares. */
static int writer_gc(lua_State *L) /* [writer] */
{
	struct sl_writer *w = luaL_checkudata(L, 1, SL_WRITER);
	if (w->outlet.put == NULL)
		sl_writer_flush(w, NULL);
	sl_buffer_clear(&w->out);
	return 0;
}

struct sl_writer *sl_writer_test(lua_State *L, int index)
{
	return luaL_testudata(L, index, SL_WRITER);
}

static int check_descriptor(lua_State *L)
{
	const luaL_Stream *file = luaL_testudata(L, 1, LUA_FILEHANDLE);
	if (file != NULL && file->closef != NULL)
		return fileno(file->f);
	lua_Integer fd = luaL_checkinteger(L, 1);
	luaL_argcheck(L, fd >= 0 && fd <= 0x7fffffff, 1, "not a descriptor");
	return (int)fd;
}

int sl_writer_new(lua_State *L) /* [fd or file, name?] */
{
	int fd = check_descriptor(L);
	const char *name = luaL_optstring(L, 2, NULL);
	lua_settop(L, 2);
	struct sl_writer *w = lua_newuserdatauv(L, sizeof *w, 2);
	*w = (struct sl_writer){ .sinks = lua_touserdata(L, lua_upvalueindex(1)), .fd = fd, .name = name };
	lua_pushvalue(L, 1); /* keeps a Lua file open */
	lua_setiuservalue(L, -2, 1);
	lua_pushvalue(L, 2);
	lua_setiuservalue(L, -2, 2);
	luaL_setmetatable(L, SL_WRITER);
	return 1;
}

struct sl_writer *sl_writer_push(lua_State *L, struct sl_sinks *s, const struct sl_outlet *outlet,
                                 int owner)
{
	owner = lua_absindex(L, owner);
	struct sl_writer *w = lua_newuserdatauv(L, sizeof *w, 1);
	*w = (struct sl_writer){ .sinks = s, .outlet = *outlet, .fd = -1 };
	luaL_setmetatable(L, SL_WRITER);
	lua_pushvalue(L, owner);
	lua_setiuservalue(L, -2, 1);
	return w;
}

static const luaL_Reg methods[] = {
	{ "write", writer_write },
	{ "flush", writer_flush },
	{ NULL, NULL },
};

void sl_writer_open(lua_State *L, const struct sl_sinks *s)
{
	static const struct sl_taker_type type = { .take = take };
	sl_class_push(L, SL_WRITER, methods, writer_gc, NULL);
	sl_taker_open(L, &type, s);
}
