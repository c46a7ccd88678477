/*
 * simd.h - the fast reader, and other things that need C++ (room: json, private)
 *
 * A C interface to simdjson's DOM parser. A parsed document is a tape of 64-bit
 * words and a buffer of strings, in the layout that simdjson documents
 * (doc/tape.md) and that document.h walks.
 *
 * A second implementation of check.h and slow.h, kept for speed: a row of 158 bytes
 * takes 0.18 µs instead of 0.78, 1 MB 0.45 ms instead of 4.2.
 * tests/json/oracle_spec.lua and tests/fuzz/json_fuzz.c prove them equal.
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

struct sl_simd *sl_simd_new(void); /* NULL: out of memory */
void sl_simd_free(struct sl_simd *s); /* accepts NULL */

/*
 * Parses a text that SL_JSON_PADDING readable bytes follow, without copying it.
 * Returns true and the tape and its strings (borrowed until the next parse), or
 * false if simdjson declines it, for any reason.
 */
bool sl_simd_parse(struct sl_simd *s, const char *text, size_t len,
                   const uint64_t **tape, const uint8_t **strings);

/* Bytes allocated for documents. _trim frees those above `keep` and returns true if
 * the document is gone. */
size_t sl_simd_memory(const struct sl_simd *s);
bool sl_simd_trim(struct sl_simd *s, size_t keep);

/* All digits of a finite double, independent of the locale; not terminated. Returns the length. */
#define SL_EXACT_ROOM 800
size_t sl_simd_print_exactly(double value, char out[SL_EXACT_ROOM]);

/* Reads a number as the nearest double, independent of the locale. Returns false if it is out of range. */
bool sl_simd_read_double(const char *text, size_t len, double *out);

#ifdef __cplusplus
}
#endif
