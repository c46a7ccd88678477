/*
 * pointer.h - the syntax of JSON Pointers, RFC 6901 (room: json)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Empty or beginning with /, and every ~ before 0 or 1? */
bool sl_pointer_is_valid(const char *pointer, const char *end);

/* Read a token (what stands between slashes) as an array index: false when it is
 * none, that is other than digits without a leading zero, or too large. */
bool sl_pointer_index(const char *token, const char *end, size_t *index);

/* Write a name as a token, / and ~ escaped, as far as it fits: how many bytes. */
size_t sl_pointer_put(char *out, size_t size, const char *name, size_t len);
