/* documents.c - see documents.h */
#include "json/documents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json/pointer.h"

enum state { BEFORE, VALUE, KEY, COLON, STRING, CONTAINER, SCALAR, AFTER };

enum { GOES_ON = 2, MORE = 0, FOUND = 1, BROKEN = -1 }; /* what a step came to */

struct text {
	const char *bytes;
	size_t len;
	bool is_end;
	struct sl_error *err;
};

/* ---- the pointer ---- */

/* A token without its escapes, behind the names that are there. */
static int add_name(struct sl_documents *d, const char *from, const char *end)
{
	char *to = sl_buffer_room(&d->names, (size_t)(end - from) + 1);
	if (to == NULL)
		return -1;
	size_t n = 0;
	for (; from < end; from++)
		if (*from == '~')
			to[n++] = *++from == '0' ? '~' : '/';
		else
			to[n++] = *from;
	d->token[d->tokens++].len = n;
	sl_buffer_added(&d->names, n);
	return 0;
}

/* The buffer may have moved while it grew. */
static void place_names(struct sl_documents *d)
{
	const char *at = sl_buffer_data(&d->names);
	for (unsigned i = 0; i < d->tokens; at += d->token[i++].len)
		d->token[i].bytes = at;
}

int sl_documents_init(struct sl_documents *d, const char *pointer, struct sl_json *json,
                      struct sl_error *err)
{
	const char *p = pointer != NULL ? pointer : "", *end = p + strlen(p);
	*d = (struct sl_documents){ .json = json };
	if (!sl_pointer_is_valid(p, end))
		return sl_fail(err, SL_USAGE, 0, "not a JSON Pointer, as in /data/items: \"%.200s\"", p);
	while (p < end) {
		const char *slash = strchr(p + 1, '/');
		slash = slash != NULL ? slash : end;
		if (d->tokens == SL_DOCUMENTS_LEVELS)
			return sl_fail(err, SL_USAGE, 0, "a JSON Pointer of over %d tokens", SL_DOCUMENTS_LEVELS);
		if (add_name(d, p + 1, slash) != 0)
			return sl_fail(err, SL_USAGE, ENOMEM, "no memory for a JSON Pointer");
		p = slash;
	}
	place_names(d);
	return 0;
}

void sl_documents_begin(struct sl_documents *d)
{
	d->state = BEFORE;
	d->depth = 0;
	d->is_row = false;
	d->next = d->from = 0;
}

void sl_documents_clear(struct sl_documents *d)
{
	sl_buffer_clear(&d->names);
}

/* ---- what is said ---- */

static int broken(struct sl_documents *d, const struct text *t, const char *what)
{
	sl_fail(t->err, SL_ROW_MALFORMED, 0, "%s", what);
	sl_error_number(t->err, SL_D_OFFSET, (int64_t)d->next);
	return BROKEN;
}

static int cut_off(struct sl_documents *d, const struct text *t)
{
	return broken(d, t, "the document is cut off");
}

/* "/a/0" of the first tokens. */
static const char *way(const struct sl_documents *d, unsigned count, char *out, size_t size)
{
	size_t used = 0;
	for (unsigned i = 0; i < count && used + 2 < size; i++) {
		out[used++] = '/';
		used += sl_pointer_put(out + used, size - used - 1, d->token[i].bytes, d->token[i].len);
	}
	out[used] = '\0';
	return out;
}

static int leads_nowhere(struct sl_documents *d, const struct text *t, unsigned count, const char *what)
{
	char room[200], quoted[240];
	way(d, count, room, sizeof room);
	sl_fail(t->err, SL_ROW_MALFORMED, 0, what, sl_quote(quoted, sizeof quoted, room, strlen(room)));
	sl_error_number(t->err, SL_D_OFFSET, (int64_t)d->next);
	return BROKEN;
}

/* ---- values ---- */

static struct sl_documents_level *innermost(struct sl_documents *d)
{
	return d->depth > 0 ? &d->level[d->depth - 1] : NULL;
}

/* Is the container on top the array whose elements are wanted? */
static bool is_target(const struct sl_documents *d)
{
	return d->depth == d->tokens + 1;
}

