/* regex.c - see regex.h. An expression becomes a program; jumps are relative,
 * so that a quantifier can copy what it repeats. */
#include "schema/regex.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_CODE 4096
#define MOST_RANGES 4096
#define MOST_REPEATS 1000
#define DEEPEST 100
#define LAST_CODE_POINT 0x10FFFF

enum op { OP_CHARACTER, OP_CLASS, OP_SPLIT, OP_JUMP, OP_BEGIN, OP_END, OP_MATCH };

struct code {
	enum op op;
	int a, b; /* the character; the class; where to go on, relative */
};

struct range {
	uint32_t low, high;
};

struct class {
	size_t first, count; /* its ranges */
	bool negated;
	uint64_t ascii[2];   /* what it takes of ASCII, bit by bit */
};

struct set { /* of places in the program */
	int *places;
	size_t count;
};

struct sl_regex {
	struct code *code;
	struct range *ranges;
	struct class *classes;
	size_t code_count, range_count, class_count;
	bool anchored;
	/* For a search. */
	struct set now, next;
	uint32_t *marks; /* per place: the step that has added it last */
	uint32_t step;
	int *waiting;
};

/* ---- the program ---- */

struct parser {
	struct sl_regex *r;
	const char *p, *end;
	const char *wrong; /* the first complaint */
	const char *wrong_at;
	int depth;
};

static bool refuse(struct parser *p, const char *what)
{
	if (p->wrong == NULL) {
		p->wrong = what;
		p->wrong_at = p->p;
	}
	return false;
}

static bool emit(struct parser *p, enum op op, int a, int b)
{
	struct sl_regex *r = p->r;
	if (r->code_count == MOST_CODE)
		return refuse(p, "the expression is too large");
	r->code[r->code_count++] = (struct code){ op, a, b };
	return true;
}

/* Put an instruction before those from `at` on. */
static bool insert(struct parser *p, size_t at, enum op op, int a, int b)
{
	struct sl_regex *r = p->r;
	if (!emit(p, op, a, b))
		return false;
	struct code new = r->code[r->code_count - 1];
	memmove(r->code + at + 1, r->code + at, (r->code_count - 1 - at) * sizeof new);
	r->code[at] = new;
	return true;
}

static bool add_range(struct parser *p, uint32_t low, uint32_t high)
{
	struct sl_regex *r = p->r;
	if (r->range_count == MOST_RANGES)
		return refuse(p, "the expression is too large");
	r->ranges[r->range_count++] = (struct range){ low, high };
	return true;
}

static bool in_ranges(const struct sl_regex *r, const struct class *class, uint32_t c)
{
	const struct range *range = r->ranges + class->first;
	for (size_t i = 0; i < class->count; i++)
		if (c >= range[i].low && c <= range[i].high)
			return !class->negated;
	return class->negated;
}

/* Make a class of the ranges from `first` on. */
static bool emit_class(struct parser *p, size_t first, bool negated)
{
	struct sl_regex *r = p->r;
	if (r->class_count == MOST_CODE)
		return refuse(p, "the expression is too large");
	struct class class = { first, r->range_count - first, negated, { 0, 0 } };
	for (uint32_t c = 0; c < 128; c++)
		class.ascii[c / 64] |= (uint64_t)in_ranges(r, &class, c) << c % 64;
	r->classes[r->class_count] = class;
	return emit(p, OP_CLASS, (int)r->class_count++, 0);
}

/* ---- characters ---- */

/* The text is valid UTF-8, or WTF-8. */
static uint32_t next_character(const char **p, const char *end)
{
	unsigned char lead = (unsigned char)*(*p)++;
	uint32_t c = lead < 0x80 ? lead : lead < 0xE0 ? lead & 0x1F : lead < 0xF0 ? lead & 0x0F : lead & 0x07;
	while (lead >= 0x80 && *p < end && ((unsigned char)**p & 0xC0) == 0x80)
		c = c << 6 | ((unsigned char)*(*p)++ & 0x3F);
	return c;
}

