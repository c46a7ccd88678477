/*
 * pointer.h - the syntax of JSON Pointers, RFC 6901 (room: json)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Is it empty or does it begin with /, and is every ~ followed by 0 or 1? */
bool sl_pointer_is_valid(const char *pointer, const char *end);

/* Reads a token (the text between slashes) as an array index. Returns false unless it
 * is digits without a leading zero, and not too large. */
bool sl_pointer_index(const char *token, const char *end, size_t *index);

/* Writes a name as a token, / and ~ escaped, as far as it fits. Returns how many bytes. */
size_t sl_pointer_put(char *out, size_t size, const char *name, size_t len);
