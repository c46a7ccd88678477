/* naming.c - see naming.h */
#include "host/naming.h"

#include <string.h>

#include "base/utf8.h"

static int read_name(struct sl_naming *n, struct sl_json_value v, struct sl_text *name, struct sl_error *err)
{
	if (sl_json_name(v, n->digits, &name->bytes, &name->len) >= 0)
		return 0;
	return sl_fail(err, SL_ROW_MALFORMED, 0, "the value at \"%s\" cannot name a stream: %s", n->by,
	               sl_json_type_name(sl_json_type(v)));
}

static int check_name(const struct sl_naming *n, struct sl_text name, struct sl_error *err)
{
	char quoted[120];
	bool fits = name.len > 0 && name.len <= SL_STREAM_NAME_LIMIT;
	if (fits && memchr(name.bytes, '\0', name.len) == NULL && sl_utf8_valid(name.bytes, name.len))
		return 0;
	return sl_fail(err, SL_ROW_MALFORMED, 0,
	               "the value at \"%s\" cannot name a stream: \"%s\"; a name has 1 to %d bytes of UTF-8, without NUL",
	               n->by, sl_quote(quoted, sizeof quoted, name.bytes, name.len), SL_STREAM_NAME_LIMIT);
}

int sl_naming_check_room(const struct sl_naming *n, struct sl_request *rq, struct sl_text name,
                         struct sl_error *err)
{
	char quoted[120];
	if (name.len > SL_STREAM_NAME_LIMIT || sl_request_has_room(rq, name))
		return 0;
	sl_quote(quoted, sizeof quoted, name.bytes, name.len);
	if (n->by == NULL)
		return sl_fail(err, SL_EXPORT_FAILED, 0,
		               "envelopes name more than %d streams, the last is \"%s\": a stream is a kind of row; "
		               "put what distinguishes rows of one kind into a field", SL_STREAM_LIMIT, quoted);
	return sl_fail(err, SL_EXPORT_FAILED, 0,
	               "\"%s\" names more than %d streams, the last is \"%s\": streams = { [\"*\"] = … } in a policy "
	               "takes all streams without an entry as one", n->by, SL_STREAM_LIMIT, quoted);
}

int sl_naming_find(struct sl_naming *n, struct sl_request *rq, const struct sl_json *json,
                   struct sl_text *name, struct sl_error *err)
{
	struct sl_json_value v;
	*name = n->stream;
	if (n->by == NULL)
		return 0;
	if (sl_json_pointer(sl_json_root(json), n->by, strlen(n->by), &v) == 1 &&
	    (read_name(n, v, name, err) != 0 || check_name(n, *name, err) != 0))
		return -1;
	if (!sl_request_takes_stream(rq, *name))
		*name = sl_text_of("*");
	return sl_naming_check_room(n, rq, *name, err);
}
