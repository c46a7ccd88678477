/*
 * outline.h - a large text, checked piece by piece (room: json)
 *
 * A document takes about as much memory as its text, and two or three times that
 * while it is built. Often only one field of a large text is needed, so the text
 * is validated in pieces of 64 KiB, each by sl_json_parse, and only the places of
 * the pieces are kept. A look-up parses the pieces that it needs, and finds what
 * sl_json_field and sl_json_pointer would find.
 *
 * A piece is a run of neighbouring children of one container. Containers longer
 * than a piece are entered. A text that this does not fit (a string longer than a
 * piece, very deep nesting, any error) is not outlined: the whole text must then
 * go to sl_json_parse, which also reports what is wrong with it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "json/json.h"

/* Bytes; shorter texts are better parsed as a whole. */
#define SL_OUTLINE_LEAST (256u * 1024)

struct sl_outline_part; /* private to the room */

/* Embedded; initialise it with {0}. Keeps nothing of the text. */
struct sl_outline {
	struct sl_outline_part *parts; /* in the order of the text */
	size_t count, capacity;
	struct sl_buffer piece; /* the current one, wrapped in brackets */
	size_t asked; /* look-ups since it was read, if the caller counts them */
};

/* Frees the parts and the piece, which it owns; o is empty and usable. */
void sl_outline_clear(struct sl_outline *o);

/* Validates and outlines a text that SL_JSON_PADDING readable bytes follow. The
 * parser's document is of no use afterwards. true: the text is one valid JSON
 * array or object. false: use sl_json_parse. */
bool sl_outline_read(struct sl_outline *o, struct sl_json *parser, const char *text, size_t len);

/*
 * Look something up in an outlined text; the result is in the parser's document.
 * Returns 1 found, 0 not found, and for pointers -1 not a pointer, like
 * sl_json_field and sl_json_pointer from the root; -2 and *err when out of
 * memory. text is the one that was read, or a copy; SL_JSON_PADDING readable bytes
 * must follow it.
 */
int sl_outline_field(struct sl_outline *o, struct sl_json *parser, const char *text,
                     const char *name, size_t len, struct sl_json_value *out, struct sl_error *err);
int sl_outline_pointer(struct sl_outline *o, struct sl_json *parser, const char *text,
                       const char *pointer, size_t len, struct sl_json_value *out,
                       struct sl_error *err);
