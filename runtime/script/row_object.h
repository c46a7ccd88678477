/*
 * row_object.h - the userdata of a row, for row*.c only (room: script)
 */
#pragma once

#include "script/row.h"

struct sl_row_object {
	const void *mark; /* &sl_row_mark: no other userdata has it */
	struct sl_script *script;
	uint64_t serial;
	uint64_t sequence;
	const char *text; /* with the padding that a parser needs; NULL: lost */
	size_t len;
	size_t stream_len;
	char bytes[]; /* the stream's name, then the text unless that is elsewhere */
};

extern const char sl_row_mark;

/* Find the field of a row whose name or JSON Pointer is the text at index; *out is valid until the
 * next parse. False: there is none. Raises. */
bool sl_row_look_up(lua_State *L, const struct sl_row_object *row, int index, struct sl_json_value *out);

/* User values; the second is for large rows only. */
enum {
	SL_ROW_PAYLOAD = 1, /* decoded; nil until it is needed */
	SL_ROW_COPY         /* the userdata that holds its text, if there is one */
};
