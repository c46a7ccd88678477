/*
 * documents.h - rows from a stream of JSON documents (room: json)
 *
 * Documents may be pretty-printed or run together. Each document is a row; if it is
 * an array, each element is one. With a JSON Pointer the rows are the elements of
 * the array that it names in each document: everything before and after is
 * validated and skipped, and a second member of that name is an error.
 *
 * Pure: pass it the unused bytes, and get the next row. Its memory does not grow
 * with the documents; a row, a name and a skipped string must be in the bytes as a
 * whole.
 *
 * Rows are not validated; that is up to sl_json_parse. The end of a row may be
 * guessed from the bytes between the rows before it, so if a row is refused, call
 * sl_documents_doubt. A guess that is JSON is right: no object or array has two ends.
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
	uint64_t breaks; /* line breaks within it */
};

/* pointer: to the arrays; NULL: whole documents. Returns NULL and *err (usage) if it
 * is not a valid pointer or memory runs out. */
struct sl_documents *sl_documents_new(const char *pointer, struct sl_error *err);
void sl_documents_free(struct sl_documents *d); /* accepts NULL */

/* Starts a new input: the next bytes are its first, after `skipped` bytes. */
void sl_documents_begin(struct sl_documents *d, size_t skipped);

/*
 * Returns 1 and the next row; 0 if more bytes are needed or, at the end of the
 * input (`last`: no bytes follow these), if there are no more rows; -1 and *err
 * (row_malformed, with line and offset) if the bytes are not a document.
 * text: len bytes from the first unused one, followed by SL_JSON_PADDING readable
 * ones.
 */
int sl_documents_next(struct sl_documents *d, const char *text, size_t len, bool last,
                      struct sl_document_row *row, struct sl_error *err);

/* To be called if the current row was refused. Returns true if its end was a guess:
 * sl_documents_next then returns it again with its real end, and guesses no more. */
bool sl_documents_doubt(struct sl_documents *d);

/* How many bytes at the front have been used: the caller drops them, and the next
 * text begins after them. */
size_t sl_documents_used(struct sl_documents *d);

/* The line of the first unused byte. */
uint64_t sl_documents_line(const struct sl_documents *d);
