/*
 * embedded.h - lualib and the ready scripts, within the command (room: lua)
 *
 * The arrays are made by embed.lua: modules as binary chunks of the Lua that we are
 * linked with, scripts as the text of scripts/NAME.lua. Each ends with a name that is NULL.
 */
#pragma once

#include <stddef.h>

struct sl_embedded {
	const char *name; /* "sluice.internal.policy", "sqlite" */
	const unsigned char *bytes;
	size_t len;
};

extern const struct sl_embedded sl_embedded_modules[];
extern const struct sl_embedded sl_embedded_scripts[];
