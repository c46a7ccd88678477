/*
 * shapes.h - the shapes of a request's streams, as a taker (room: sink)
 *
 * core.shapes(stream?, by?): a taker that adds each row to the shape of its stream (schema/shape.h); with a
 * name, all rows count as of that stream. by: a JSON Pointer to the field that names the stream of each row, a
 * string, an integer or a boolean; where there is none, its own does. Methods:
 *
 *   shapes:add(text, stream, line?, file?)   a row that goes no other way: JSON text, and
 *                              where it is from; nil and an error object if it is not JSON
 *   shapes:merge(other)        what other has, as if its rows came now
 *   shapes:streams()           the names, in the order of their first rows
 *   shapes:describe(stream)    what sl_shape_push says; nil: there is no such stream
 *
 * When memory is short it fails, and is of no use any more.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

#define SL_SHAPES "sluice.core.Shapes"
#define SL_SHAPES_STREAMS 1024 /* as many as a request may have */

int sl_shapes_new(lua_State *L);

void sl_shapes_open(lua_State *L, const struct sl_sinks *s);
