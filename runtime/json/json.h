/*
 * json.h - JSON text: validate, look up, walk, write (room: json)
 *
 * The only room that names the JSON library. simdjson reads; our own reader
 * takes the texts that simdjson declines although RFC 8259 allows them (integers
 * beyond 64 bits, floats beyond double range, lone surrogates, deep nesting), so
 * that exactly the texts of RFC 8259 are accepted. Callers cannot tell which of
 * them answered. Plain C, no Lua: lua/value.h makes Lua values by walking a
 * document with cursors.
 *
 * Look-ups and walks agree for every text; the last of duplicate keys wins.
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

/* Deepest nesting of arrays and objects; deeper texts are row_malformed. */
#define SL_JSON_DEPTH_LIMIT 1024

/* A parser and the one document it holds. Reused for every text; its memory
 * grows with the largest text and can be trimmed. */
struct sl_json;

struct sl_json *sl_json_new(void); /* NULL: out of memory */
void sl_json_free(struct sl_json *j); /* accepts NULL */

/*
 * Validates one JSON value, surrounding white space allowed, and makes it the
 * parser's document. Returns 0, or -1 and *err: kind row_malformed, a readable
 * reason ("trailing bytes after the value", "invalid UTF-8"), and as details
 * the offset in bytes from the start of text and the text around it, cut and
 * with control characters escaped. Out of memory: the same kind, os ENOMEM. text
 * is borrowed for the call; only sl_json_own_text needs it afterwards. After a
 * failure the document is null.
 */
int sl_json_parse(struct sl_json *j, const char *text, size_t len, struct sl_error *err);

/* The same for a text without padding after it: copies it first. */
int sl_json_parse_copy(struct sl_json *j, const char *text, size_t len, struct sl_error *err);

/* If the parser holds more than `keep` bytes (about 14 for each byte of the
 * longest text, mostly in pages never touched), frees the excess, down to about
 * 64 KiB, and makes the document null. */
void sl_json_trim(struct sl_json *j, size_t keep);

/* ---- walking ---- */

enum sl_json_type {
	SL_JSON_NULL,
	SL_JSON_BOOLEAN,
	SL_JSON_INTEGER, /* fits int64_t, and is written without . or e */
	SL_JSON_FLOAT,   /* written with . or e, and in a double's range */
	SL_JSON_DECIMAL, /* every other number: an integer beyond int64_t, or out of a double's range */
	SL_JSON_STRING,
	SL_JSON_ARRAY,
	SL_JSON_OBJECT
};

/* A place in the parser's document; invalid after the next parse. A plain value
 * that owns nothing. The fields are private to the room. */
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

/* The value, which must have that type (asserted). Strings are unescaped UTF-8,
 * borrowed until the next parse, not terminated, and may contain NUL; an escaped
 * lone surrogate becomes three bytes, as in WTF-8. */
bool sl_json_boolean(struct sl_json_value v);
int64_t sl_json_integer(struct sl_json_value v);
double sl_json_float(struct sl_json_value v); /* for a decimal, the nearest double or infinity */
const char *sl_json_string(struct sl_json_value v, size_t *len);

/* A scalar as a name: a string as it is, an integer or a boolean as its JSON text; borrowed from the
 * document or in room, not terminated. Returns 1; 0 if it is null; -1 if its type cannot be a name. */
#define SL_JSON_NAME_ROOM 24
int sl_json_name(struct sl_json_value v, char room[SL_JSON_NAME_ROOM], const char **name, size_t *len);

/* true: no string of its document has a lone surrogate. false: one may have. */
bool sl_json_is_unicode(struct sl_json_value v);

/* The text of a decimal, unchanged: borrowed until the next parse, or in room;
 * not terminated. */
#define SL_JSON_DECIMAL_ROOM 24
const char *sl_json_decimal(struct sl_json_value v, char room[SL_JSON_DECIMAL_ROOM], size_t *len);

/* The text of any value, inside the text that was parsed, which must still exist. If
 * called for values in document order, it scans the text once, and each container it was
 * called for once more; the position is kept in the document. */
const char *sl_json_own_text(struct sl_json_value v, size_t *len);

/* Children in document order, duplicates included. */
struct sl_json_iter {
	struct sl_json_value next;
	size_t end;
	bool object;
};

struct sl_json_iter sl_json_children(struct sl_json_value container);
/* Returns false at the end. key and key_len (both may be NULL) are set for objects. */
bool sl_json_next(struct sl_json_iter *it, const char **key, size_t *key_len,
                  struct sl_json_value *value);

/* The number of children, duplicates included; a hint for sizing. */
size_t sl_json_count(struct sl_json_value container);

/* The field of an object (the last one of this name). Returns false if v is not
 * an object or has no such field. */
bool sl_json_field(struct sl_json_value v, const char *name, size_t len,
                   struct sl_json_value *out);

/* JSON Pointer, RFC 6901: 1 found, 0 not found, -1 not a pointer (it is not
 * empty and does not begin with /, or has a bad ~ escape). */
int sl_json_pointer(struct sl_json_value v, const char *pointer, size_t len,
                    struct sl_json_value *out);

/* ---- writing ---- */

/*
 * Appends compact JSON text to a buffer. Each call returns 0, or -1 and *err
 * (row_malformed; the message says what could not be written). A value is
 * refused before any of it is appended, so that another can be written instead;
 * when out of memory, the text is lost. The caller keeps calls well nested, with
 * a key before each value of an object, and writes one value per text; this is
 * asserted. Integers are exact; floats have the fewest digits that read back
 * the same and are always marked as floats ("1.0"); NaN and infinities are refused.
 *
 * Strings must be UTF-8. Quotes, backslashes and control characters below U+0020
 * are escaped, by letter where JSON has one (\n), otherwise as \u001F; WTF-8
 * surrogates are escaped as \ud800. Do not change the case of these hexadecimal
 * digits: written texts are compared byte by byte.
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
/* A text that is a JSON number (decimal.h), unchanged. */
int sl_json_write_number(struct sl_json_writer *w, const char *text, size_t len, struct sl_error *err);
int sl_json_write_string(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err);
int sl_json_write_key(struct sl_json_writer *w, const char *s, size_t len, struct sl_error *err);
int sl_json_open_array(struct sl_json_writer *w, struct sl_error *err);
int sl_json_close_array(struct sl_json_writer *w, struct sl_error *err);
int sl_json_open_object(struct sl_json_writer *w, struct sl_error *err);
int sl_json_close_object(struct sl_json_writer *w, struct sl_error *err);

/* The shortest text that reads back as this finite value, marked as a float and
 * independent of the locale; not terminated. Returns its length. */
#define SL_JSON_FLOAT_ROOM 40
size_t sl_json_print_float(double value, char out[SL_JSON_FLOAT_ROOM]);

/* Appends a valid text to out on one line: line breaks, which can only be white
 * space, become spaces. Returns 0, or -1 when out of memory. */
int sl_json_append_line(struct sl_buffer *out, const char *text, size_t len);

/* The same, but drops the white space between tokens. */
int sl_json_append_compact(struct sl_buffer *out, const char *text, size_t len);

#ifdef __cplusplus
}
#endif