static const struct range digits[] = { { '0', '9' } };
static const struct range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };
static const struct range spaces[] = {
	{ 0x09, 0x0D }, { 0x20, 0x20 }, { 0xA0, 0xA0 }, { 0x1680, 0x1680 },
	{ 0x2000, 0x200A }, { 0x2028, 0x2029 }, { 0x202F, 0x202F }, { 0x205F, 0x205F },
	{ 0x3000, 0x3000 }, { 0xFEFF, 0xFEFF },
};
static const struct range line_ends[] = { { 0x0A, 0x0A }, { 0x0D, 0x0D }, { 0x2028, 0x2029 } };

/* Sorted ranges, or what lies between them. */
static bool add_ranges(struct parser *p, const struct range *ranges, size_t count, bool negated)
{
	uint32_t from = 0;
	for (size_t i = 0; i < count; i++) {
		if (!negated && !add_range(p, ranges[i].low, ranges[i].high))
			return false;
		if (negated && ranges[i].low > from && !add_range(p, from, ranges[i].low - 1))
			return false;
		from = ranges[i].high + 1;
	}
	return !negated || add_range(p, from, LAST_CODE_POINT);
}

#define ADD(p, ranges, negated) add_ranges(p, ranges, sizeof(ranges) / sizeof *(ranges), negated)

