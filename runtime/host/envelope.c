/* envelope.c - see envelope.h */
#include "host/envelope.h"

#include <errno.h>
#include <string.h>

/* ---- members ---- */

enum member { STREAM, PAYLOAD, DIAGNOSTIC, PROGRESS, METADATA, CODE, MESSAGE, PHASE, CURRENT, TOTAL,
	      MEMBER_COUNT };

static const char *const names[MEMBER_COUNT] = {
	[STREAM] = "stream",     [PAYLOAD] = "payload",   [DIAGNOSTIC] = "diagnostic",
	[PROGRESS] = "progress", [METADATA] = "metadata", [CODE] = "code",
	[MESSAGE] = "message",   [PHASE] = "phase",       [CURRENT] = "current",
	[TOTAL] = "total",
};

#define BIT(m) (1u << (m))
#define ENVELOPE_MEMBERS (BIT(STREAM) | BIT(PAYLOAD) | BIT(DIAGNOSTIC) | BIT(PROGRESS) | BIT(METADATA))
#define ROW_MEMBERS (BIT(STREAM) | BIT(PAYLOAD))

struct members {
	unsigned have;
	struct sl_json_value value[MEMBER_COUNT];
};

static enum member member_of(const char *key, size_t len)
{
	for (int m = 0; m < MEMBER_COUNT; m++)
		if (strlen(names[m]) == len && memcmp(names[m], key, len) == 0)
			return (enum member)m;
	return MEMBER_COUNT;
}

/* Collect an object's members, which must be among `allowed`, once each. */
static int collect(struct members *ms, struct sl_json_value object, unsigned allowed,
                   const char *what, struct sl_error *err)
{
	if (sl_json_type(object) != SL_JSON_OBJECT)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "%s: expected an object, got %s", what,
		               sl_json_type_name(sl_json_type(object)));
	struct sl_json_iter it = sl_json_children(object);
	struct sl_json_value v;
	const char *key;
	size_t key_len;
	while (sl_json_next(&it, &key, &key_len, &v)) {
		enum member m = member_of(key, key_len);
		char quoted[64];
		sl_quote(quoted, sizeof quoted, key, key_len);
		if (m == MEMBER_COUNT || !(allowed & BIT(m)))
			return sl_fail(err, SL_ROW_MALFORMED, 0, "%s has an unknown member \"%s\"",
			               what, quoted);
		if (ms->have & BIT(m))
			return sl_fail(err, SL_ROW_MALFORMED, 0, "%s has \"%s\" twice", what, quoted);
		ms->have |= BIT(m);
		ms->value[m] = v;
	}
	return 0;
}

static struct sl_text own_text(struct sl_json_value v)
{
	struct sl_text t;
	t.bytes = sl_json_own_text(v, &t.len);
	return t;
}

static int get_string(struct sl_text *out, const struct members *ms, enum member m,
                      const char *what, struct sl_error *err)
{
	if (!(ms->have & BIT(m)))
		return sl_fail(err, SL_ROW_MALFORMED, 0, "%s has no \"%s\"", what, names[m]);
	enum sl_json_type type = sl_json_type(ms->value[m]);
	if (type != SL_JSON_STRING)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "\"%s\": expected a string, got %s",
		               names[m], sl_json_type_name(type));
	out->bytes = sl_json_string(ms->value[m], &out->len);
	return 0;
}

static int get_count(uint64_t *out, const struct members *ms, enum member m, struct sl_error *err)
{
	if (!(ms->have & BIT(m)))
		return sl_fail(err, SL_ROW_MALFORMED, 0, "a progress message has no \"%s\"", names[m]);
	if (sl_json_type(ms->value[m]) != SL_JSON_INTEGER || sl_json_integer(ms->value[m]) < 0)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "\"%s\": expected a non-negative integer", names[m]);
	*out = (uint64_t)sl_json_integer(ms->value[m]);
	return 0;
}

/* ---- the four forms ---- */