static int go(struct sl_documents *d, enum state next)
{
	d->state = next;
	return GOES_ON;
}

static int after_value(struct sl_documents *d)
{
	return go(d, d->depth > 0 ? AFTER : BEFORE);
}

/* A value ends before d->next. */
static int value_ends(struct sl_documents *d)
{
	after_value(d);
	return d->is_row ? FOUND : GOES_ON;
}

static int enter(struct sl_documents *d, bool is_object)
{
	d->level[d->depth++] = (struct sl_documents_level){ .is_object = is_object };
	d->next++;
	d->is_first = true;
	return go(d, is_object ? KEY : VALUE);
}

static int begin_value(struct sl_documents *d, char c, bool is_row)
{
	d->is_row = is_row;
	d->from = d->next;
	if (c == '"' || c == '{' || c == '[')
		d->next++;
	d->scan = (struct sl_scan_state){ 0 };
	return go(d, c == '"' ? STRING : c == '{' || c == '[' ? CONTAINER : SCALAR);
}

/* The value that the pointer's first tokens, as many as there are levels, name. */
static int step_down(struct sl_documents *d, const struct text *t, char c)
{
	bool is_there = d->depth == d->tokens;
	if (is_there && c == '[')
		return enter(d, false);
	if (is_there && d->tokens == 0)
		return begin_value(d, c, true);
	if (is_there)
		return leads_nowhere(d, t, d->tokens, "what stands at \"%s\" is not an array");
	if (c == '{' || c == '[')
		return enter(d, c == '{');
	return leads_nowhere(d, t, d->depth, "what stands at \"%s\" is neither an object nor an array");
}

