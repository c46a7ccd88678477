/*
 * by_stream.h - something that is kept of each stream, as a taker (room: sink)
 *
 * A userdata that has one object for each stream of a request, made when the stream's first row
 * comes, and gives it all rows of that stream. What the object is, its type says; shapes.h and
 * stats.h are two of them. Made by core.NAME(stream?, by?): with a name, all rows count as of that
 * stream. by: a JSON Pointer to the field that names the stream of each row, a string, an
 * integer or a boolean; where there is none, its own does. Methods of all:
 *
 *   add(text, stream, line?, file?)   a row that goes no other way: JSON text, and
 *                            where it is from; nil and an error object if it is not JSON
 *   merge(other)             what other has, as if its rows came now; of types that can
 *   streams()                the names, in the order of their first rows
 *   describe(stream, …)      what the type pushes; nil: there is no such stream
 *
 * When memory is short it fails, and is of no use any more.
 */
#pragma once

#include <lua.h>

#include "sink/taker.h"

#define SL_BY_STREAM_MOST 1024 /* as many as a request may have */

struct sl_kept_type {
	const char *class_name;
	const char *noun; /* what it is of, in messages: "the shape" of the rows */
	void *(*make)(void); /* NULL: no memory */
	void (*free)(void *kept); /* accepts NULL */
	/* 0, or -1: no memory. Its text is still there. */
	int (*add)(void *kept, const struct sl_taken *row);
	int (*merge)(void *kept, const void *other); /* 0, or -1: no memory. NULL: it cannot */
	/* Raises on memory; further arguments of describe are at index 3 and above. */
	void (*push)(lua_State *L, const void *kept);
};

/* core.NAME. */
int sl_by_stream_new(lua_State *L, const struct sl_kept_type *type); /* [stream or nil, by or nil] */

/* Make the class. gc: frees the userdata at index 1, by sl_by_stream_free. Raises. */
void sl_by_stream_open(lua_State *L, const struct sl_kept_type *type, lua_CFunction gc, const struct sl_sinks *s);
int sl_by_stream_free(lua_State *L, const struct sl_kept_type *type);
