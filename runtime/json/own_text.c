/* own_text.c - see json.h: where a value is in the text that was parsed
 *
 * The tape has the values in the order of the text, but not their places, so both are
 * walked in parallel. Between tokens there is only white space, commas and colons.
 */
#include <assert.h>
#include <string.h>

#include "json/document.h"

static bool is_between(char c)
{
	return c == ' ' || c == ',' || c == ':' || c == '\n' || c == '\t' || c == '\r';
}

static const char *skip_between(const char *p, const char *end)
{
	while (p < end && is_between(*p))
		p++;
	return p;
}

/* Skips past the closing quote: the first with an even number of backslashes before it. */
static const char *skip_string(const char *p, const char *end)
{
	const char *start = p + 1;
	for (p = start; (p = memchr(p, '"', (size_t)(end - p))) != NULL; p++) {
		const char *slash = p;
		while (slash > start && slash[-1] == '\\')
			slash--;
		if ((p - slash) % 2 == 0)
			return p + 1;
	}
	return end;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && !is_between(*p) && *p != ']' && *p != '}')
		p++;
	return p;
}

/* Skips one token: the text of one entry of the tape. */
static const char *skip_token(const char *p, const char *end)
{
	switch (*p) {
	case '"':
		return skip_string(p, end);
	case '[': case ']': case '{': case '}':
		return p + 1;
	default:
		return skip_word(p, end);
	}
}

static size_t next_token(const uint64_t *tape, size_t at)
{
	size_t words = sl_tape_words[tape[at] >> 56];
	return words != 0 ? at + words : at + 1;
}

/* Moves to the token at this word of the tape. */
static void go_to(struct sl_json *j, size_t at)
{
	struct sl_json_place from = { .at = 1 };
	if (j->place.at != 0 && j->place.at <= at)
		from = j->place;
	else if (j->opened.at != 0 && j->opened.at <= at)
		from = j->opened;
	const char *end = j->text + j->length, *p = j->text + from.offset;
	size_t here = from.at;
	for (p = skip_between(p, end); here < at && p < end; p = skip_between(p, end)) {
		p = skip_token(p, end);
		here = next_token(j->tape, here);
	}
	assert(here == at);
	j->place.at = here;
	j->place.offset = (size_t)(p - j->text);
}

const char *sl_json_own_text(struct sl_json_value v, size_t *len)
{
	struct sl_json *j = (struct sl_json *)v.json; /* the place is not part of the document */
	go_to(j, v.at);
	const char *from = j->text + j->place.offset;
	size_t after = sl_tape_after(j->tape, v.at), closing = after - 1;
	if (sl_tape_words[j->tape[v.at] >> 56] == 0) {
		j->opened = j->place; /* look-ups inside it continue from here */
		go_to(j, closing);    /* its closing bracket */
	}
	const char *end = skip_token(j->text + j->place.offset, j->text + j->length);
	*len = (size_t)(end - from);
	return from;
}