/* Does the pointer lead through this element of an array? */
static bool is_on_the_way(struct sl_documents *d)
{
	struct sl_documents_level *l = innermost(d);
	struct sl_text token = d->token[d->depth - 1];
	size_t index;
	if (!l->is_object && !l->matched && sl_pointer_index(token.bytes, token.bytes + token.len, &index))
		l->matched = index == l->index;
	else if (!l->is_object)
		return false;
	return l->matched;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next byte that is not white space: is there one? */
static bool look(struct sl_documents *d, const struct text *t, char *c)
{
	while (d->next < t->len && is_space(t->bytes[d->next]))
		d->next++;
	if (d->next == t->len)
		return false;
	*c = t->bytes[d->next];
	return true;
}

static bool begins_value(char c)
{
	return c == '"' || c == '{' || c == '[' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* ---- the steps ---- */

static int before(struct sl_documents *d, const struct text *t)
{
	char c;
	if (!look(d, t, &c))
		return MORE;
	if (!begins_value(c))
		return broken(d, t, "not the beginning of a JSON value");
	return step_down(d, t, c);
}

static int leave(struct sl_documents *d, const struct text *t)
{
	struct sl_documents_level *l = innermost(d);
	if (!is_target(d) && !l->matched)
		return leads_nowhere(d, t, d->depth, "there is nothing at \"%s\" in the document");
	d->depth--;
	d->next++;
	return after_value(d);
}

static int value(struct sl_documents *d, const struct text *t)
{
	char c;
	struct sl_documents_level *l = innermost(d);
	if (!look(d, t, &c))
		return t->is_end ? cut_off(d, t) : MORE;
	if (c == ']' && d->is_first && !l->is_object)
		return leave(d, t);
	if (!begins_value(c))
		return broken(d, t, "a JSON value was expected");
	d->is_first = false;
	if (is_target(d))
		return begin_value(d, c, true);
	bool is_new = l->is_object ? d->is_row : is_on_the_way(d); /* of a member, the key said so */
	return is_new ? step_down(d, t, c) : begin_value(d, c, false);
}

/* The end of a string whose first byte is at `from`: SIZE_MAX: it is not there yet. */
static size_t string_end(const struct text *t, size_t from)
{
	for (const char *p = t->bytes + from, *end = t->bytes + t->len; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			return (size_t)(p - t->bytes);
	}
	return SIZE_MAX;
}

/* Is text[from, to) with its quotes the token on the way? 1, 0, or -1: no string. */
static int names_token(struct sl_documents *d, const struct text *t, size_t from, size_t to)
{
	struct sl_text token = d->token[d->depth - 1], key = { t->bytes + from + 1, to - from - 2 };
	if (memchr(key.bytes, '\\', key.len) == NULL)
		return sl_text_equal(key, token);
	if (sl_json_parse_copy(d->json, t->bytes + from, to - from, t->err) != 0)
		return -1;
	key.bytes = sl_json_string(sl_json_root(d->json), &key.len);
	return sl_text_equal(key, token);
}

static int key(struct sl_documents *d, const struct text *t)
{
	char c;
	struct sl_documents_level *l = innermost(d);
	if (!look(d, t, &c))
		return t->is_end ? cut_off(d, t) : MORE;
	if (c == '}' && d->is_first)
		return leave(d, t);
	if (c != '"')
		return broken(d, t, "the name of a member was expected");
	size_t end = string_end(t, d->next + 1);
	if (end == SIZE_MAX)
		return t->is_end ? cut_off(d, t) : MORE;
	int is_token = names_token(d, t, d->next, end + 1);
	if (is_token < 0)
		return BROKEN;
	if (is_token && l->matched)
		return leads_nowhere(d, t, d->depth, "the document has \"%s\" twice");
	l->matched |= is_token != 0;
	d->is_row = is_token != 0;
	d->is_first = false;
	d->next = end + 1;
	return go(d, COLON);
}

static int colon(struct sl_documents *d, const struct text *t)
{
	char c;
	if (!look(d, t, &c))
		return t->is_end ? cut_off(d, t) : MORE;
	if (c != ':')
		return broken(d, t, "a colon was expected");
	d->next++;
	return go(d, VALUE);
}

static int string(struct sl_documents *d, const struct text *t)
{
	for (; d->next < t->len; d->next++) {
		char c = t->bytes[d->next];
		if (!d->scan.escaped && c == '"') {
			d->next++;
			return value_ends(d);
		}
		d->scan.escaped = !d->scan.escaped && c == '\\';
	}
	return t->is_end ? cut_off(d, t) : MORE;
}

static int container(struct sl_documents *d, const struct text *t)
{
	size_t close = sl_scan_on(&d->scan, t->bytes, d->next, t->len);
	if (close == SL_SCAN_NOWHERE) {
		d->next = t->len;
		return t->is_end ? cut_off(d, t) : MORE;
	}
	d->next = close + 1;
	return value_ends(d);
}

static int scalar(struct sl_documents *d, const struct text *t)
{
	for (; d->next < t->len; d->next++) {
		char c = t->bytes[d->next];
		if (is_space(c) || strchr(",:]}[{\"", c) != NULL)
			return value_ends(d);
	}
	return t->is_end ? value_ends(d) : MORE;
}

static int after(struct sl_documents *d, const struct text *t)
{
	char c;
	struct sl_documents_level *l = innermost(d);
	if (!look(d, t, &c))
		return t->is_end ? cut_off(d, t) : MORE;
	if (c == (l->is_object ? '}' : ']'))
		return leave(d, t);
	if (c != ',')
		return broken(d, t, l->is_object ? "a comma or } was expected" : "a comma or ] was expected");
	d->next++;
	l->index++;
	return go(d, l->is_object ? KEY : VALUE);
}

static int (*const steps[])(struct sl_documents *d, const struct text *t) = {
	[BEFORE] = before, [VALUE] = value,         [KEY] = key,       [COLON] = colon,
	[STRING] = string, [CONTAINER] = container, [SCALAR] = scalar, [AFTER] = after,
};

int sl_documents_next(struct sl_documents *d, const char *text, size_t len, bool is_end,
                      struct sl_error *err)
{
	struct text t = { text, len, is_end, err };
	int rc;
	do
		rc = steps[d->state](d, &t);
	while (rc == GOES_ON);
	return rc;
}

size_t sl_documents_done(const struct sl_documents *d)
{
	bool is_kept = d->is_row && (d->state == STRING || d->state == CONTAINER || d->state == SCALAR);
	return is_kept ? d->from : d->next;
}

void sl_documents_consumed(struct sl_documents *d, size_t n)
{
	d->next -= n;
	d->from -= n;
}
