/*
 * naming.h - the stream that a row of an adapter belongs to (room: host)
 *
 * One for all, or that which a field of the row names: a string as it is, an integer or a
 * boolean as it is written; where it is absent or null, the one for all again. Of those
 * that the policy does not take by name, "*" is the stream, if it takes all others.
 */
#pragma once

#include "host/serve.h"
#include "json/json.h"

struct sl_naming { /* texts are borrowed */
	struct sl_text stream; /* the one for all */
	const char *by;        /* JSON Pointer to the field; or NULL */
	char digits[SL_JSON_NAME_ROOM];
};

/* The name of the row whose document json holds, borrowed from that, or from *n: 0; or -1
 * and *err: row_malformed when it cannot be one, export_failed for one too many. */
int sl_naming_find(struct sl_naming *n, struct sl_request *rq, const struct sl_json *json,
                   struct sl_text *name, struct sl_error *err);

/* One stream too many is never a bad line: there is nothing wrong with its row. 0; or -1
 * and *err (export_failed). */
int sl_naming_check_room(const struct sl_naming *n, struct sl_request *rq, struct sl_text name,
                         struct sl_error *err);
