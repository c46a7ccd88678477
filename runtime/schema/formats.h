/*
 * formats.h - formats of strings, by their names in JSON Schema (room: schema)
 *
 *   date-time date time   RFC 3339, with an offset; days and leap years are
 *                         checked, a leap second only where one can occur
 *   duration              RFC 3339, appendix A: P1Y2M3DT4H5M6S, P4W
 *   email                 RFC 5321: dot-atom or quoted string, @, host name or
 *                         [address]
 *   hostname              RFC 1123
 *   ipv4 ipv6             as inet_pton reads them; no zone
 *   uri uri-reference     RFC 3986; a uri is absolute: it has a scheme
 *   uuid                  RFC 4122, in either case
 *   json-pointer          RFC 6901
 *
 * ASCII throughout. Pure functions of bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef bool (*sl_format)(const char *text, size_t len);

/* By name, or NULL. */
sl_format sl_format_find(const char *name);

/* The name at an index, in alphabetical order; NULL after the last one. */
const char *sl_format_name(size_t place);
