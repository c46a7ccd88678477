/*
 * library.h - a library that is loaded when it is needed first (room: sink)
 *
 * To link with all libraries of databases would cost every run their start, and a
 * machine without them the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct sl_function {
	const char *name;
	size_t at; /* offset of its pointer in the table */
};

/* Fill the table with the functions of the library: 0; or -1 and *err (sink), which
 * names the package that has it. It stays loaded. */
int sl_library_load(const char *library, const char *package, void *table,
                    const struct sl_function *functions, size_t count, struct sl_error *err);
