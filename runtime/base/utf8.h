/*
 * utf8.h - well-formed UTF-8, as defined by RFC 3629 (room: base)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The length, 1 to 4, of the well-formed sequence at p, or 0 if it is not well-formed
 * (surrogates and overlong forms are not). `left` (>= 1) bytes can be read. */
size_t sl_utf8_length(const char *p, size_t left);

/* The largest value of at most n and len that does not cut a sequence in two. */
size_t sl_utf8_floor(const char *text, size_t len, size_t n);

bool sl_utf8_valid(const char *text, size_t len);

/* The number of code points in a well-formed text. */
size_t sl_utf8_count(const char *text, size_t len);
