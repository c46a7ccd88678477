/*
 * codec.h - a parser and a writer of JSON for functions of Lua (room: lua)
 *
 * Whenever Lua allocates, a finalizer of the user may run, and may call the
 * very function that is running. Whoever turns a document into Lua values, or
 * values into text, therefore takes the codec for that time; a function that
 * finds its codec taken gets another one. A codec that a raised error has left
 * taken is not used again.
 *
 * When the Lua state closes, codecs are closed before some of the user's
 * finalizers run: those get one that lasts for their call only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "json/json.h"

/* What a codec may keep between calls; a single large text must not last. */
#define SL_CODEC_KEPT_BYTES ((size_t)4 << 20)

struct sl_codec { /* a userdata */
	struct sl_json *json;          /* NULL: closed */
	struct sl_json_writer *writer;
	struct sl_buffer out;
	uint64_t holds;                /* whose document it has, as its user numbers them; 0: not known */
	bool taken;
};

/* Push a new one. Raises on memory. */
struct sl_codec *sl_codec_push(lua_State *L);

/* In a C function: push its own codec, the upvalue at index `upvalue` (nil at
 * first), and take it. Raises on memory. */
struct sl_codec *sl_codec_take(lua_State *L, int upvalue);

/* It is free again. size: of the text that it was used for, bytes. */
void sl_codec_put_back(struct sl_codec *c, size_t size);
