/* outline.c - see outline.h
 *
 * A second implementation of parsing the whole text (sl_json_parse) and looking
 * things up in it, kept for memory and speed: for a text of 16 MiB, 1 MiB
 * instead of 55, and 12 ms instead of 160 if the parser has to grow for it.
 * tests/json/outline_spec.lua proves them equal.
 */
#include "json/outline.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/document.h"
#include "json/pointer.h"
#include "json/scan.h"

#define PIECE (64u * 1024)
#define DEEPEST 16         /* nested containers longer than a piece */
#define ALIKE 10           /* bytes that must match, from the one before a comma */
#define TRIES 256          /* commas to look at */
#define NOWHERE SL_SCAN_NOWHERE

_Static_assert(DEEPEST + SL_SIMD_DEPTH <= SL_JSON_DEPTH_LIMIT, "accepted only together");

struct sl_outline_part {
	char type;          /* '[' or '{': a long container; 'r': a run of children */
	size_t from, to;    /* in the text, brackets included */
	size_t key, key_to; /* its name in an object, quotes included */
	size_t count;       /* of a run: children */
	size_t before;      /* the child before this one; 0: none */
	size_t last;        /* of a container: its last child; 0: none yet */
	size_t next;        /* of a container: the part after its own */
};

void sl_outline_clear(struct sl_outline *o)
{
	free(o->parts);
	sl_buffer_clear(&o->piece);
	*o = (struct sl_outline){ 0 };
}

/* ---- reading ---- */

struct reader {
	struct sl_outline *to;
	struct sl_json *parser;
	const char *text;
	size_t at, len;
	size_t depth;
	size_t open[DEEPEST]; /* parts */
	bool wary;            /* a guess was wrong in this container */
};

static void skip_space(struct reader *r)
{
	while (r->at < r->len && r->text[r->at] != '\0' && strchr(" \t\r\n", r->text[r->at]) != NULL)
		r->at++;
}

static bool see(struct reader *r, char c)
{
	skip_space(r);
	return r->at < r->len && r->text[r->at] == c;
}

static char innermost(const struct reader *r)
{
	return r->to->parts[r->open[r->depth - 1]].type;
}

/* Adds a part to the current container. */
static struct sl_outline_part *add(struct reader *r, char type, size_t from)
{
	struct sl_outline *o = r->to;
	struct sl_outline_part part = { .type = type, .from = from };
	if (o->count == o->capacity) {
		size_t capacity = o->capacity == 0 ? 32 : 2 * o->capacity;
		void *parts = realloc(o->parts, capacity * sizeof *o->parts);
		if (parts == NULL)
			return NULL;
		o->parts = parts;
		o->capacity = capacity;
	}
	if (r->depth > 0) {
		struct sl_outline_part *container = &o->parts[r->open[r->depth - 1]];
		part.before = container->last;
		container->last = o->count;
	}
	o->parts[o->count] = part;
	return &o->parts[o->count++];
}

/* Makes a text of some children, or of a name and the given value. Returns 0 or -1. */
static int wrap(struct sl_outline *o, char container, const char *text, size_t len,
                const char *value)
{
	const char *close = container == '{' ? "}" : "]";
	if (sl_buffer_set(&o->piece, &container, 1) != 0 ||
	    sl_buffer_append(&o->piece, text, len) != 0 ||
	    sl_buffer_append(&o->piece, value, strlen(value)) != 0)
		return -1;
	return sl_buffer_append(&o->piece, close, 1);
}

static int parse_piece(struct sl_outline *o, struct sl_json *parser, char container,
                       const char *text, size_t len, const char *value, struct sl_error *err)
{
	if (wrap(o, container, text, len, value) != 0)
		return -1;
	return sl_json_parse(parser, sl_buffer_data(&o->piece), sl_buffer_len(&o->piece), err);
}

/* Adds the run up to `to`, which has been parsed. Returns false also if it is empty. */
static bool add_run(struct reader *r, size_t to)
{
	size_t count = sl_json_count(sl_json_root(r->parser));
	struct sl_outline_part *run = count > 0 ? add(r, 'r', r->at) : NULL;
	if (run == NULL)
		return false;
	run->to = to;
	run->count = count;
	r->at = to;
	return true;
}

