/*
 * naming.h - the stream that a row of an adapter belongs to (room: host)
 *
 * One stream for all rows, or the one that a field of the row names: a string as it is, an integer
 * or a boolean as it is written. If the field is absent or null, it is the one for all again. If the
 * policy does not take that stream by name, but takes all others, it is "*".
 */
#pragma once

#include "host/serve.h"
#include "json/json.h"

struct sl_naming { /* texts are borrowed */
	struct sl_text stream; /* the one for all rows */
	const char *by;        /* JSON Pointer to the field; or NULL */
	char digits[SL_JSON_NAME_ROOM];
};

/* The stream's name for the row whose document json holds, borrowed from json or from *n: 0; or
 * -1 and *err: row_malformed when it cannot be a name, export_failed for a stream too many. */
int sl_naming_find(struct sl_naming *n, struct sl_request *rq, const struct sl_json *json,
                   struct sl_text *name, struct sl_error *err);

/* A stream too many is never a bad line, because nothing is wrong with its row. 0; or -1
 * and *err (export_failed). */
int sl_naming_check_room(const struct sl_naming *n, struct sl_request *rq, struct sl_text name,
                         struct sl_error *err);
