/* input.c - see input.h */
#include "host/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RAW_SIZE (64u * 1024)

static void forget(struct sl_input *in)
{
	sl_gunzip_free(in->gunzip);
	in->gunzip = NULL;
	in->is_known = in->has_ended = in->may_hold = false;
	sl_buffer_consume(&in->raw, sl_buffer_len(&in->raw));
}

void sl_input_open(struct sl_input *in, int fd, const char *name)
{
	forget(in);
	in->fd = fd;
	in->name = name;
}

void sl_input_open_plain(struct sl_input *in, int fd)
{
	sl_input_open(in, fd, NULL);
	in->is_known = true;
}

static void close_file(struct sl_input *in)
{
	if (in->fd > STDERR_FILENO && in->is_ours)
		close(in->fd);
	in->fd = -1;
	in->is_ours = false;
}

static bool is_stdin(const char *name)
{
	static const char *const names[] = { "-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* A path that names a descriptor, as a shell's <(...) does, means one of the runner's. */
static const char *reachable(const char *name, char *room, size_t size)
{
	static const char *const own[] = { "/dev/fd/", "/proc/self/fd/" };
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strncmp(name, own[i], strlen(own[i])) == 0) {
			snprintf(room, size, "/proc/%d/fd/%s", (int)getppid(), name + strlen(own[i]));
			return room;
		}
	return name;
}

int sl_input_next(struct sl_input *in, struct sl_error *err)
{
	char quoted[200], room[64];
	const char *name = in->files != NULL ? *in->files : NULL;
	if (name == NULL)
		return 0;
	close_file(in);
	in->files++;
	bool ours = !is_stdin(name);
	int fd = ours ? open(reachable(name, room, sizeof room), O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	if (fd < 0) {
		sl_fail(err, SL_EXPORT_FAILED, errno, "cannot open %s",
		        sl_quote(quoted, sizeof quoted, name, strlen(name)));
		return -1;
	}
	sl_input_open(in, fd, ours ? name : "stdin");
	in->is_ours = ours;
	return 1;
}

bool sl_input_is_ready(const struct sl_input *in)
{
	return in->is_known && (sl_buffer_len(&in->raw) > 0 || in->may_hold || in->has_ended);
}

/* ---- reading ---- */

static int fail(const struct sl_input *in, int os, const char *why, struct sl_error *err)
{
	char quoted[200];
	const char *name = in->name != NULL ? in->name : "the input";
	return sl_fail(err, SL_EXPORT_FAILED, os, "%s %s", sl_quote(quoted, sizeof quoted, name, strlen(name)), why);
}

static ssize_t read_descriptor(struct sl_input *in, char *at, size_t room, struct sl_error *err)
{
	ssize_t n = read(in->fd, at, room);
	if (n == 0)
		in->has_ended = true;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return SL_INPUT_AGAIN;
	return n < 0 ? fail(in, errno, "cannot be read", err) : n;
}

static ssize_t fill_raw(struct sl_input *in, struct sl_error *err)
{
	char *at = sl_buffer_room(&in->raw, RAW_SIZE);
	if (at == NULL)
		return fail(in, ENOMEM, "cannot be read", err);
	ssize_t n = read_descriptor(in, at, RAW_SIZE, err);
	if (n > 0)
		sl_buffer_added(&in->raw, (size_t)n);
	return n;
}

/* 0, once the first bytes have shown whether it is packed. */
static ssize_t find_out(struct sl_input *in, struct sl_error *err)
{
	ssize_t n = fill_raw(in, err);
	if (n < 0 || (sl_buffer_len(&in->raw) < 2 && !in->has_ended))
		return n < 0 ? n : SL_INPUT_AGAIN;
	in->is_known = true;
	if (!sl_gunzip_is_magic(sl_buffer_data(&in->raw), sl_buffer_len(&in->raw)))
		return 0;
	in->gunzip = sl_gunzip_new();
	return in->gunzip != NULL ? 0 : fail(in, ENOMEM, "cannot be decompressed", err);
}

static ssize_t read_plain(struct sl_input *in, char *at, size_t room, struct sl_error *err)
{
	size_t n = sl_buffer_len(&in->raw);
	if (n == 0)
		return in->has_ended ? 0 : read_descriptor(in, at, room, err);
	n = n < room ? n : room;
	memcpy(at, sl_buffer_data(&in->raw), n);
	sl_buffer_consume(&in->raw, n);
	return (ssize_t)n;
}

/* Unpacks the bytes at hand; 0: it needs more of them. */
static ssize_t unpack(struct sl_input *in, char *at, size_t room, struct sl_error *err)
{
	ptrdiff_t n;
	size_t len, left;
	do {
		const char *from = sl_buffer_data(&in->raw);
		len = left = sl_buffer_len(&in->raw);
		n = sl_gunzip_run(in->gunzip, &from, &left, at, room);
		sl_buffer_consume(&in->raw, len - left);
	} while (n == 0 && left > 0); /* it was at a new member */
	in->may_hold = n == (ptrdiff_t)room;
	return n < 0 ? fail(in, 0, "is damaged: it is not valid gzip data", err) : (ssize_t)n;
}

static ssize_t read_packed(struct sl_input *in, char *at, size_t room, struct sl_error *err)
{
	ssize_t n = unpack(in, at, room, err);
	if (n != 0)
		return n;
	if (!in->has_ended && (n = fill_raw(in, err)) < 0)
		return n;
	n = unpack(in, at, room, err);
	if (n != 0 || !in->has_ended)
		return n != 0 ? n : SL_INPUT_AGAIN;
	return sl_gunzip_is_whole(in->gunzip) ? 0 : fail(in, 0, "is truncated: the end of its gzip data is missing", err);
}

ssize_t sl_input_read(struct sl_input *in, char *at, size_t room, struct sl_error *err)
{
	if (!in->is_known) {
		ssize_t rc = find_out(in, err);
		if (rc < 0)
			return rc;
	}
	return in->gunzip != NULL ? read_packed(in, at, room, err) : read_plain(in, at, room, err);
}

void sl_input_clear(struct sl_input *in)
{
	close_file(in);
	forget(in);
	sl_buffer_clear(&in->raw);
}
