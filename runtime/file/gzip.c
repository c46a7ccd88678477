/* gzip.c - see gzip.h */
#include "file/gzip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>


#define GZIP_WRAPPER 16 /* added to the window's bits */
#define BLOCK (64u * 1024)

struct sl_gzip {
	z_stream z;
	int (*put)(void *ctx, const char *bytes, size_t len);
	void *ctx;
	char out[BLOCK];
};

/* ---- writing ---- */

struct sl_gzip *sl_gzip_new(int level, int (*put)(void *ctx, const char *bytes, size_t len),
                            void *ctx)
{
	struct sl_gzip *g = calloc(1, sizeof *g);
	if (g == NULL)
		return NULL;
	g->put = put;
	g->ctx = ctx;
	if (deflateInit2(&g->z, level, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, MAX_MEM_LEVEL,
	                 Z_DEFAULT_STRATEGY) == Z_OK)
		return g;
	free(g);
	return NULL;
}

void sl_gzip_free(struct sl_gzip *g)
{
	if (g == NULL)
		return;
	deflateEnd(&g->z);
	free(g);
}

/* Compress what is there; with Z_FINISH until the trailer is out. */
static int run(struct sl_gzip *g, int flush)
{
	do {
		g->z.next_out = (Bytef *)g->out;
		g->z.avail_out = sizeof g->out;
		deflate(&g->z, flush); /* cannot fail: it has room */
		size_t len = sizeof g->out - g->z.avail_out;
		int os = len > 0 ? g->put(g->ctx, g->out, len) : 0;
		if (os != 0)
			return os;
	} while (g->z.avail_out == 0);
	return 0;
}

int sl_gzip_write(struct sl_gzip *g, const char *bytes, size_t len)
{
	while (len > 0) {
		uInt piece = len > BLOCK ? BLOCK : (uInt)len;
		g->z.next_in = (Bytef *)bytes; /* not written to */
		g->z.avail_in = piece;
		int os = run(g, Z_NO_FLUSH);
		if (os != 0)
			return os;
		bytes += piece;
		len -= piece;
	}
	return 0;
}

int sl_gzip_end(struct sl_gzip *g)
{
	g->z.avail_in = 0;
	return run(g, Z_FINISH);
}

/* ---- reading ---- */

static void note(struct sl_old_text *text, const char *bytes, size_t len)
{
	size_t missing = text->wanted - text->len;
	size_t taken = len < missing ? len : missing;
	if (taken > 0)
		memcpy(text->head + text->len, bytes, taken);
	text->len += taken;
	text->empty = false;
	text->ends = bytes[len - 1] == '\n';
}

static int damaged(struct sl_error *err, const char *path, const char *why)
{
	return sl_fail(err, SL_SINK, 0, "cannot append to %s: it is %s", path, why);
}

static int read_all(gzFile in, const char *path, struct sl_old_text *text, sl_stop *stop,
                    struct sl_error *err)
{
	char block[BLOCK];
	int n = 0;
	while (stop(NULL, path) == 0 && (n = gzread(in, block, sizeof block)) > 0)
		note(text, block, (size_t)n);
	if (stop(err, path) != 0)
		return -1;
	if (n < 0)
		return damaged(err, path, "damaged");
	return !text->empty && gzdirect(in) ? damaged(err, path, "not compressed by gzip") : 0;
}

int sl_gzip_read(int fd, const char *path, struct sl_old_text *text, sl_stop *stop,
                 struct sl_error *err)
{
	text->len = 0;
	text->empty = text->ends = true;
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	gzFile in = own >= 0 && lseek(own, 0, SEEK_SET) == 0 ? gzdopen(own, "r") : NULL;
	if (in == NULL) {
		int os = errno;
		if (own >= 0)
			close(own);
		return sl_fail(err, SL_SINK, os, "cannot read %s", path);
	}
	int rc = read_all(in, path, text, stop, err);
	if (gzclose_r(in) == Z_BUF_ERROR && rc == 0)
		rc = damaged(err, path, "cut off");
	return rc;
}
