/*
 * outline.h - a large text, checked piece by piece (room: json)
 *
 * The document of a text is about as large again as the text, and two or three
 * times while it is made. Of a large text often one field is wanted, so it is
 * checked in pieces of 64 KiB, each by sl_json_parse, and only where the
 * pieces are is remembered. A look-up parses the pieces that it has to see, and
 * finds what sl_json_field and sl_json_pointer would find.
 *
 * A piece is a run of neighbouring children of one container. Containers longer
 * than a piece are gone into. What that does not fit (a string longer than a
 * piece, very deep nesting, whatever is wrong) is not outlined: the whole text
 * goes to sl_json_parse then, which also knows what to say about it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "json/json.h"

/* Shorter texts are better parsed as a whole, bytes. */
#define SL_OUTLINE_LEAST (256u * 1024)

struct sl_outline_part; /* the room's own */

/* Embedded; {0} is a good start. Keeps nothing of the text. */
struct sl_outline {
	struct sl_outline_part *parts; /* in the order of the text */
	size_t count, capacity;
	struct sl_buffer piece; /* at hand, in brackets of its own */
	size_t asked; /* look-ups since it was read, for who wants to count them */
};

/* Free the parts and the piece, which are its own; o is empty and usable. */
void sl_outline_clear(struct sl_outline *o);

/* Check a text that SL_JSON_PADDING readable bytes follow, with a parser that
 * holds nothing of use afterwards, and outline it: true, it is one valid JSON
 * array or object. false: ask sl_json_parse. */
bool sl_outline_read(struct sl_outline *o, struct sl_json *parser, const char *text, size_t len);

/*
 * Look something up in a text that was outlined, by the parser that is to hold
 * the answer: 1 found, 0 nothing there, and for pointers -1 not a pointer, as
 * sl_json_field and sl_json_pointer from the root; -2 and *err when memory is
 * short. Text is the one that was read, or a copy; SL_JSON_PADDING readable bytes
 * follow it.
 */
int sl_outline_field(struct sl_outline *o, struct sl_json *parser, const char *text,
                     const char *name, size_t len, struct sl_json_value *out, struct sl_error *err);
int sl_outline_pointer(struct sl_outline *o, struct sl_json *parser, const char *text,
                       const char *pointer, size_t len, struct sl_json_value *out,
                       struct sl_error *err);
