/*
 * gzip.h - gzip on the way to a file and back (room: file)
 *
 * One member without name and time: the same bytes give the same file. A file
 * of several members is one text, so that appending is a further member.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sl_gzip;

/* put() takes all bytes: 0 or an errno. NULL: no memory. */
struct sl_gzip *sl_gzip_new(int level, int (*put)(void *ctx, const char *bytes, size_t len),
                            void *ctx);
void sl_gzip_free(struct sl_gzip *g); /* accepts NULL */

/* 0, or the errno of put(). */
int sl_gzip_write(struct sl_gzip *g, const char *bytes, size_t len);
int sl_gzip_end(struct sl_gzip *g); /* the rest, and the trailer */

/* Unpacks what comes in pieces; members that follow one another are one text. */
struct sl_gunzip;

struct sl_gunzip *sl_gunzip_new(void); /* NULL: no memory */
void sl_gunzip_free(struct sl_gunzip *g); /* accepts NULL */

/* Does a text that begins like this look like gzip? Two bytes tell. */
bool sl_gunzip_is_magic(const char *bytes, size_t len);

/* From *in, which moves on with *len, into out: how many bytes, 0 when it needs more of
 * them; or -1: it is damaged. */
ptrdiff_t sl_gunzip_run(struct sl_gunzip *g, const char **in, size_t *len, char *out, size_t room);

/* May it end here? */
bool sl_gunzip_is_whole(const struct sl_gunzip *g);

/* Have zeros followed it, as tar's blocks do? */
bool sl_gunzip_is_padded(const struct sl_gunzip *g);
