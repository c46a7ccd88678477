/* json.c - see json.h: parsing. simdjson first, then the validator, then the slow reader. */
#include "json/json.h"

#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "json/check.h"
#include "json/document.h"

/* ---- what is wrong ---- */

#define QUOTED_AROUND 100 /* bytes before and after the place */

static void quote_around(struct sl_error *err, const char *text, size_t len, size_t at)
{
	static const char ellipsis[] = "…";
	char quoted[4 * 2 * QUOTED_AROUND + 16];
	size_t from = at > QUOTED_AROUND ? sl_utf8_floor(text, len, at - QUOTED_AROUND) : 0;
	size_t to = sl_utf8_floor(text, len, at + QUOTED_AROUND);
	size_t used = from > 0 ? sizeof ellipsis - 1 : 0;
	memcpy(quoted, ellipsis, used);
	sl_quote(quoted + used, sizeof quoted - used, text + from, to - from);
	used = strlen(quoted);
	if (to < len && used + sizeof ellipsis <= sizeof quoted)
		memcpy(quoted + used, ellipsis, sizeof ellipsis);
	sl_error_text(err, SL_D_TEXT, quoted, strlen(quoted));
}

static int refuse(struct sl_error *err, const char *text, size_t len,
                  const struct sl_complaint *complaint)
{
	if (err == NULL || err->kind != SL_NONE)
		return -1;
	sl_fail(err, SL_ROW_MALFORMED, 0, "%s", complaint->what);
	sl_error_number(err, SL_D_OFFSET, (int64_t)complaint->at);
	quote_around(err, text, len, complaint->at);
	return -1;
}

static int no_memory(struct sl_error *err, size_t len)
{
	if (err == NULL || err->kind != SL_NONE)
		return -1;
	sl_fail(err, SL_ROW_MALFORMED, ENOMEM, "no memory to read a text of %zu bytes", len);
	return sl_error_number(err, SL_D_SIZE, (int64_t)len);
}

/* ---- parsing ---- */

static void remember(struct sl_json *j, const char *text, size_t len)
{
	j->text = text;
	j->length = len;
	j->place.at = j->opened.at = 0;
}

/* Makes the document null, as before the first text and after a failure. */
static void forget(struct sl_json *j)
{
	static const uint64_t empty[] = { (uint64_t)'r' << 56 | 2, (uint64_t)'n' << 56,
		                          (uint64_t)'r' << 56 };
	j->tape = empty;
	j->strings = NULL;
	remember(j, "null", 4);
}

int sl_json_parse_slowly(struct sl_json *j, const char *text, size_t len, struct sl_error *err)
{
	struct sl_complaint complaint;
	forget(j);
	if (!sl_json_check(text, len, NULL, &complaint))
		return refuse(err, text, len, &complaint);
	if (sl_slow_parse(&j->slow, text, len) != 0)
		return no_memory(err, len);
	j->tape = j->slow.tape;
	j->strings = j->slow.strings;
	remember(j, text, len);
	return 0;
}

bool sl_json_parse_quickly(struct sl_json *j, const char *text, size_t len)
{
	if (sl_simd_parse(j->simd, text, len, &j->tape, &j->strings)) {
		remember(j, text, len);
		return true;
	}
	forget(j);
	return false;
}

int sl_json_parse(struct sl_json *j, const char *text, size_t len, struct sl_error *err)
{
	return sl_json_parse_quickly(j, text, len) ? 0 : sl_json_parse_slowly(j, text, len, err);
}

int sl_json_parse_copy(struct sl_json *j, const char *text, size_t len, struct sl_error *err)
{
	if (sl_buffer_set(&j->copy, text, len) != 0) {
		forget(j);
		return no_memory(err, len);
	}
	return sl_json_parse(j, sl_buffer_data(&j->copy), len, err);
}

/* ---- the parser ---- */

struct sl_json *sl_json_new(void)
{
	struct sl_json *j = calloc(1, sizeof *j);
	if (j == NULL)
		return NULL;
	forget(j);
	j->simd = sl_simd_new();
	if (j->simd == NULL) {
		sl_json_free(j);
		return NULL;
	}
	return j;
}

void sl_json_free(struct sl_json *j)
{
	if (j == NULL)
		return;
	sl_simd_free(j->simd);
	sl_slow_clear(&j->slow);
	sl_buffer_clear(&j->copy);
	free(j);
}

size_t sl_json_memory(const struct sl_json *j)
{
	return sl_simd_memory(j->simd) + sl_slow_memory(&j->slow) + j->copy.capacity;
}

/* The slow reader is rarely needed: its memory is freed first, and completely. */
void sl_json_trim(struct sl_json *j, size_t keep)
{
	if (sl_json_memory(j) <= keep)
		return;
	forget(j);
	sl_slow_clear(&j->slow);
	sl_buffer_clear(&j->copy);
	sl_simd_trim(j->simd, keep);
}
