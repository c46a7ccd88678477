/* check.c - see check.h */
#include "json/check.h"

#include <string.h>

#include "base/utf8.h"
#include "json/json.h"

#define QUOTE(x) #x
#define SHOW(x) QUOTE(x)

/* The position; `what` is set by the complaint. */
struct scan {
	const unsigned char *text, *p, *end;
	const char *what;
	const unsigned char *place;
	const struct sl_listener *listener;
	size_t depth;
	bool object[SL_JSON_DEPTH_LIMIT]; /* the open containers */
};

static bool complain(struct scan *s, const unsigned char *place, const char *what)
{
	s->what = what;
	s->place = place;
	return false;
}

/* The length of the character here, which must not be the end; 0: not well-formed. */
static size_t character_length(const struct scan *s)
{
	return sl_utf8_length((const char *)s->p, (size_t)(s->end - s->p));
}

static bool at_end(const struct scan *s)
{
	return s->p == s->end;
}

static bool see(const struct scan *s, char c)
{
	return !at_end(s) && *s->p == (unsigned char)c;
}

static bool skip(struct scan *s, char c)
{
	bool seen = see(s, c);
	s->p += seen;
	return seen;
}

static bool see_digit(const struct scan *s)
{
	return !at_end(s) && *s->p >= '0' && *s->p <= '9';
}

static bool see_letter(const struct scan *s)
{
	return !at_end(s) && ((*s->p | 0x20) >= 'a' && (*s->p | 0x20) <= 'z');
}

static void skip_space(struct scan *s)
{
	while (see(s, ' ') || see(s, '\n') || see(s, '\t') || see(s, '\r'))
		s->p++;
}

/* A byte is not allowed here: says why, or otherwise what was expected. */
static bool complain_of_byte(struct scan *s, const char *expected)
{
	if (see(s, '/'))
		return complain(s, s->p, "comments are not JSON");
	if (see(s, '\''))
		return complain(s, s->p, "strings and field names need double quotes");
	if (!at_end(s) && character_length(s) == 0)
		return complain(s, s->p, "invalid UTF-8");
	if (!at_end(s) && *s->p < 0x20)
		return complain(s, s->p, "control character outside a string");
	return complain(s, s->p, expected);
}

/* ---- strings ---- */

static bool hex_digits(struct scan *s, const unsigned char *escape)
{
	for (int i = 0; i < 4; i++, s->p++)
		if (!see_digit(s) && !(see_letter(s) && (*s->p | 0x20) <= 'f'))
			return complain(s, escape, "\\u needs four hexadecimal digits");
	return true;
}

static bool escape(struct scan *s)
{
	const unsigned char *backslash = s->p++;
	if (skip(s, 'u'))
		return hex_digits(s, backslash);
	if (at_end(s) || *s->p == '\0' || strchr("\"\\/bfnrt", *s->p) == NULL)
		return complain(s, backslash, "unknown escape in a string");
	s->p++;
	return true;
}

static bool character(struct scan *s)
{
	if (see(s, '\\'))
		return escape(s);
	if (*s->p < 0x20)
		return complain(s, s->p, "control character in a string, not written as an escape");
	size_t n = character_length(s);
	s->p += n;
	return n > 0 || complain(s, s->p, "invalid UTF-8");
}

static bool string(struct scan *s)
{
	const unsigned char *quote = s->p++;
	while (!see(s, '"')) {
		bool good = !at_end(s) && character(s);
		if (at_end(s))
			return complain(s, quote, "unfinished string");
		if (!good)
			return false;
	}
	s->p++;
	return true;
}

/* ---- numbers and words ---- */

static bool digits(struct scan *s, const char *missing)
{
	if (!see_digit(s))
		return complain(s, s->p, missing);
	while (see_digit(s))
		s->p++;
	return true;
}

static bool exponent(struct scan *s)
{
	if (!skip(s, 'e') && !skip(s, 'E'))
		return true;
	if (!skip(s, '+'))
		skip(s, '-');
	return digits(s, "the exponent of a number needs a digit");
}

static bool number(struct scan *s)
{
	const unsigned char *start = s->p;
	skip(s, '-');
	if (skip(s, '0')) {
		if (see_digit(s))
			return complain(s, start, "number has a leading zero");
		if (see_letter(s) && !see(s, 'e') && !see(s, 'E'))
			return complain(s, start, "numbers are decimal");
	} else if (!digits(s, "a minus sign needs a digit after it")) {
		return false;
	}
	if (skip(s, '.') && !digits(s, "a decimal point needs a digit after it"))
		return false;
	return exponent(s);
}

