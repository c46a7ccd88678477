/*
 * simd.h - the fast reader, and what else only C++ can do (room: json, private)
 *
 * A C face on simdjson's DOM parser. A parsed document is a tape of 64-bit
 * words and a buffer of strings, in the layout that simdjson documents
 * (doc/tape.md) and that document.h walks.
 *
 * A second implementation of what check.h and slow.h do, kept for speed: a row of
 * 158 bytes takes 0.18 µs instead of 0.78, 1 MB 0.45 ms instead of 4.2. That both
 * read the same is proved by tests/json/oracle_spec.lua and tests/fuzz/json_fuzz.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Deeper nesting is declined. */
#define SL_SIMD_DEPTH 1000

struct sl_simd;

struct sl_simd *sl_simd_new(void); /* NULL: no memory */
void sl_simd_free(struct sl_simd *s); /* accepts NULL */

/*
 * Parse a text that SL_JSON_PADDING readable bytes follow: true, and where the
 * tape and its strings are (borrowed until the next parse), or false when
 * simdjson declines it, for whatever reason. Not copied.
 */
bool sl_simd_parse(struct sl_simd *s, const char *text, size_t len,
                   const uint64_t **tape, const uint8_t **strings);

/* Bytes allocated for documents, and giving back those above `keep`: true when
 * the document went with them. */
size_t sl_simd_memory(const struct sl_simd *s);
bool sl_simd_trim(struct sl_simd *s, size_t keep);

/* All digits of a finite double, in no locale; not terminated. Returns the length. */
#define SL_EXACT_ROOM 800
size_t sl_simd_print_exactly(double value, char out[SL_EXACT_ROOM]);

/* A number's text as the nearest double, in no locale; false: it is beyond their range. */
bool sl_simd_read_double(const char *text, size_t len, double *out);

#ifdef __cplusplus
}
#endif
