/* error.c - see error.h */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/visible.h"

static const struct {
	const char *name;
	int exit_code;
	enum { RUNNER, ANYONE } who;
} kinds[SL_KIND_COUNT] = {
	[SL_NONE] = { "none", 0, RUNNER },
#define ROW(id, name, code, who) [SL_##id] = { name, code, who },
	SL_KINDS(ROW)
#undef ROW
};

static const char *const details[SL_DETAIL_COUNT] = {
#define ROW(id, name) [SL_D_##id] = name,
	SL_DETAIL_NUMBERS(ROW)
	SL_DETAIL_TEXTS(ROW)
#undef ROW
};

void sl_error_clear(struct sl_error *err)
{
	err->kind = SL_NONE;
	err->os = 0;
	err->message[0] = '\0';
	err->have = 0;
	err->used = 0;
}

static const char ellipsis[] = "…";

/* Ends a truncated message in an ellipsis. */
static void mark_cut(struct sl_error *err)
{
	size_t len = sizeof err->message - 1;
	size_t n = sl_utf8_floor(err->message, len, len - (sizeof ellipsis - 1));
	memcpy(err->message + n, ellipsis, sizeof ellipsis);
}

int sl_fail(struct sl_error *err, enum sl_kind kind, int os, const char *format, ...)
{
	if (err == NULL || err->kind != SL_NONE)
		return -1;
	sl_error_clear(err);
	err->kind = kind;
	err->os = os;
	va_list args;
	va_start(args, format);
	int needed = vsnprintf(err->message, sizeof err->message, format, args);
	va_end(args);
	if (needed >= (int)sizeof err->message)
		mark_cut(err);
	return -1;
}

int sl_error_number(struct sl_error *err, enum sl_detail detail, int64_t value)
{
	if (err == NULL || (err->have & (1u << detail)))
		return -1;
	err->number[detail] = value;
	err->have |= 1u << detail;
	return -1;
}

int sl_error_text(struct sl_error *err, enum sl_detail detail, const char *text, size_t len)
{
	if (err == NULL || (err->have & (1u << detail)))
		return -1;
	size_t left = sizeof err->room - err->used;
	if (left < sizeof ellipsis + 1)
		return -1;
	bool cut = len >= left;
	size_t n = cut ? sl_utf8_floor(text, len, left - sizeof ellipsis) : len;
	char *at = err->room + err->used;
	memcpy(at, text, n);
	char *end = stpcpy(at + n, cut ? ellipsis : "");
	err->text[detail - SL_DETAIL_NUMBER_COUNT] = err->used;
	err->used = (uint16_t)(end + 1 - err->room);
	err->have |= 1u << detail;
	return -1;
}

bool sl_error_get_number(const struct sl_error *err, enum sl_detail detail, int64_t *value)
{
	if (sl_detail_is_text(detail) || !(err->have & (1u << detail)))
		return false;
	*value = err->number[detail];
	return true;
}

const char *sl_error_get_text(const struct sl_error *err, enum sl_detail detail)
{
	if (!sl_detail_is_text(detail) || !(err->have & (1u << detail)))
		return NULL;
	return err->room + err->text[detail - SL_DETAIL_NUMBER_COUNT];
}

const char *sl_kind_name(enum sl_kind kind)
{
	return kinds[kind].name;
}

enum sl_kind sl_kind_from_name(const char *name, size_t len)
{
	for (int k = SL_NONE + 1; k < SL_KIND_COUNT; k++)
		if (strlen(kinds[k].name) == len && memcmp(kinds[k].name, name, len) == 0)
			return (enum sl_kind)k;
	return SL_NONE;
}

bool sl_kind_is_anyones(enum sl_kind kind)
{
	return kinds[kind].who == ANYONE;
}

const char *sl_detail_name(enum sl_detail detail)
{
	return details[detail];
}

enum sl_detail sl_detail_from_name(const char *name, size_t len)
{
	for (int d = 0; d < SL_DETAIL_COUNT; d++)
		if (strlen(details[d]) == len && memcmp(details[d], name, len) == 0)
			return (enum sl_detail)d;
	return SL_DETAIL_COUNT;
}

bool sl_detail_is_text(enum sl_detail detail)
{
	return detail >= (enum sl_detail)SL_DETAIL_NUMBER_COUNT;
}

int sl_error_exit_code(const struct sl_error *err)
{
	const char *stage = sl_error_get_text(err, SL_D_STAGE);
	bool program = stage == NULL || strcmp(stage, "exec") == 0;
	if (err->kind == SL_SPAWN && err->os == ENOENT && program)
		return 127;
	return kinds[err->kind].exit_code;
}

char *sl_quote(char *out, size_t size, const char *text, size_t len)
{
	struct sl_visible v;
	size_t used = 0;
	for (size_t i = 0; i < len;) {
		i += sl_visible_next(&v, text + i, len - i);
		if (used + v.len + sizeof ellipsis > size) {
			memcpy(out + used, ellipsis, sizeof ellipsis);
			return out;
		}
		memcpy(out + used, v.bytes, v.len);
		used += v.len;
	}
	out[used] = '\0';
	return out;
}
