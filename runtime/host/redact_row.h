/*
 * redact_row.h - redacts the strings at some places of rows (room: host)
 *
 * Places are JSON Pointers. The string there is replaced (redact.h), or all strings in the object
 * or array there, but not names of fields. All duplicates of a field are redacted, because the text shows
 * them all. Numbers, true, false and null stay, and are counted. The text is changed in place and keeps its length.
 */
#pragma once

#include "base/nearest.h"
#include "base/text.h"
#include "host/redact.h"

#define SL_REDACT_POINTERS 64 /* at most */
#define SL_REDACT_NAME 72     /* bytes of a name that can be suggested, at most */

struct sl_redact_pointer {
	struct sl_text text;    /* as given; borrowed */
	struct sl_text *tokens; /* unescaped */
	size_t count;
	uint64_t strings, others; /* found there so far */
	/* while there were none: the name that is most like the token that was not found */
	struct sl_nearest nearest;
	size_t missed; /* which token; count: none yet */
	char near_name[SL_REDACT_NAME];
};

struct sl_redaction { /* embedded; zeroed, or _init; read the counts */
	struct sl_redactor redactor;
	struct sl_redact_pointer *pointers;
	size_t count;
	struct sl_buffer names;  /* of the tokens */
	struct sl_buffer name;   /* a field's, unescaped */
	uint64_t rows, strings, others; /* looked at; replaced; left */
};

/* Pointers are borrowed. 0, or -1 and *err (usage: not a pointer, or too many). _clear either way. */
int sl_redaction_init(struct sl_redaction *r, const struct sl_text *pointers, size_t count, struct sl_error *err);
void sl_redaction_clear(struct sl_redaction *r);

/* Redacts a row of valid JSON in place. 0, or -1: no memory. */
int sl_redact_row(struct sl_redaction *r, char *json, size_t len);

/* 0; or -1 and *err (usage): rows have been looked at, and one of the pointers found no string
 * in any of them. */
int sl_redaction_check(const struct sl_redaction *r, struct sl_error *err);
