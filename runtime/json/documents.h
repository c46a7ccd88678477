/*
 * documents.h - one JSON value after the other out of a text in pieces (room: json)
 *
 * A text is a number of documents, with white space between them or nothing. Each is
 * a value; of one that is an array, each element is. With a JSON Pointer the
 * values are the elements of the array that it names in each document, and what
 * stands around that is skipped.
 *
 * It finds where values begin and end, and no more: whether one is JSON, a parser
 * must say, and of what is skipped only brackets, strings, commas and colons are
 * looked at. No more of the text is needed at once than one value, or one key on
 * the way to the array, has bytes.
 */
#pragma once

#include "base/text.h"
#include "json/json.h"
#include "json/scan.h"

#define SL_DOCUMENTS_LEVELS 32 /* most tokens of a pointer */

struct sl_documents_level { /* a container on the way, or the array itself */
	bool is_object;
	bool matched;   /* what the pointer names was there */
	uint64_t index; /* of the element, in an array */
};

struct sl_documents { /* embedded; zeroed, then _init */
	struct sl_buffer names; /* the pointer's tokens, unescaped */
	struct sl_text token[SL_DOCUMENTS_LEVELS];
	unsigned tokens, depth;
	struct sl_documents_level level[SL_DOCUMENTS_LEVELS + 1];
	struct sl_json *json;   /* borrowed: reads keys with escapes */
	int state;
	bool is_row;            /* of the value that is looked at, else it is skipped */
	bool is_first;          /* nothing in its container came before it */
	struct sl_scan_state scan;
	size_t from;            /* of a row, where it began */
	size_t next;            /* what is looked at next */
};

/* pointer: NULL or the array's. 0; or -1 and *err (usage): no pointer, too deep; or
 * memory. */
int sl_documents_init(struct sl_documents *d, const char *pointer, struct sl_json *json,
                      struct sl_error *err);
void sl_documents_clear(struct sl_documents *d);

/* A new text begins. */
void sl_documents_begin(struct sl_documents *d);

/*
 * The next value of text, whose first bytes were consumed before: 1: it is
 * text[d->from, d->next); 0: more is needed, or, at its end (is_end), there is none; -1:
 * *err (row_malformed) with the offset in text. SL_JSON_PADDING readable bytes
 * follow the text.
 */
int sl_documents_next(struct sl_documents *d, const char *text, size_t len, bool is_end,
                      struct sl_error *err);

/* So many bytes at the front of the text can go: they hold nothing of a value that
 * is still to come. */
size_t sl_documents_done(const struct sl_documents *d);

/* They are gone. */
void sl_documents_consumed(struct sl_documents *d, size_t n);
