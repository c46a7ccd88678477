/*
 * schema_walk.h - from a document to the declared value (room: script, private
 * to schema*.c)
 */
#ifndef SL_SCRIPT_SCHEMA_WALK_H
#define SL_SCRIPT_SCHEMA_WALK_H

#include "script/schema_program.h"

/* As sl_schema_push, but whoever calls sees to the parser. */
size_t sl_walk_push(lua_State *L, const struct sl_schema *s, struct sl_json_value root);

#endif
