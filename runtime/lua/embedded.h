/*
 * embedded.h - the modules of lualib, compiled into the command (room: lua)
 *
 * The array is made by embed.lua, as binary chunks of the Lua that we are linked
 * with; it ends with a name that is NULL.
 */
#pragma once

#include <stddef.h>

struct sl_embedded {
	const char *name; /* "sluice.internal.policy" */
	const unsigned char *chunk;
	size_t len;
};

extern const struct sl_embedded sl_embedded[];
