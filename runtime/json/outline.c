/* outline.c - see outline.h */
#include "json/outline.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json/pointer.h"

#define PIECE (64u * 1024)
#define DEEPEST 16         /* containers longer than a piece, within each other */
#define DEEPEST_PIECE 1000 /* with the above below SL_JSON_DEPTH_LIMIT */
#define NOWHERE SIZE_MAX

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

/* ---- brackets and commas outside strings, 64 bytes at a time ---- */

struct block { /* a bit for each byte */
	uint64_t quotes, escapes, open, close, commas;
};

#ifdef __SSE2__
static inline uint64_t equal(const __m128i v[4], char c)
{
	uint64_t bits = 0;
	for (int i = 0; i < 4; i++) {
		__m128i same = _mm_cmpeq_epi8(v[i], _mm_set1_epi8(c));
		bits |= (uint64_t)(uint16_t)_mm_movemask_epi8(same) << 16 * i;
	}
	return bits;
}

/* [ and { differ in one bit only, and so do ] and }. */
static inline void classify(struct block *b, const char *p)
{
	__m128i v[4], folded[4];
	for (int i = 0; i < 4; i++) {
		v[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
		folded[i] = _mm_or_si128(v[i], _mm_set1_epi8(0x20));
	}
	b->quotes = equal(v, '"');
	b->escapes = equal(v, '\\');
	b->commas = equal(v, ',');
	b->open = equal(folded, '{');
	b->close = equal(folded, '}');
}
#else
static inline void classify(struct block *b, const char *p)
{
	*b = (struct block){ 0 };
	for (int i = 0; i < 64; i++) {
		b->quotes |= (uint64_t)(p[i] == '"') << i;
		b->escapes |= (uint64_t)(p[i] == '\\') << i;
		b->commas |= (uint64_t)(p[i] == ',') << i;
		b->open |= (uint64_t)(p[i] == '{' || p[i] == '[') << i;
		b->close |= (uint64_t)(p[i] == '}' || p[i] == ']') << i;
	}
}
#endif

/* One bit for each byte with an odd number of set bits up to it. */
static inline uint64_t parity(uint64_t bits)
{
	for (int shift = 1; shift < 64; shift *= 2)
		bits ^= bits << shift;
	return bits;
}

struct scan {
	bool escaped;    /* the next byte is */
	uint64_t string; /* all ones: within a string */
	size_t depth, deepest;
	size_t comma; /* the last one between children of the container at hand */
	size_t close; /* its own bracket */
};

static void drop_escaped_quotes(struct scan *s, struct block *b)
{
	uint64_t bits = b->escapes;
	if (s->escaped) {
		b->quotes &= ~UINT64_C(1);
		bits &= ~UINT64_C(1);
	}
	s->escaped = false;
	while (bits != 0) {
		uint64_t after = (bits & -bits) << 1;
		s->escaped = after == 0;
		b->quotes &= ~after;
		bits &= bits - 1;
		bits &= ~after;
	}
}

/* The last comma of these, if any. */
static inline void note_comma(struct scan *s, uint64_t commas, size_t at)
{
	if (commas != 0)
		s->comma = at + 63 - (size_t)__builtin_clzll(commas);
}

/* Brackets in order; commas only where no bracket is open. true: the
 * container's end is found. */
static bool scan_block(struct scan *s, struct block *b, uint64_t valid, size_t at)
{
	if (s->escaped || b->escapes != 0)
		drop_escaped_quotes(s, b);
	uint64_t in_string = parity(b->quotes & valid) ^ s->string;
	uint64_t outside = ~in_string & valid;
	uint64_t commas = b->commas & outside, brackets = (b->open | b->close) & outside;
	s->string = (uint64_t)0 - (in_string >> 63);
	for (; brackets != 0; brackets &= brackets - 1) {
		uint64_t bit = brackets & -brackets;
		if (bit & b->open) {
			if (s->depth++ == 0)
				note_comma(s, commas & (bit - 1), at);
			else if (s->depth > s->deepest)
				s->deepest = s->depth;
		} else if (s->depth == 0) {
			s->close = at + (size_t)__builtin_ctzll(bit);
			return true;
		} else if (--s->depth == 0) {
			commas &= -bit;
		}
	}
	if (s->depth == 0)
		note_comma(s, commas, at);
	return false;
}

/* From a child of a container on, for a piece or to the container's end. */
static struct scan scan(const char *text, size_t from, size_t len)
{
	struct scan s = { .comma = NOWHERE, .close = NOWHERE };
	size_t end = len - from > PIECE ? from + PIECE : len;
	for (size_t at = from; at < end; at += 64) {
		struct block b;
		uint64_t valid = end - at < 64 ? (UINT64_C(1) << (end - at)) - 1 : ~UINT64_C(0);
		classify(&b, text + at);
		if (scan_block(&s, &b, valid, at))
			break;
	}
	return s;
}

/* ---- reading ---- */

struct reader {
	struct sl_outline *to;
	struct sl_json *parser;
	const char *text;
	size_t at, len;
	size_t depth;
	size_t open[DEEPEST]; /* parts */
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

/* One more part of the container at hand. */
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

/* Some children, or a name with a value of its own, as a document. */
static int parse_piece(struct sl_outline *o, struct sl_json *parser, char container,
                       const char *text, size_t len, const char *value, struct sl_error *err)
{
	const char *close = container == '{' ? "}" : "]";
	sl_buffer_consume(&o->piece, sl_buffer_len(&o->piece));
	if (sl_buffer_append(&o->piece, &container, 1) != 0 ||
	    sl_buffer_append(&o->piece, text, len) != 0 ||
	    sl_buffer_append(&o->piece, value, strlen(value)) != 0 ||
	    sl_buffer_append(&o->piece, close, 1) != 0)
		return -1;
	return sl_json_parse(parser, sl_buffer_data(&o->piece), sl_buffer_len(&o->piece), err);
}

static bool read_run(struct reader *r, size_t to)
{
	if (parse_piece(r->to, r->parser, innermost(r), r->text + r->at, to - r->at, "", NULL) != 0)
		return false;
	struct sl_outline_part *run = add(r, 'r', r->at);
	if (run == NULL)
		return false;
	run->to = to;
	run->count = sl_json_count(sl_json_root(r->parser));
	r->at = to;
	return run->count > 0;
}

/* A name, up to the colon after it. */
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
	r->at++;
	return true;
}

static bool enter_child(struct reader *r)
{
	size_t key = 0, key_to = 0;
	return (innermost(r) == '[' || read_key(r, &key, &key_to)) && enter(r, key, key_to);
}

/* After a run or a long container: a comma, or the ends of containers. */
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

static bool read_children(struct reader *r)
{
	struct scan s = scan(r->text, r->at, r->len);
	if (s.deepest > DEEPEST_PIECE)
		return false;
	if (s.close != NOWHERE)
		return read_run(r, s.close) && go_on(r);
	if (s.comma != NOWHERE)
		return read_run(r, s.comma) && go_on(r);
	return enter_child(r);
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
		sl_fail(s->err, SL_ROW_MALFORMED, ENOMEM, "no memory to look into a row");
	return -2;
}

static size_t after(const struct sl_outline *o, size_t part)
{
	return o->parts[part].type == 'r' ? part + 1 : o->parts[part].next;
}

/* From the last member on, for of several of one name it counts. */
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

/* A long container itself is wanted. */
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
