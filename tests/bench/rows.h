/*
 * rows.h - the rows of the benchmarks, made from their number alone
 *
 * Row n is the same on every machine and in every run, whether it is written
 * to a file or emitted on the fly. Six fields, 154 bytes on average; one row in
 * five is a theorem, half of the lines are even, so that
 *
 *     kind == "theorem" and line % 2 == 0
 *
 * keeps one row in ten. Some rows contain escapes and text beyond ASCII, and some
 * white space that a JSON printer would not write: bytes must be preserved.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stddef.h>
#include <stdint.h>

#define ROW_MAX 512

/* Writes row n without a line break; returns its length. */
size_t row_write(char out[ROW_MAX], uint64_t n);

/* Writes an object of exactly `size` bytes (4096 at least), mostly an array of
 * rows; its last field, "size", is the one that the benchmark reads. */
void row_write_large(char *out, size_t size, uint64_t n);

#endif
