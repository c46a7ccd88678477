/*
 * slow.h - the reader of last resort (room: json, private)
 *
 * Reads the valid texts that simdjson declines (integers beyond 64 bits,
 * floats beyond double range, lone surrogates, the last levels of nesting) and
 * produces what simdjson would have produced: a tape and its strings, in the
 * layout that document.h walks, so that callers cannot tell the two apart. It
 * could read every text; simd.h says what is gained by using it last.
 */
#pragma once

#include <locale.h>
#include <stddef.h>
#include <stdint.h>

/* Embedded; initialise it with {0}. */
struct sl_slow {
	uint64_t *tape;
	uint8_t *strings;
	locale_t c_locale; /* numbers are read in it */
	size_t capacity;   /* bytes of text that tape and strings have room for */
};

void sl_slow_clear(struct sl_slow *s);

/* Reads a text that sl_json_check() found valid. Returns 0, or -1 when out of memory. */
int sl_slow_parse(struct sl_slow *s, const char *text, size_t len);

size_t sl_slow_memory(const struct sl_slow *s);
