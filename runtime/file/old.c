/* old.c - see old.h */
#include "file/old.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "file/gzip.h"

#define BLOCK (64u * 1024)

static int damaged(struct sl_error *err, const char *path, const char *why)
{
	return sl_fail(err, SL_SINK, 0, "cannot append to %s: it is %s", path, why);
}

static int unreadable(struct sl_error *err, const char *path, int os)
{
	return sl_fail(err, SL_SINK, os, "cannot read %s", path);
}

/* ---- the text ---- */

static void end_line(struct sl_old *o, enum sl_old_break kind)
{
	if (o->first_break == SL_BREAK_NONE)
		o->first_break = kind;
}

static enum sl_old_place place_after(const struct sl_old *o, char c)
{
	if (c == '"') {
		if (o->place == SL_AT_CELL || o->place == SL_AT_QUOTE)
			return SL_IN_QUOTED;
		return o->place == SL_IN_QUOTED ? SL_AT_QUOTE : SL_IN_BARE;
	}
	if (o->place == SL_IN_QUOTED)
		return SL_IN_QUOTED;
	return c == o->delimiter || c == '\n' || c == '\r' ? SL_AT_CELL : SL_IN_BARE;
}

static void step(struct sl_old *o, char c)
{
	bool is_within = o->place == SL_IN_QUOTED;
	if (!is_within && c == '\n')
		end_line(o, o->last == '\r' ? SL_BREAK_CRLF : SL_BREAK_LF);
	else if (!is_within && o->last == '\r')
		end_line(o, SL_BREAK_CR);
	o->place = place_after(o, c);
	o->last = c;
}

/* Returns how many bytes can be skipped: once the kind of line break is known, only
 * quotes matter, and the byte before a quote tells where it is. */
static size_t skip_plain(struct sl_old *o, const char *bytes, size_t len)
{
	if (o->place == SL_AT_QUOTE || (o->place != SL_IN_QUOTED && o->first_break == SL_BREAK_NONE))
		return 0;
	const char *quote = memchr(bytes, '"', len);
	size_t n = quote != NULL ? (size_t)(quote - bytes) : len;
	if (n > 0) {
		o->place = place_after(o, bytes[n - 1]);
		o->last = bytes[n - 1];
	}
	return n;
}

static void walk(struct sl_old *o, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len;) {
		i += skip_plain(o, bytes + i, len - i);
		if (i < len)
			step(o, bytes[i++]);
	}
}

/* A byte order mark may precede the first cell. */
static size_t skip_mark(struct sl_old *o, const char *bytes, size_t len)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t i = 0;
	while (i < len && o->mark < sizeof mark - 1 && bytes[i] == mark[o->mark]) {
		o->mark++;
		i++;
	}
	if (i < len && o->mark > 0 && o->mark < sizeof mark - 1)
		o->place = SL_IN_BARE; /* it only started like one */
	if (i < len)
		o->mark = sizeof mark;
	return i;
}

static void note(struct sl_old *o, const char *bytes, size_t len)
{
	size_t missing = o->wanted - o->len;
	size_t taken = len < missing ? len : missing;
	if (taken > 0)
		memcpy(o->head + o->len, bytes, taken);
	o->len += taken;
	o->empty = false;
	o->ends = bytes[len - 1] == '\n';
	if (o->delimiter != '\0') {
		size_t i = skip_mark(o, bytes, len);
		walk(o, bytes + i, len - i);
	}
}

bool sl_old_is_open(const struct sl_old *o)
{
	return o->place == SL_IN_QUOTED;
}

/* ---- a plain file ---- */

static int refuse_gzip(int fd, const char *path, struct sl_error *err)
{
	char magic[2];
	ssize_t n = pread(fd, magic, sizeof magic, 0);
	if (n < 0)
		return unreadable(err, path, errno);
	if (!sl_gunzip_is_magic(magic, (size_t)n))
		return 0;
	return damaged(err, path, "compressed by gzip; gzip = true appends to such a file");
}