static bool word(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	const unsigned char *start = s->p;
	while (see_letter(s))
		s->p++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if ((size_t)(s->p - start) == strlen(words[i]) &&
		    memcmp(start, words[i], strlen(words[i])) == 0)
			return true;
	return complain(s, start, "unknown word: only true, false and null are values");
}

static bool any_scalar(struct scan *s)
{
	if (see(s, '"'))
		return string(s);
	if (see_digit(s) || see(s, '-'))
		return number(s);
	if (see_letter(s))
		return word(s);
	if (see(s, '+') || see(s, '.'))
		return complain(s, s->p, "a number begins with a digit or a minus sign");
	if (see(s, ']') || see(s, '}'))
		return complain(s, s->p, "a value is missing before the bracket");
	if (see(s, ',') || see(s, ':'))
		return complain(s, s->p, "a value is missing");
	return complain_of_byte(s, "no value can begin with this");
}

static bool tell(const struct scan *s, const unsigned char *from, bool key)
{
	if (s->listener != NULL)
		s->listener->token(s->listener->ctx, (const char *)from, (size_t)(s->p - from), key);
	return true;
}

static bool scalar(struct scan *s)
{
	const unsigned char *from = s->p;
	return any_scalar(s) && tell(s, from, false);
}

/* ---- structure ---- */

static bool in_object(const struct scan *s)
{
	return s->object[s->depth - 1];
}

/* The text ended too early. */
static bool complain_of_end(struct scan *s)
{
	if (s->depth == 0)
		return complain(s, s->p, "the text is empty");
	return complain(s, s->p, in_object(s) ? "the text ends inside an object"
	                                      : "the text ends inside an array");
}

static bool key(struct scan *s)
{
	skip_space(s);
	if (at_end(s))
		return complain_of_end(s);
	if (see(s, '}'))
		return complain(s, s->p, "a comma must not be the last thing in an object");
	if (!see(s, '"'))
		return complain_of_byte(s, "expected a field name in double quotes");
	const unsigned char *quote = s->p;
	if (!string(s) || !tell(s, quote, true))
		return false;
	skip_space(s);
	if (at_end(s))
		return complain_of_end(s);
	return skip(s, ':') || complain_of_byte(s, "expected a colon after the field name");
}

/* After an opening bracket: 1 a value follows, 0 it is closed, -1 complaint. */
static int open_container(struct scan *s)
{
	if (s->depth == SL_JSON_DEPTH_LIMIT)
		return complain(s, s->p, "nested deeper than " SHOW(SL_JSON_DEPTH_LIMIT)) - 1;
	bool object = *s->p++ == '{';
	s->object[s->depth++] = object;
	tell(s, s->p - 1, false);
	skip_space(s);
	if (see(s, object ? '}' : ']'))
		return 0;
	return object && !key(s) ? -1 : 1;
}

/* After a comma: the key of the next field, or nothing. */
static bool next_child(struct scan *s)
{
	if (in_object(s))
		return key(s);
	skip_space(s);
	return !see(s, ']') ||
	       complain(s, s->p, "a comma must not be the last thing in an array");
}

/* After a value: 1 another follows, 0 the whole is complete, -1 complaint. */
static int after_value(struct scan *s)
{
	while (s->depth > 0) {
		skip_space(s);
		if (at_end(s))
			return complain_of_end(s) - 1;
		if (skip(s, ','))
			return next_child(s) ? 1 : -1;
		if (!skip(s, in_object(s) ? '}' : ']'))
			return complain_of_byte(s, in_object(s) ? "expected a comma or }"
			                                        : "expected a comma or ]") - 1;
		tell(s, s->p - 1, false);
		s->depth--;
	}
	return 0;
}

static bool value(struct scan *s)
{
	int more = 1;
	while (more > 0) {
		skip_space(s);
		if (at_end(s))
			return complain_of_end(s);
		bool container = see(s, '[') || see(s, '{');
		more = container ? open_container(s) : scalar(s) ? 0 : -1;
		if (more == 0)
			more = after_value(s);
	}
	return more == 0;
}

static bool whole(struct scan *s)
{
	if (s->end - s->p >= 3 && memcmp(s->p, "\xEF\xBB\xBF", 3) == 0)
		return complain(s, s->p, "the text begins with a byte order mark");
	if (!value(s))
		return false;
	skip_space(s);
	return at_end(s) || complain(s, s->p, "trailing bytes after the value");
}

bool sl_json_check(const char *text, size_t len, const struct sl_listener *listener,
                   struct sl_complaint *complaint)
{
	const unsigned char *start = (const unsigned char *)text;
	struct scan s = { .text = start, .p = start, .end = start + len, .listener = listener };
	if (whole(&s))
		return true;
	*complaint = (struct sl_complaint){ s.what, (size_t)(s.place - s.text) };
	return false;
}
