/*
 * library.h - a library that is loaded on first use (room: sink)
 *
 * Linking with all database libraries would slow down the start of every run, and the
 * program would not start on a machine without them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sl_function {
	const char *name;
	size_t at; /* offset of its pointer in the table */
};

/* Fill the table with the functions of the library, which stays loaded: 0; or -1 and
 * *err (sink), which names the package that has it. */
int sl_library_load(const char *library, const char *package, void *table,
                    const struct sl_function *functions, size_t count, struct sl_error *err);