/* \d and its like: 1 added, 0 it is none of them, -1 refused. */
static int class_escape(struct parser *p, char letter)
{
	bool ok;
	switch (letter) {
	case 'd':
	case 'D':
		ok = ADD(p, digits, letter == 'D');
		break;
	case 'w':
	case 'W':
		ok = ADD(p, words, letter == 'W');
		break;
	case 's':
	case 'S':
		ok = ADD(p, spaces, letter == 'S');
		break;
	default:
		return 0;
	}
	return ok ? 1 : -1;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool hex(struct parser *p, size_t count, uint32_t *out)
{
	for (*out = 0; count > 0; count--) {
		int digit = p->p < p->end ? hex_digit(*p->p) : -1;
		if (digit < 0)
			return refuse(p, "hexadecimal digits are expected");
		*out = *out << 4 | (uint32_t)digit;
		p->p++;
	}
	return true;
}

static bool braced_code_point(struct parser *p, uint32_t *out)
{
	const char *from = p->p;
	for (*out = 0; p->p < p->end && hex_digit(*p->p) >= 0 && *out <= LAST_CODE_POINT; p->p++)
		*out = *out << 4 | (uint32_t)hex_digit(*p->p);
	if (p->p == from || p->p == p->end || *p->p != '}' || *out > LAST_CODE_POINT)
		return refuse(p, "\\u{...} is no code point");
	p->p++;
	return true;
}

static bool unicode_escape(struct parser *p, uint32_t *out)
{
	uint32_t low;
	if (p->p < p->end && *p->p == '{') {
		p->p++;
		return braced_code_point(p, out);
	}
	if (!hex(p, 4, out))
		return false;
	if (*out < 0xD800 || *out > 0xDBFF || p->end - p->p < 6 || memcmp(p->p, "\\u", 2) != 0)
		return true;
	const char *back = p->p;
	p->p += 2;
	if (!hex(p, 4, &low))
		return false;
	if (low >= 0xDC00 && low <= 0xDFFF)
		*out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
	else
		p->p = back;
	return true;
}

/* What stands behind a backslash, when it is one character. */
static bool character_escape(struct parser *p, char letter, uint32_t *out)
{
	static const char letters[] = "tnrvf0", meaning[] = "\t\n\r\v\f\0";
	const char *known = letter != '\0' ? strchr(letters, letter) : NULL;
	if (letter == '0' && p->p < p->end && *p->p >= '0' && *p->p <= '9')
		return refuse(p, "octal escapes cannot be used");
	if (known != NULL) {
		*out = (unsigned char)meaning[known - letters];
		return true;
	}
	if (letter == 'x')
		return hex(p, 2, out);
	if (letter == 'u')
		return unicode_escape(p, out);
	if (letter == 'c' && p->p < p->end && ((*p->p | 0x20) >= 'a' && (*p->p | 0x20) <= 'z')) {
		*out = (unsigned char)*p->p++ & 0x1F;
		return true;
	}
	if (letter == '\0' || strchr("^$\\.*+?()[]{}|/-", letter) == NULL) {
		p->p--;
		return refuse(p, "this escape cannot be used");
	}
	*out = (unsigned char)letter;
	return true;
}

/* ---- classes in brackets ---- */

/* One member: 1 a character, 0 a class that was added, -1 refused. */
static int member(struct parser *p, uint32_t *c)
{
	if (*p->p != '\\') {
		*c = next_character(&p->p, p->end);
		return 1;
	}
	if (++p->p == p->end) {
		refuse(p, "a backslash at the end");
		return -1;
	}
	char letter = *p->p++;
	if (letter == 'b') {
		*c = '\b';
		return 1;
	}
	int added = class_escape(p, letter);
	if (added != 0)
		return added > 0 ? 0 : -1;
	return character_escape(p, letter, c) ? 1 : -1;
}

static bool members(struct parser *p)
{
	uint32_t low, high;
	int single = member(p, &low);
	if (single <= 0)
		return single == 0;
	if (p->end - p->p < 2 || p->p[0] != '-' || p->p[1] == ']')
		return add_range(p, low, low);
	p->p++;
	if (member(p, &high) != 1 || high < low)
		return refuse(p, "a range goes from a character to a later one");
	return add_range(p, low, high);
}

static bool brackets(struct parser *p) /* behind the [ */
{
	size_t first = p->r->range_count;
	bool negated = p->p < p->end && *p->p == '^';
	p->p += negated;
	while (p->p < p->end && *p->p != ']')
		if (!members(p))
			return false;
	if (p->p == p->end)
		return refuse(p, "a [ without its ]");
	p->p++;
	return emit_class(p, first, negated);
}

/* ---- quantifiers ---- */

static bool count(struct parser *p, int *out)
{
	const char *from = p->p;
	for (*out = 0; p->p < p->end && *p->p >= '0' && *p->p <= '9'; p->p++) {
		*out = *out * 10 + (*p->p - '0');
		if (*out > MOST_REPEATS)
			return refuse(p, "repeats too often");
	}
	return p->p > from || refuse(p, "a { without numbers and its }");
}

/* {n} {n,} {n,m}, behind the {. */
static bool braces(struct parser *p, int *min, int *max)
{
	if (!count(p, min))
		return false;
	*max = *min;
	if (p->p < p->end && *p->p == ',') {
		*max = -1;
		if (++p->p < p->end && *p->p != '}' && !count(p, max))
			return false;
	}
	if (p->p == p->end || *p->p != '}')
		return refuse(p, "a { without numbers and its }");
	p->p++;
	return *max < 0 || *max >= *min || refuse(p, "the numbers of a quantifier are out of order");
}

/* 1 there is one, 0 none, -1 refused. max -1: without end. */
static int quantifier(struct parser *p, int *min, int *max)
{
	char c = p->p < p->end ? *p->p : '\0';
	if (c == '\0' || strchr("*+?{", c) == NULL)
		return 0;
	p->p++;
	*min = c == '+';
	*max = c == '?' ? 1 : -1;
	if (c == '{' && !braces(p, min, max))
		return -1;
	if (p->p < p->end && *p->p == '?')
		p->p++; /* lazy */
	return 1;
}

static bool copy(struct parser *p, const struct code *atom, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!emit(p, atom[i].op, atom[i].a, atom[i].b))
			return false;
	return true;
}

static bool repeat(struct parser *p, const struct code *atom, int len, int min, int max)
{
	for (int i = 0; i < min; i++)
		if (!copy(p, atom, (size_t)len))
			return false;
	if (max < 0)
		return emit(p, OP_SPLIT, 1, len + 2) && copy(p, atom, (size_t)len) &&
		       emit(p, OP_JUMP, -(len + 1), 0);
	for (int i = min; i < max; i++)
		if (!emit(p, OP_SPLIT, 1, len + 1) || !copy(p, atom, (size_t)len))
			return false;
	return true;
}

/* Repeat the code from `from` on. */
static bool quantify(struct parser *p, size_t from, int min, int max)
{
	size_t len = p->r->code_count - from;
	struct code *atom = malloc((len + 1) * sizeof *atom);
	if (atom == NULL)
		return refuse(p, NULL);
	memcpy(atom, p->r->code + from, len * sizeof *atom);
	p->r->code_count = from;
	bool ok = repeat(p, atom, (int)len, min, max);
	free(atom);
	return ok;
}

