/*
 * embedded.h - lualib, the ready scripts and the manual, embedded in the command (room: lua)
 *
 * The arrays are made by embed.lua: modules as binary chunks of the Lua that we link
 * with, scripts as the text of scripts/NAME.lua, pages of man/NAME as rendered by
 * mandoc. The last name in each array is NULL.
 */
#pragma once

#include <stddef.h>

struct sl_embedded {
	const char *name; /* "sluice.internal.policy", "sqlite", "sluice-run.1" */
	const unsigned char *bytes;
	size_t len;
};

extern const struct sl_embedded sl_embedded_modules[];
extern const struct sl_embedded sl_embedded_scripts[];
extern const struct sl_embedded sl_embedded_pages[];
