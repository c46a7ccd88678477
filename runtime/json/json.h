/*
 * json.h - JSON text: validate, look up, walk, write (room: json)
 *
 * The only room that names the JSON library. simdjson reads; our own reader
 * takes what simdjson declines although RFC 8259 allows it (integers beyond 64
 * bits, floats beyond double range, lone surrogates, deep nesting), so that
 * exactly the texts of RFC 8259 are accepted. Which of them answered cannot be
 * told from outside. Plain C, no Lua: whoever wants Lua values walks a document
 * with cursors (lua/value.h does).
 *
 * A look-up and a walk agree for every text; of duplicate keys the last wins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Readable bytes that must follow a text given to sl_json_parse. */
#define SL_JSON_PADDING SL_BUFFER_PADDING

/* Deepest nesting of arrays and objects; deeper is row_malformed, and says so. */
#define SL_JSON_DEPTH_LIMIT 1024

/* A parser and the one document it holds. Reused for every text; its memory
 * grows with the largest text and can be trimmed. */
struct sl_json;

struct sl_json *sl_json_new(void); /* NULL: no memory */
void sl_json_free(struct sl_json *j); /* accepts NULL */

/*
 * Validate one JSON value, surrounding white space allowed, and make it the
 * parser's document: 0, or -1 and *err: kind row_malformed, what is wrong in
 * people's words ("trailing bytes after the value", "invalid UTF-8"), the
 * offset in bytes from the start of text, and the text around it, cut and with
 * control characters shown as escapes, as details. When memory is short: the
 * same kind, os ENOMEM. text is borrowed for the call; of all that can be asked of
 * the document only sl_json_own_text needs it afterwards. After a failure the
 * document is null.
 */
int sl_json_parse(struct sl_json *j, const char *text, size_t len, struct sl_error *err);

/* The same for a text without padding after it: copies it first. */
int sl_json_parse_copy(struct sl_json *j, const char *text, size_t len, struct sl_error *err);

/* When the parser holds more than `keep` bytes (about 14 for each byte of the
 * longest text, most of them untouched by the system), give back what is above,
 * down to some 64 KiB. The document is null afterwards if it had to be. */
void sl_json_trim(struct sl_json *j, size_t keep);

/* ---- walking ---- */

enum sl_json_type {
	SL_JSON_NULL,
	SL_JSON_BOOLEAN,
	SL_JSON_INTEGER, /* fits int64_t, and written without . or e */
	SL_JSON_FLOAT,   /* written with . or e, and in a double's range */
	SL_JSON_DECIMAL, /* every other number: an integer beyond 64 bits, or beyond that range */
	SL_JSON_STRING,
	SL_JSON_ARRAY,
	SL_JSON_OBJECT
};

/* A place in the parser's document; dead after the next parse. Plain value,
 * owns nothing. The fields are the room's own. */
struct sl_json_value {
	const struct sl_json *json;
	size_t at;
};

struct sl_json_value sl_json_root(const struct sl_json *j);
enum sl_json_type sl_json_type(struct sl_json_value v);
const char *sl_json_type_name(enum sl_json_type t); /* "integer", ... */

static inline bool sl_json_is_number(enum sl_json_type t)
{
	return t == SL_JSON_INTEGER || t == SL_JSON_FLOAT || t == SL_JSON_DECIMAL;
}

/* The value, if it has that type (asserted). Strings are unescaped UTF-8,
 * borrowed until the next parse, not terminated, may hold NUL; an escaped
 * lone surrogate becomes its three bytes as in WTF-8. */
bool sl_json_boolean(struct sl_json_value v);
int64_t sl_json_integer(struct sl_json_value v);
double sl_json_float(struct sl_json_value v); /* of a decimal the nearest double, or infinity */
const char *sl_json_string(struct sl_json_value v, size_t *len);

/* A scalar that can name something: a string as it is, an integer or a boolean as it is written, borrowed
 * from the document or in room, not terminated. 1; 0: it is null; -1: it cannot. */
#define SL_JSON_NAME_ROOM 24
int sl_json_name(struct sl_json_value v, char room[SL_JSON_NAME_ROOM], const char **name, size_t *len);

/* Has its document no string with a lone surrogate? false: it may have. */
bool sl_json_is_unicode(struct sl_json_value v);