static int read_row(struct sl_envelope *out, const struct members *ms, struct sl_error *err)
{
	if (get_string(&out->stream, ms, STREAM, "a row", err) != 0)
		return -1;
	if (out->stream.len == 0)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "a row's \"stream\" is empty");
	if (!(ms->have & BIT(PAYLOAD))) {
		sl_fail(err, SL_ROW_MALFORMED, 0, "a row has no \"payload\"");
		return sl_error_text(err, SL_D_STREAM, out->stream.bytes, out->stream.len);
	}
	out->json = own_text(ms->value[PAYLOAD]);
	return 0;
}

static int read_diagnostic(struct sl_envelope *out, const struct members *ms, struct sl_error *err)
{
	struct members in = { 0 };
	if (collect(&in, ms->value[DIAGNOSTIC], BIT(CODE) | BIT(MESSAGE), "a diagnostic", err) != 0)
		return -1;
	if (get_string(&out->diagnostic.code, &in, CODE, "a diagnostic", err) != 0)
		return -1;
	return get_string(&out->diagnostic.message, &in, MESSAGE, "a diagnostic", err);
}

static int read_progress(struct sl_envelope *out, const struct members *ms, struct sl_error *err)
{
	struct members in = { 0 };
	struct sl_progress *p = &out->progress;
	*p = (struct sl_progress){ 0 };
	if (collect(&in, ms->value[PROGRESS], BIT(PHASE) | BIT(CURRENT) | BIT(TOTAL), "a progress message", err) != 0)
		return -1;
	if (get_string(&p->phase, &in, PHASE, "a progress message", err) != 0
	    || get_count(&p->current, &in, CURRENT, err) != 0)
		return -1;
	p->has_total = (in.have & BIT(TOTAL)) != 0;
	return p->has_total ? get_count(&p->total, &in, TOTAL, err) : 0;
}

static int read_members(struct sl_envelope *out, const struct members *ms, struct sl_error *err)
{
	switch (ms->have) {
	case BIT(STREAM):
	case BIT(PAYLOAD):
	case ROW_MEMBERS:
		out->kind = SL_ENVELOPE_ROW;
		return read_row(out, ms, err);
	case BIT(DIAGNOSTIC):
		out->kind = SL_ENVELOPE_DIAGNOSTIC;
		return read_diagnostic(out, ms, err);
	case BIT(PROGRESS):
		out->kind = SL_ENVELOPE_PROGRESS;
		return read_progress(out, ms, err);
	case BIT(METADATA):
		out->kind = SL_ENVELOPE_METADATA;
		out->json = own_text(ms->value[METADATA]);
		return 0;
	case 0:
		return sl_fail(err, SL_ROW_MALFORMED, 0, "an empty envelope: it needs \"stream\" and "
		               "\"payload\", or one of \"diagnostic\", \"progress\", \"metadata\"");
	}
	return sl_fail(err, SL_ROW_MALFORMED, 0, "a mixed envelope: expected only one of a row, a diagnostic, a "
	               "progress message and metadata");
}

int sl_envelope_read(struct sl_envelope *out, struct sl_json *j, const char *text, size_t len,
                     struct sl_error *err)
{
	struct members ms;
	ms.have = 0;
	if (collect(&ms, sl_json_root(j), ENVELOPE_MEMBERS, "an envelope", err) == 0
	    && read_members(out, &ms, err) == 0)
		return 0;
	return sl_error_text(err, SL_D_TEXT, text, len < 200 ? len : 200);
}

enum sl_emitted sl_envelope_emit(const struct sl_envelope *e, struct sl_request *rq,
                                 struct sl_error *err)
{
	switch (e->kind) {
	case SL_ENVELOPE_ROW:
		return sl_request_row(rq, e->stream, e->json, err);
	case SL_ENVELOPE_DIAGNOSTIC:
		return sl_request_diagnostic(rq, e->diagnostic.code, e->diagnostic.message);
	case SL_ENVELOPE_PROGRESS:
		return sl_request_progress(rq, &e->progress);
	case SL_ENVELOPE_METADATA:
		break;
	}
	if (sl_request_result(rq, e->json.bytes, e->json.len) == 0)
		return SL_EMITTED;
	sl_fail(err, SL_EXPORT_FAILED, ENOMEM, "no memory for the metadata");
	return SL_EMITTED_REFUSED;
}
