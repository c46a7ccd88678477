/*
 * shapes.h - the shapes of a request's streams, as a taker (room: sink)
 *
 * core.shapes(stream?, by?): adds each row to the shape of its stream (by_stream.h, schema/shape.h);
 * describe(stream) returns the table of sl_shape_push.
 */
#pragma once

#include <lua.h>

#include "sink/sink.h"

#define SL_SHAPES "sluice.core.Shapes"

int sl_shapes_new(lua_State *L);

void sl_shapes_open(lua_State *L, const struct sl_sinks *s);