/* The digits of a decimal, as they came: borrowed until the next parse, or from
 * room; not terminated. */
#define SL_JSON_DECIMAL_ROOM 24
const char *sl_json_decimal(struct sl_json_value v, char room[SL_JSON_DECIMAL_ROOM], size_t *len);

/* The text of any value where it stands in the text that was parsed, which must
 * still be there. Asked for values in document order, it passes over the text once, and
 * over a container that was asked for itself once more; the place is kept in the document. */
const char *sl_json_own_text(struct sl_json_value v, size_t *len);

/* Children in document order, duplicates included. */
struct sl_json_iter {
	struct sl_json_value next;
	size_t end;
	bool object;
};

struct sl_json_iter sl_json_children(struct sl_json_value container);
/* false at the end. key and key_len (both may be NULL) are for objects. */
bool sl_json_next(struct sl_json_iter *it, const char **key, size_t *key_len,
                  struct sl_json_value *value);

/* How many children (duplicates counted); a hint for sizing. */
size_t sl_json_count(struct sl_json_value container);

/* The field of an object (the last one of this name): false when v is no
 * object or has no such field. */
bool sl_json_field(struct sl_json_value v, const char *name, size_t len,
                   struct sl_json_value *out);

/* JSON Pointer, RFC 6901: 1 found, 0 nothing there, -1 not a pointer (it is
 * not empty and does not begin with /, or has a bad ~ escape). */
int sl_json_pointer(struct sl_json_value v, const char *pointer, size_t len,
                    struct sl_json_value *out);

/* ---- writing ---- */

/*
 * Appends JSON text to a buffer, compact. Each call: 0, or -1 and *err
 * (row_malformed; message says what could not be written). What is refused is
 * refused before anything of it is appended, so that another value can be
 * written instead; when memory is short, the text is lost. The caller keeps
 * calls well nested, with a key before each value of an object, and writes one
 * value per text; that is asserted. Integers are exact, floats the fewest digits
 * that read back the same and always marked as floats ("1.0"), NaN and
 * infinities refused.
 *
 * Strings must be UTF-8. Quotes, backslashes and control characters below U+0020
 * are escaped, by letter where JSON has one (\n), else as \u001F; surrogates, as
 * WTF-8 has them, are escaped as \ud800. Upper and lower case stay as they are:
 * written texts are compared byte by byte.
 */
struct sl_json_writer;

struct sl_json_writer *sl_json_writer_new(void);
void sl_json_writer_free(struct sl_json_writer *w);

/* Begin a new text at the end of out (borrowed until the next _begin). */
void sl_json_writer_begin(struct sl_json_writer *w, struct sl_buffer *out);

int sl_json_write_null(struct sl_json_writer *w, struct sl_error *err);
int sl_json_write_boolean(struct sl_json_writer *w, bool value, struct sl_error *err);
int sl_json_write_integer(struct sl_json_writer *w, int64_t value, struct sl_error *err);
int sl_json_write_float(struct sl_json_writer *w, double value, struct sl_error *err);
/* A text that is a JSON number (decimal.h), as it is. */
int sl_json_write_number(struct sl_json_writer *w, const char *text, size_t len, struct sl_error *err);
int sl_json_write_string(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err);
int sl_json_write_key(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err);
int sl_json_open_array(struct sl_json_writer *w, struct sl_error *err);
int sl_json_close_array(struct sl_json_writer *w, struct sl_error *err);
int sl_json_open_object(struct sl_json_writer *w, struct sl_error *err);
int sl_json_close_object(struct sl_json_writer *w, struct sl_error *err);

/* The shortest text that reads back as this finite value, marked as a float, in no
 * locale; not terminated. Returns its length. */
#define SL_JSON_FLOAT_ROOM 40
size_t sl_json_print_float(double value, char out[SL_JSON_FLOAT_ROOM]);

/* Copy a valid text to out on one line: line breaks, which can only be white
 * space, become spaces. */
int sl_json_append_line(struct sl_buffer *out, const char *text, size_t len);

/* The same without the white space between tokens. */
int sl_json_append_compact(struct sl_buffer *out, const char *text, size_t len);

#ifdef __cplusplus
}
#endif
