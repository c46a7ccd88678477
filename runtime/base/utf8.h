/*
 * utf8.h - well-formed UTF-8, as RFC 3629 says (room: base)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Length of the well-formed sequence at p, of which `left` (>= 1) bytes can
 * be read: 1 to 4, or 0. Surrogates and overlong forms are not well-formed. */
size_t sl_utf8_length(const char *p, size_t left);

/* The largest n up to this one, and to len, that does not cut a sequence in two. */
size_t sl_utf8_floor(const char *text, size_t len, size_t n);

bool sl_utf8_valid(const char *text, size_t len);

/* How many characters a well-formed text has. */
size_t sl_utf8_count(const char *text, size_t len);