/* ---- the grammar ---- */

static bool alternatives(struct parser *p);

static bool group(struct parser *p) /* behind the ( */
{
	if (p->end - p->p >= 2 && memcmp(p->p, "?:", 2) == 0)
		p->p += 2;
	else if (p->p < p->end && *p->p == '?')
		return refuse(p, "look-around and named groups cannot be used");
	if (++p->depth > DEEPEST)
		return refuse(p, "groups nested too deep");
	if (!alternatives(p))
		return false;
	p->depth--;
	if (p->p == p->end)
		return refuse(p, "a ( without its )");
	p->p++;
	return true;
}

static bool escape(struct parser *p) /* behind the backslash */
{
	size_t first = p->r->range_count;
	uint32_t c;
	if (p->p == p->end)
		return refuse(p, "a backslash at the end");
	char letter = *p->p++;
	int added = class_escape(p, letter);
	if (added != 0)
		return added > 0 && emit_class(p, first, false);
	return character_escape(p, letter, &c) && emit(p, OP_CHARACTER, (int)c, 0);
}

static bool dot(struct parser *p)
{
	size_t first = p->r->range_count;
	return ADD(p, line_ends, false) && emit_class(p, first, true);
}

static bool atom(struct parser *p)
{
	char c = *p->p;
	if (c != '\0' && strchr("*+?{", c) != NULL)
		return refuse(p, "there is nothing to repeat");
	if (c == ']' || c == '}')
		return refuse(p, "a bracket without its partner");
	if (c != '(' && c != '[' && c != '.' && c != '\\')
		return emit(p, OP_CHARACTER, (int)next_character(&p->p, p->end), 0);
	p->p++;
	return c == '(' ? group(p) : c == '[' ? brackets(p) : c == '.' ? dot(p) : escape(p);
}

static bool term(struct parser *p)
{
	size_t from = p->r->code_count;
	int min, max;
	if (*p->p == '^' || *p->p == '$')
		return emit(p, *p->p++ == '^' ? OP_BEGIN : OP_END, 0, 0);
	if (!atom(p))
		return false;
	int found = quantifier(p, &min, &max);
	return found == 0 || (found > 0 && quantify(p, from, min, max));
}

static bool sequence(struct parser *p)
{
	while (p->p < p->end && *p->p != '|' && *p->p != ')')
		if (!term(p))
			return false;
	return true;
}

static bool alternatives(struct parser *p)
{
	struct sl_regex *r = p->r;
	size_t from = r->code_count;
	if (!sequence(p))
		return false;
	while (p->p < p->end && *p->p == '|') {
		size_t len = r->code_count - from;
		p->p++;
		if (!insert(p, from, OP_SPLIT, 1, (int)len + 2) || !emit(p, OP_JUMP, 0, 0))
			return false;
		size_t jump = r->code_count - 1;
		if (!sequence(p))
			return false;
		r->code[jump].a = (int)(r->code_count - jump);
	}
	return true;
}

static bool whole(struct parser *p)
{
	if (!alternatives(p))
		return false;
	if (p->p < p->end)
		return refuse(p, "a ) without its (");
	return emit(p, OP_MATCH, 0, 0);
}

/* ---- searching ---- */

struct search {
	struct sl_regex *r;
	bool at_begin, at_end, matched;
};

static void wait_for(struct sl_regex *r, size_t *count, int place)
{
	if (r->marks[place] == r->step)
		return;
	r->marks[place] = r->step;
	r->waiting[(*count)++] = place;
}

/* Add a place, and all that can be reached from it without a character. */
static void add(struct search *s, struct set *set, int place)
{
	struct sl_regex *r = s->r;
	size_t waiting = 0;
	wait_for(r, &waiting, place);
	while (waiting > 0) {
		int at = r->waiting[--waiting];
		const struct code *c = &r->code[at];
		if (c->op == OP_SPLIT)
			wait_for(r, &waiting, at + c->b);
		if (c->op == OP_SPLIT || c->op == OP_JUMP)
			wait_for(r, &waiting, at + c->a);
		else if ((c->op == OP_BEGIN && s->at_begin) || (c->op == OP_END && s->at_end))
			wait_for(r, &waiting, at + 1);
		else if (c->op == OP_MATCH)
			s->matched = true;
		else if (c->op == OP_CHARACTER || c->op == OP_CLASS)
			set->places[set->count++] = at;
	}
}

