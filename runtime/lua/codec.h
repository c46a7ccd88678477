/*
 * codec.h - a JSON parser and writer for Lua functions (room: lua)
 *
 * Whenever Lua allocates, a finalizer of the user may run and call the same
 * function again. Code that turns a document into Lua values, or values into
 * text, therefore takes the codec for that time; a function that finds its codec
 * taken gets another one. A codec that a raised error has left taken is not used
 * again.
 *
 * When the Lua state closes, codecs are closed before some of the user's
 * finalizers run: those get one that lasts only for their call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "json/json.h"

/* What a codec may keep between calls; the memory for a single large text must not be kept. */
#define SL_CODEC_KEPT_BYTES ((size_t)4 << 20)

struct sl_codec { /* a userdata */
	struct sl_json *json;          /* NULL: closed */
	struct sl_json_writer *writer;
	struct sl_buffer out;
	uint64_t holds;                /* the number, given by its user, of the document it has; 0: unknown */
	bool taken;
};

/* Pushes a new one. Raises if out of memory. */
struct sl_codec *sl_codec_push(lua_State *L);

/* For a C function: pushes its own codec, the upvalue at index `upvalue` (nil at
 * first), and takes it. Raises if out of memory. */
struct sl_codec *sl_codec_take(lua_State *L, int upvalue);

/* Releases it. size: of the text that it was used for, bytes. */
void sl_codec_put_back(struct sl_codec *c, size_t size);