static int read_ends(struct sl_old *o, int fd, const char *path, struct sl_error *err)
{
	struct stat st;
	char last = '\n';
	ssize_t n = pread(fd, o->head, o->wanted, 0);
	if (n < 0 || fstat(fd, &st) != 0 || (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) < 0))
		return unreadable(err, path, errno);
	o->len = (size_t)n;
	o->empty = st.st_size == 0;
	o->ends = last == '\n';
	return 0;
}

/* ---- all of a file ---- */

struct reading {
	struct sl_old *old;
	const char *path;
	struct sl_gunzip *gunzip;   /* NULL: it is plain */
	bool has_begun, has_member; /* a byte was read; one member is complete */
};

/* Reports bytes that cannot be unpacked, within a member or where one would begin. */
static int refuse_bytes(const struct reading *r, bool is_within, struct sl_error *err)
{
	if (is_within)
		return damaged(err, r->path, "damaged");
	return damaged(err, r->path, r->has_member ? "followed by bytes that are not gzip data, and readers stop there"
	                                           : "not compressed by gzip");
}

static int unpack(struct reading *r, const char *in, size_t len, struct sl_error *err)
{
	char block[BLOCK];
	while (len > 0) {
		bool begins = sl_gunzip_is_whole(r->gunzip) || !r->has_begun;
		bool is_within = !begins || sl_gunzip_is_magic(in, len);
		if (begins && *in != '\0' && *in != '\x1f')
			return refuse_bytes(r, false, err); /* one byte is enough to tell */
		ptrdiff_t n = sl_gunzip_run(r->gunzip, &in, &len, block, sizeof block);
		r->has_begun = true;
		if (n < 0)
			return refuse_bytes(r, is_within, err);
		if (n > 0)
			note(r->old, block, (size_t)n);
		r->has_member = r->has_member || sl_gunzip_is_whole(r->gunzip);
	}
	return 0;
}

static int take(struct reading *r, const char *bytes, size_t len, struct sl_error *err)
{
	if (r->gunzip != NULL)
		return unpack(r, bytes, len, err);
	note(r->old, bytes, len);
	return 0;
}

static int read_all(struct reading *r, int fd, sl_stop *stop, struct sl_error *err)
{
	char raw[BLOCK];
	ssize_t n;
	for (off_t at = 0; (n = pread(fd, raw, sizeof raw, at)) != 0; at += n) {
		if (stop(err, r->path) != 0)
			return -1;
		if (n < 0)
			return unreadable(err, r->path, errno);
		if (take(r, raw, (size_t)n, err) != 0)
			return -1;
	}
	return 0;
}

static int check_end(const struct reading *r, struct sl_error *err)
{
	if (r->has_begun && !sl_gunzip_is_whole(r->gunzip))
		return damaged(err, r->path, "cut off");
	return sl_gunzip_is_padded(r->gunzip) ? damaged(err, r->path, "followed by zeros, and readers stop there") : 0;
}

static int read_gzip(struct reading *r, int fd, sl_stop *stop, struct sl_error *err)
{
	r->gunzip = sl_gunzip_new();
	if (r->gunzip == NULL)
		return unreadable(err, r->path, ENOMEM);
	int rc = read_all(r, fd, stop, err);
	if (rc == 0)
		rc = check_end(r, err);
	sl_gunzip_free(r->gunzip);
	return rc;
}

int sl_old_read(struct sl_old *o, int fd, const char *path, bool is_gzip, sl_stop *stop, struct sl_error *err)
{
	struct reading r = { .old = o, .path = path };
	o->len = o->mark = 0;
	o->empty = o->ends = true;
	o->first_break = SL_BREAK_NONE;
	o->place = SL_AT_CELL;
	o->last = '\0';
	if (is_gzip)
		return read_gzip(&r, fd, stop, err);
	if (refuse_gzip(fd, path, err) != 0)
		return -1;
	return o->delimiter != '\0' ? read_all(&r, fd, stop, err) : read_ends(o, fd, path, err);
}
