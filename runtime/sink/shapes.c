/* shapes.c - see shapes.h */
#include "sink/shapes.h"

#include "schema/shape.h"
#include "sink/by_stream.h"

static void *make(void)
{
	return sl_shape_new();
}

static void release(void *shape)
{
	sl_shape_free(shape);
}

static int add(void *shape, const struct sl_taken *row)
{
	return sl_shape_add(shape, row->root, &(struct sl_shape_row){ .line = row->from.line, .file = row->from.file });
}

static int merge(void *shape, const void *other)
{
	return sl_shape_merge(shape, other);
}

static void push(lua_State *L, const void *shape)
{
	sl_shape_push(L, shape);
}

static const struct sl_kept_type type = {
	.class_name = SL_SHAPES, .noun = "the shape", .make = make, .free = release, .add = add, .merge = merge, .push = push,
};

int sl_shapes_new(lua_State *L)
{
	return sl_by_stream_new(L, &type);
}

static int gc(lua_State *L)
{
	return sl_by_stream_free(L, &type);
}

void sl_shapes_open(lua_State *L, const struct sl_sinks *s)
{
	sl_by_stream_open(L, &type, gc, s);
}
