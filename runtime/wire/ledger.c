/* ledger.c - see ledger.h */
#include "wire/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/utf8.h"

void sl_ledger_clear(struct sl_ledger *l)
{
	for (uint16_t i = 0; i < l->count; i++)
		free(l->streams[i]);
	free(l->streams);
	*l = (struct sl_ledger){ 0 };
}

struct sl_stream *sl_ledger_stream(const struct sl_ledger *l, uint16_t id)
{
	return id >= 1 && id <= l->count ? l->streams[id - 1] : NULL;
}

static bool has_name(const struct sl_stream *s, const char *name, size_t len)
{
	return s->name_len == len && memcmp(s->name, name, len) == 0;
}

struct sl_stream *sl_ledger_find(struct sl_ledger *l, const char *name, size_t len)
{
	struct sl_stream *s = sl_ledger_stream(l, l->recent);
	if (s != NULL && has_name(s, name, len))
		return s;
	for (uint16_t i = 0; i < l->count; i++)
		if (has_name(l->streams[i], name, len)) {
			l->recent = (uint16_t)(i + 1);
			return l->streams[i];
		}
	return NULL;
}

static int check_name(const struct sl_ledger *l, const char *name, size_t len,
                      struct sl_error *err)
{
	if (len == 0)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "a stream's name is empty");
	if (len > SL_STREAM_NAME_LIMIT)
		return sl_fail(err, SL_ROW_MALFORMED, 0,
		               "a stream's name is longer than %d bytes", SL_STREAM_NAME_LIMIT);
	if (!sl_utf8_valid(name, len) || memchr(name, '\0', len) != NULL)
		return sl_fail(err, SL_ROW_MALFORMED, 0, "a stream's name is not UTF-8 text without NUL");
	if (l->count == SL_STREAM_LIMIT)
		return sl_fail(err, SL_ROW_MALFORMED, 0,
		               "more than %d streams in one request", SL_STREAM_LIMIT);
	return 0;
}

static struct sl_stream *append(struct sl_ledger *l, const char *name, size_t len)
{
	if ((l->count & (l->count - 1)) == 0) { /* full at each power of two */
		size_t room = l->count ? 2u * l->count : 1;
		struct sl_stream **more = realloc(l->streams, room * sizeof *more);
		if (more == NULL)
			return NULL;
		l->streams = more;
	}
	struct sl_stream *s = calloc(1, sizeof *s);
	if (s == NULL)
		return NULL;
	l->streams[l->count++] = s;
	s->seal.stream = l->count;
	s->name_len = (uint16_t)len;
	memcpy(s->name, name, len);
	l->recent = l->count;
	return s;
}

struct sl_stream *sl_ledger_add(struct sl_ledger *l, const char *name, size_t len,
                                struct sl_error *err)
{
	if (check_name(l, name, len, err) != 0)
		return NULL;
	struct sl_stream *s = append(l, name, len);
	if (s == NULL)
		sl_fail(err, SL_ROW_MALFORMED, ENOMEM, "no memory for a stream");
	return s;
}

int sl_ledger_declare(struct sl_ledger *l, uint16_t id, const char *name, size_t len,
                      struct sl_error *err)
{
	SL_ERROR(why);
	if (id != l->count + 1)
		return sl_fail(err, SL_PROTOCOL, 0, "stream id %u declared, expected %u",
		               id, l->count + 1u);
	if (check_name(l, name, len, &why) != 0)
		return sl_fail(err, SL_PROTOCOL, 0, "stream %u: %s", id, why.message);
	if (sl_ledger_find(l, name, len) != NULL)
		return sl_fail(err, SL_PROTOCOL, 0, "stream \"%.*s\" declared twice", (int)len, name);
	if (append(l, name, len) == NULL)
		return sl_fail(err, SL_PROTOCOL, ENOMEM, "no memory for a stream");
	return 0;
}

void sl_stream_count(struct sl_stream *s, const char *payload, size_t len)
{
	s->seal.rows++;
	s->seal.bytes += len;
	s->seal.checksum = XXH3_64bits_withSeed(payload, len, s->seal.checksum);
}

struct sl_stream *sl_ledger_receive(struct sl_ledger *l, uint16_t id, uint64_t sequence,
                                    const char *payload, size_t len, struct sl_error *err)
{
	struct sl_stream *s = sl_ledger_stream(l, id);
	if (s == NULL) {
		sl_fail(err, SL_PROTOCOL, 0, "a row of stream id %u, which was not declared", id);
		return NULL;
	}
	if (sequence != s->seal.rows) {
		sl_fail(err, SL_PROTOCOL, 0,
		        "stream \"%s\": sequence %" PRIu64 ", expected %" PRIu64,
		        s->name, sequence, s->seal.rows);
		sl_error_text(err, SL_D_STREAM, s->name, s->name_len);
		sl_error_number(err, SL_D_SEQUENCE, (int64_t)sequence);
		return NULL;
	}
	sl_stream_count(s, payload, len);
	return s;
}

static int check_seal(const struct sl_stream *s, const struct sl_seal *theirs,
                      struct sl_error *err)
{
	const struct sl_seal *ours = &s->seal;
	if (ours->rows != theirs->rows)
		sl_fail(err, SL_PROTOCOL, 0, "stream \"%s\": %" PRIu64 " rows arrived, but the summary says %" PRIu64,
		        s->name, ours->rows, theirs->rows);
	else if (ours->bytes != theirs->bytes)
		sl_fail(err, SL_PROTOCOL, 0, "stream \"%s\": %" PRIu64 " bytes arrived, but the summary says %" PRIu64,
		        s->name, ours->bytes, theirs->bytes);
	else if (ours->checksum != theirs->checksum)
		sl_fail(err, SL_PROTOCOL, 0,
		        "stream \"%s\": checksum %016" PRIx64 " arrived, but the summary says %016" PRIx64,
		        s->name, ours->checksum, theirs->checksum);
	else
		return 0;
	return sl_error_text(err, SL_D_STREAM, s->name, s->name_len);
}

int sl_ledger_check(const struct sl_ledger *l, const struct sl_seal *seals, size_t count,
                    struct sl_error *err)
{
	if (count != l->count)
		return sl_fail(err, SL_PROTOCOL, 0, "%u streams arrived, but the summary seals %zu",
		               l->count, count);
	for (size_t i = 0; i < count; i++) {
		if (seals[i].stream != i + 1)
			return sl_fail(err, SL_PROTOCOL, 0, "the summary seals stream id %u in the place of %zu",
			               seals[i].stream, i + 1);
		if (check_seal(l->streams[i], &seals[i], err) != 0)
			return -1;
	}
	return 0;
}

uint64_t sl_ledger_rows(const struct sl_ledger *l)
{
	uint64_t rows = 0;
	for (uint16_t i = 0; i < l->count; i++)
		rows += l->streams[i]->seal.rows;
	return rows;
}
