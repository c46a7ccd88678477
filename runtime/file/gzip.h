/*
 * gzip.h - compresses and decompresses gzip (room: file)
 *
 * Writes one member without name and time: the same bytes give the same file. A
 * file of several members is one text, so appending adds a member.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sl_gzip;

/* put() must take all bytes and returns 0 or an errno. NULL: out of memory. */
struct sl_gzip *sl_gzip_new(int level, int (*put)(void *ctx, const char *bytes, size_t len),
                            void *ctx);
void sl_gzip_free(struct sl_gzip *g); /* accepts NULL */

/* Both return 0, or the errno of put(). */
int sl_gzip_write(struct sl_gzip *g, const char *bytes, size_t len);
int sl_gzip_end(struct sl_gzip *g); /* writes the rest, and the trailer */

/* Decompresses piece by piece; consecutive members are one text. */
struct sl_gunzip;

struct sl_gunzip *sl_gunzip_new(void); /* NULL: out of memory */
void sl_gunzip_free(struct sl_gunzip *g); /* accepts NULL */

/* Do these bytes begin like gzip? Two bytes are enough to tell. */
bool sl_gunzip_is_magic(const char *bytes, size_t len);

/* Decompresses from *in into out, and advances *in and *len. Returns the number of bytes
 * produced, which is 0 if it needs more input, or -1 if the data is damaged. */
ptrdiff_t sl_gunzip_run(struct sl_gunzip *g, const char **in, size_t *len, char *out, size_t room);

/* May the input end here? */
bool sl_gunzip_is_whole(const struct sl_gunzip *g);

/* Was it followed by zeros, as in tar's blocks? */
bool sl_gunzip_is_padded(const struct sl_gunzip *g);
