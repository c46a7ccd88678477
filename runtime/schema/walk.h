/*
 * walk.h - from a document to the declared value (room: schema, private
 * to schema*.c)
 */
#pragma once

#include "schema/program.h"

/* [anchors] -> [anchors, others, value or list of violations]: how many these are.
 * Whoever calls sees to the parser and to what else is on the stack. */
size_t sl_walk_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root);