static bool in_class(const struct sl_regex *r, const struct class *class, uint32_t c)
{
	return c < 128 ? class->ascii[c / 64] >> c % 64 & 1 : in_ranges(r, class, c);
}

static bool takes(const struct sl_regex *r, const struct code *code, uint32_t c)
{
	if (code->op == OP_CHARACTER)
		return (uint32_t)code->a == c;
	return in_class(r, &r->classes[code->a], c);
}

static void new_step(struct sl_regex *r)
{
	if (++r->step == 0) { /* once in 2^32 */
		memset(r->marks, 0, r->code_count * sizeof *r->marks);
		r->step = 1;
	}
}

/* Follow every way over one character; s says what is behind it. */
static void advance(struct search *s, uint32_t c)
{
	struct sl_regex *r = s->r;
	struct set was = r->now;
	r->now = r->next;
	r->next = was;
	r->now.count = 0;
	new_step(r);
	for (size_t i = 0; i < was.count; i++)
		if (takes(r, &r->code[was.places[i]], c))
			add(s, &r->now, was.places[i] + 1);
}

bool sl_regex_find(struct sl_regex *r, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	struct search s = { r, true, len == 0, false };
	r->now.count = 0;
	new_step(r);
	add(&s, &r->now, 0);
	while (!s.matched && p < end && (r->now.count > 0 || !r->anchored)) {
		uint32_t c = next_character(&p, end);
		s.at_begin = false;
		s.at_end = p == end;
		advance(&s, c);
		if (!r->anchored)
			add(&s, &r->now, 0);
	}
	return s.matched;
}

/* ---- making one ---- */

/* What no expression may exceed; what is left over is given back. */
static bool allocate(struct sl_regex *r)
{
	r->code = malloc(MOST_CODE * sizeof *r->code);
	r->ranges = malloc(MOST_RANGES * sizeof *r->ranges);
	r->classes = malloc(MOST_CODE * sizeof *r->classes);
	return r->code != NULL && r->ranges != NULL && r->classes != NULL;
}

/* Give back what the program does not need. */
static void *fit(void *room, size_t size)
{
	void *smaller = realloc(room, size > 0 ? size : 1);
	/* cppcheck-suppress memleak ; it is returned */
	return smaller != NULL ? smaller : room;
}

static bool prepare_search(struct sl_regex *r)
{
	size_t n = r->code_count;
	r->code = fit(r->code, n * sizeof *r->code);
	r->ranges = fit(r->ranges, r->range_count * sizeof *r->ranges);
	r->classes = fit(r->classes, r->class_count * sizeof *r->classes);
	r->anchored = r->code[0].op == OP_BEGIN;
	r->now.places = malloc(n * sizeof(int));
	r->next.places = malloc(n * sizeof(int));
	r->waiting = malloc(n * sizeof(int));
	r->marks = calloc(n, sizeof *r->marks);
	return r->now.places != NULL && r->next.places != NULL && r->waiting != NULL && r->marks != NULL;
}

struct sl_regex *sl_regex_new(const char *pattern, size_t len, struct sl_regex_error *err)
{
	struct sl_regex *r = calloc(1, sizeof *r);
	struct parser p = { .r = r, .p = pattern, .end = pattern + len };
	*err = (struct sl_regex_error){ NULL, 0 };
	if (r != NULL && allocate(r) && whole(&p) && prepare_search(r))
		return r;
	if (p.wrong != NULL)
		*err = (struct sl_regex_error){ p.wrong, (size_t)(p.wrong_at - pattern) };
	sl_regex_free(r);
	return NULL;
}

void sl_regex_free(struct sl_regex *r)
{
	if (r == NULL)
		return;
	free(r->code);
	free(r->ranges);
	free(r->classes);
	free(r->now.places);
	free(r->next.places);
	free(r->waiting);
	free(r->marks);
	free(r);
}
