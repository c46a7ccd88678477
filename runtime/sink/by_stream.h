/*
 * by_stream.h - keeps one object for each stream, as a taker (room: sink)
 *
 * A userdata that has one object for each stream of a request, made for the stream's first row,
 * and gives it all rows of that stream. Its type defines the object; shapes.h and stats.h are two
 * such types. Made by core.NAME(stream?, by?): with a name, all rows count as rows of that
 * stream. by: a JSON Pointer to the field that names the stream of each row (a string, an
 * integer or a boolean); a row without it keeps its own stream. Methods of all types:
 *
 *   add(text, stream, line?, file?)   a row that comes no other way: JSON text, and its
 *                            origin; nil and an error object if it is not JSON
 *   merge(other)             add the rows of other, as if they came now, if the type can
 *   streams()                the names, in the order of their first rows
 *   describe(stream, …)      what the type pushes; nil if there is no such stream
 *
 * When memory runs out it fails and is no longer usable.
 */
#pragma once

#include <lua.h>

#include "sink/taker.h"

#define SL_BY_STREAM_MOST 1024 /* the most streams that a request may have */

struct sl_kept_type {
	const char *class_name;
	const char *noun; /* for messages: "the shape" of the rows */
	void *(*make)(void); /* NULL: no memory */
	void (*free)(void *kept); /* accepts NULL */
	/* 0, or -1: no memory. The row's text is still in memory. */
	int (*add)(void *kept, const struct sl_taken *row);
	int (*merge)(void *kept, const void *other); /* 0, or -1: no memory. NULL: not supported */
	/* Raises on memory; further arguments of describe are at index 3 and above. */
	void (*push)(lua_State *L, const void *kept);
};

/* core.NAME. */
int sl_by_stream_new(lua_State *L, const struct sl_kept_type *type); /* [stream or nil, by or nil] */

/* Make the class. gc: frees the userdata at index 1 with sl_by_stream_free. Raises. */
void sl_by_stream_open(lua_State *L, const struct sl_kept_type *type, lua_CFunction gc, const struct sl_sinks *s);
int sl_by_stream_free(lua_State *L, const struct sl_kept_type *type);
