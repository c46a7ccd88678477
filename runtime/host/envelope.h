/*
 * envelope.h - one JSON object that says what it carries (room: host)
 *
 * For workers that have a single channel of text, the shared library's
 * callback and the lines of a command. An envelope is exactly one of
 *
 *     {"stream": "rows", "payload": …}
 *     {"diagnostic": {"code": "…", "message": "…"}}
 *     {"progress": {"phase": "…", "current": 3, "total": 7}}    total optional
 *     {"metadata": …}
 *
 * and anything else, including an unknown or repeated member, is row_malformed:
 * a typing error must not lose a row. Payload and metadata are forwarded byte
 * for byte.
 */
#pragma once

#include "host/serve.h"
#include "json/json.h"

enum sl_envelope_kind {
	SL_ENVELOPE_ROW,
	SL_ENVELOPE_DIAGNOSTIC,
	SL_ENVELOPE_PROGRESS,
	SL_ENVELOPE_METADATA
};

struct sl_envelope {
	enum sl_envelope_kind kind;
	struct sl_text stream;           /* of a row, unescaped: borrowed from j */
	struct sl_text json;             /* payload or metadata: borrowed from text */
	struct sl_diagnostic diagnostic; /* borrowed from j */
	struct sl_progress progress;     /* borrowed from j */
};

/*
 * Read the envelope that j has just parsed, from the same text: 0, or -1 and
 * *err (row_malformed, with the stream when it is known, and the text, truncated).
 */
int sl_envelope_read(struct sl_envelope *out, struct sl_json *j, const char *text, size_t len,
                     struct sl_error *err);

/* Emit what it carries. */
enum sl_emitted sl_envelope_emit(const struct sl_envelope *e, struct sl_request *rq,
                                 struct sl_error *err);
