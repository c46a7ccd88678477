/*
 * documents.h - rows out of JSON documents, as their bytes come (room: json)
 *
 * Documents are pretty-printed, or run together. Each is a row; of one that is
 * an array each element is. With a JSON Pointer the elements of the array that
 * it names in each document are the rows: what stands before and after is
 * checked and passed over, and of two members of that name the second is an error.
 *
 * Pure: show it the bytes that it has not used, and get the next row. What it
 * holds does not grow with the documents; a row, a name and a string that is
 * passed over must be in the bytes as a whole.
 *
 * A row is not checked: whether it is JSON, sl_json_parse must say. Its end may be
 * guessed from what stood between the rows before it, so one that is refused must
 * be doubted. A guess that is JSON is right: no object or array has two ends.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sl_documents;

struct sl_document_row { /* borrowed from the bytes */
	const char *text;
	size_t len;
	uint64_t line;   /* where it begins, from 1 */
	uint64_t offset; /* of its first byte in the input */
	uint64_t breaks; /* of lines, within it */
};

/* pointer: to the arrays; NULL: whole documents. NULL and *err (usage): it is
 * not one, or memory is short. */
struct sl_documents *sl_documents_new(const char *pointer, struct sl_error *err);
void sl_documents_free(struct sl_documents *d); /* accepts NULL */

/* A new input: the next bytes are its first. `skipped` bytes stood before them. */
void sl_documents_begin(struct sl_documents *d, size_t skipped);

/*
 * The next row: 1; 0 when more bytes are needed, or, at the end of the input
 * (`last`: these bytes are all there is), when there is none; -1 and *err
 * (row_malformed, with line and offset): what stands there is no document.
 * text: len bytes from the first one that is not used, with SL_JSON_PADDING
 * readable ones after them.
 */
int sl_documents_next(struct sl_documents *d, const char *text, size_t len, bool last,
                      struct sl_document_row *row, struct sl_error *err);

/* The row at hand was refused: was its end a guess? Then sl_documents_next gives
 * it again, with the end found for certain; from here on nothing is guessed. */
bool sl_documents_doubt(struct sl_documents *d);

/* How many bytes at the front are used now: the caller forgets them, and the
 * next text begins after them. */
size_t sl_documents_used(struct sl_documents *d);

/* The line of the first byte that is not used. */
uint64_t sl_documents_line(const struct sl_documents *d);