static bool read_run(struct reader *r, size_t to)
{
	const char *from = r->text + r->at;
	return parse_piece(r->to, r->parser, innermost(r), from, to - r->at, "", NULL) == 0 &&
	       add_run(r, to);
}

/* Reads a name and the colon after it. */
static bool read_key(struct reader *r, size_t *from, size_t *to)
{
	if (!see(r, '"'))
		return false;
	*from = r->at++;
	while (r->at < r->len && r->text[r->at] != '"')
		r->at += r->text[r->at] == '\\' ? 2 : 1;
	*to = ++r->at;
	if (r->at >= r->len || !see(r, ':'))
		return false;
	r->at++;
	return parse_piece(r->to, r->parser, '{', r->text + *from, *to - *from, ":0", NULL) == 0;
}

static bool enter(struct reader *r, size_t key, size_t key_to)
{
	if ((!see(r, '{') && !see(r, '[')) || r->depth == DEEPEST)
		return false;
	struct sl_outline_part *container = add(r, r->text[r->at], r->at);
	if (container == NULL)
		return false;
	container->key = key;
	container->key_to = key_to;
	r->open[r->depth++] = r->to->count - 1;
	r->wary = false;
	r->at++;
	return true;
}

static bool enter_child(struct reader *r)
{
	size_t key = 0, key_to = 0;
	return (innermost(r) == '[' || read_key(r, &key, &key_to)) && enter(r, key, key_to);
}

/* After a run or a long container: takes a comma, or the ends of containers. */
static bool go_on(struct reader *r)
{
	while (r->depth > 0 && !see(r, ',')) {
		struct sl_outline_part *container = &r->to->parts[r->open[r->depth - 1]];
		if (!see(r, container->type == '{' ? '}' : ']'))
			return false;
		container->to = ++r->at;
		container->next = r->to->count;
		r->depth--;
	}
	r->at += r->depth > 0;
	return true;
}

static bool read_scanned(struct reader *r)
{
	struct sl_scan s;
	sl_scan(&s, r->text, r->at, r->len - r->at > PIECE ? r->at + PIECE : r->len);
	if (s.deepest >= SL_SIMD_DEPTH)
		return false;
	if (s.close != NOWHERE)
		return read_run(r, s.close) && go_on(r);
	if (s.comma != NOWHERE)
		return read_run(r, s.comma) && go_on(r);
	return enter_child(r);
}

/* Children often look alike. Returns the last comma in the next piece with the same
 * bytes around it as the comma before the piece, or NOWHERE. */
static size_t guess(const struct reader *r)
{
	const char *from = r->text + r->at, *model = from - 1, *end = from + PIECE - ALIKE;
	if (r->wary || r->len - r->at < PIECE || *model != ',')
		return NOWHERE;
	for (int i = 0; i < TRIES; i++) {
		const char *comma = memrchr(from, ',', (size_t)(end - from));
		if (comma == NULL)
			break;
		if (memcmp(comma - 1, model - 1, ALIKE) == 0)
			return (size_t)(comma - r->text);
		end = comma;
	}
	return NOWHERE;
}

/* If the text up to a comma is valid when wrapped in brackets, it is whole children,
 * because JSON is unambiguous. So a wrong guess is never a valid run. */
static bool read_guessed(struct reader *r, size_t to)
{
	if (wrap(r->to, innermost(r), r->text + r->at, to - r->at, "") != 0)
		return false;
	r->wary = !sl_json_parse_quickly(r->parser, sl_buffer_data(&r->to->piece),
	                                 sl_buffer_len(&r->to->piece));
	return !r->wary && add_run(r, to);
}

static bool read_children(struct reader *r)
{
	size_t guessed = guess(r);
	if (guessed != NOWHERE && read_guessed(r, guessed))
		return go_on(r);
	return read_scanned(r);
}

bool sl_outline_read(struct sl_outline *o, struct sl_json *parser, const char *text, size_t len)
{
	struct reader r = { .to = o, .parser = parser, .text = text, .len = len };
	o->count = o->asked = 0;
	if (!enter(&r, 0, 0))
		return false;
	while (r.depth > 0)
		if (!read_children(&r))
			return false;
	skip_space(&r);
	return r.at == len;
}

/* ---- look-up ---- */

