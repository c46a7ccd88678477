/* gzip.c - see gzip.h */
#include "file/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

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

/* Compresses the pending input; with Z_FINISH, until the trailer is written. */
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

/* ---- unpacking ---- */

struct sl_gunzip {
	z_stream z;
	bool between; /* members */
	bool padded;  /* zeros followed the last one, as in tar's blocks */
};

struct sl_gunzip *sl_gunzip_new(void)
{
	struct sl_gunzip *g = calloc(1, sizeof *g);
	if (g != NULL && inflateInit2(&g->z, MAX_WBITS + GZIP_WRAPPER) == Z_OK)
		return g;
	free(g);
	return NULL;
}

void sl_gunzip_free(struct sl_gunzip *g)
{
	if (g == NULL)
		return;
	inflateEnd(&g->z);
	free(g);
}

bool sl_gunzip_is_magic(const char *bytes, size_t len)
{
	return len >= 2 && (unsigned char)bytes[0] == 0x1F && (unsigned char)bytes[1] == 0x8B;
}

/* Called between members: the last one may be followed by zeros, but then by nothing else. */
static int begin_member(struct sl_gunzip *g, const char **in, size_t *len)
{
	for (; *len > 0 && **in == '\0'; (*in)++, (*len)--)
		g->padded = true;
	if (*len == 0)
		return 0;
	g->between = false;
	return g->padded || inflateReset(&g->z) != Z_OK ? -1 : 0;
}

ptrdiff_t sl_gunzip_run(struct sl_gunzip *g, const char **in, size_t *len, char *out, size_t room)
{
	size_t piece = room < UINT_MAX ? room : UINT_MAX, taken;
	if (g->between && begin_member(g, in, len) != 0)
		return -1;
	if (g->between)
		return 0;
	taken = *len < BLOCK ? *len : BLOCK;
	g->z.next_in = (Bytef *)*in; /* not written to */
	g->z.avail_in = (uInt)taken;
	g->z.next_out = (Bytef *)out;
	g->z.avail_out = (uInt)piece;
	int rc = inflate(&g->z, Z_NO_FLUSH);
	*in += taken - g->z.avail_in;
	*len -= taken - g->z.avail_in;
	g->between = rc == Z_STREAM_END;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return -1;
	return (ptrdiff_t)(piece - g->z.avail_out);
}

bool sl_gunzip_is_whole(const struct sl_gunzip *g)
{
	return g->between;
}

bool sl_gunzip_is_padded(const struct sl_gunzip *g)
{
	return g->padded;
}