struct search {
	struct sl_outline *in;
	struct sl_json *parser;
	const char *text;
	struct sl_json_value *out;
	struct sl_error *err;
};

/* One name or index: a token of a pointer with its slash, or a field's name. */
struct token {
	const char *text;
	size_t len;
	bool pointer;
};

static int in_document(const struct search *s, const struct token *t)
{
	struct sl_json_value root = sl_json_root(s->parser);
	if (t->pointer)
		return sl_json_pointer(root, t->text, t->len, s->out);
	return sl_json_field(root, t->text, t->len, s->out);
}

static int in_piece(const struct search *s, char container, size_t from, size_t to,
                    const char *value, const struct token *t)
{
	if (parse_piece(s->in, s->parser, container, s->text + from, to - from, value, s->err) == 0)
		return in_document(s, t);
	if (s->err->kind == SL_NONE)
		sl_fail(s->err, SL_ROW_MALFORMED, ENOMEM, "no memory to read a row");
	return -2;
}

static size_t after(const struct sl_outline *o, size_t part)
{
	return o->parts[part].type == 'r' ? part + 1 : o->parts[part].next;
}

/* Starts from the last member, because the last duplicate wins. */
static int find_member(const struct search *s, size_t container, const struct token *t, size_t *part)
{
	const struct sl_outline *o = s->in;
	int found = 0;
	for (*part = o->parts[container].last; *part != 0; *part = o->parts[*part].before) {
		const struct sl_outline_part *p = &o->parts[*part];
		if (p->type == 'r')
			found = in_piece(s, '{', p->from, p->to, "", t);
		else
			found = in_piece(s, '{', p->key, p->key_to, ":0", t);
		if (found != 0)
			break;
	}
	return found;
}

static int find_element(const struct search *s, size_t container, const struct token *t, size_t *part)
{
	const struct sl_outline *o = s->in;
	size_t end = o->parts[container].next, index;
	char relative[32];
	if (!t->pointer || !sl_pointer_index(t->text + 1, t->text + t->len, &index))
		return 0;
	for (*part = container + 1; *part < end; *part = after(o, *part)) {
		const struct sl_outline_part *p = &o->parts[*part];
		size_t count = p->type == 'r' ? p->count : 1;
		if (index < count && p->type != 'r')
			return 1;
		if (index < count) {
			int len = snprintf(relative, sizeof relative, "/%zu", index);
			struct token in_run = { relative, (size_t)len, true };
			return in_piece(s, '[', p->from, p->to, "", &in_run);
		}
		index -= count;
	}
	return 0;
}

static int find(const struct search *s, size_t container, const struct token *t, size_t *part)
{
	if (s->in->parts[container].type == '{')
		return find_member(s, container, t, part);
	return find_element(s, container, t, part);
}

/* The result is a whole long container. */
static int whole(const struct search *s, size_t part)
{
	const struct sl_outline_part *p = &s->in->parts[part];
	if (sl_json_parse(s->parser, s->text + p->from, p->to - p->from, s->err) != 0)
		return -2;
	*s->out = sl_json_root(s->parser);
	return 1;
}

int sl_outline_field(struct sl_outline *o, struct sl_json *parser, const char *text,
                     const char *name, size_t len, struct sl_json_value *out, struct sl_error *err)
{
	struct search s = { o, parser, text, out, err };
	struct token t = { name, len, false };
	size_t part;
	int found = find(&s, 0, &t, &part);
	return found == 1 && o->parts[part].type != 'r' ? whole(&s, part) : found;
}

int sl_outline_pointer(struct sl_outline *o, struct sl_json *parser, const char *text,
                       const char *pointer, size_t len, struct sl_json_value *out,
                       struct sl_error *err)
{
	struct search s = { o, parser, text, out, err };
	const char *p = pointer, *end = pointer + len;
	size_t part = 0;
	if (!sl_pointer_is_valid(pointer, end))
		return -1;
	while (p < end) {
		const char *slash = memchr(p + 1, '/', (size_t)(end - p - 1));
		struct token t = { p, (size_t)((slash != NULL ? slash : end) - p), true };
		int found = find(&s, part, &t, &part);
		if (found != 1)
			return found;
		p += t.len;
		if (o->parts[part].type == 'r')
			return sl_json_pointer(*out, p, (size_t)(end - p), out);
	}
	return whole(&s, part);
}
