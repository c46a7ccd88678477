/* ecma.c - see ecma.h. Reads by descent through the grammar of ECMA-262, and
 * writes what it has read at once. */
#include "schema/ecma.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "schema/property.h"

#define MOST_REPEATS 1000 /* RE2's, also for the product of nested counts */
#define DEEPEST 100
#define LAST_CODE_POINT 0x10FFFF
#define ENDLESS SIZE_MAX

#define EVERYTHING "\\x00-\\x{10FFFF}"
#define LINE_ENDS "\\n\\r\\x{2028}\\x{2029}"

struct parser {
	const char *from, *p, *end;
	struct sl_buffer out;
	struct sl_buffer names; /* of groups: each as <name> */
	bool no_memory;
	int depth;
	struct sl_regex_error *err;
};

/* What a piece amounts to. */
struct extent {
	size_t size;    /* its characters, classes and groups, counts written out */
	size_t product; /* the greatest product of nested counts */
};

/* ---- refusing ---- */

static size_t count_characters(const char *p, const char *end)
{
	size_t count = 0;
	for (; p < end; p++)
		count += ((unsigned char)*p & 0xC0) != 0x80;
	return count;
}

__attribute__((format(printf, 3, 4)))
static bool refuse(struct parser *p, const char *at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(p->err->what, sizeof p->err->what, format, arguments);
	va_end(arguments);
	p->err->at = count_characters(p->from, at) + 1;
	return false;
}

/* How much of a name a message shows: whole characters. */
static int shown(const char *name, size_t len)
{
	size_t n = len < 40 ? len : 40;
	while (n < len && n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80)
		n--;
	return (int)n;
}

static bool refuse_large(struct parser *p, const char *at)
{
	return refuse(p, at, "the expression is too large: lower the counts, or say them as min_length and max_length");
}

/* ---- writing ---- */

static void put_bytes(struct parser *p, const char *text, size_t len)
{
	if (sl_buffer_append(&p->out, text, len) != 0)
		p->no_memory = true;
}

static void put(struct parser *p, const char *text)
{
	put_bytes(p, text, strlen(text));
}

static bool is_alphanumeric(uint32_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static void put_character(struct parser *p, uint32_t c)
{
	char text[16];
	snprintf(text, sizeof text, is_alphanumeric(c) ? "%c" : "\\x{%X}", (int)c);
	put(p, text);
}

/* A class of its own; one of the two ways to write it is there. */
static void put_set(struct parser *p, const char *members, const char *others)
{
	put(p, *members != '\0' ? "[" : "[^");
	put(p, *members != '\0' ? members : others);
	put(p, "]");
}

/* ---- characters ---- */

/* Of UTF-8, or of WTF-8, where a surrogate has three bytes: 0, it is neither. */
static size_t character_length(const char *p, const char *end)
{
	size_t n = sl_utf8_length(p, (size_t)(end - p));
	bool surrogate = end - p >= 3 && p[0] == '\xED' && (p[1] & 0xE0) == 0xA0 && (p[2] & 0xC0) == 0x80;
	return n > 0 ? n : surrogate ? 3 : 0;
}

static bool character(struct parser *p, uint32_t *out)
{
	size_t n = character_length(p->p, p->end);
	if (n == 0)
		return refuse(p, p->p, "the expression is not valid UTF-8");
	*out = (unsigned char)*p->p++;
	*out &= n == 1 ? 0x7F : 0xFFu >> (n + 1);
	for (; n > 1; n--)
		*out = *out << 6 | ((unsigned char)*p->p++ & 0x3F);
	return true;
}

static bool next_is(const struct parser *p, const char *text)
{
	size_t len = strlen(text);
	return (size_t)(p->end - p->p) >= len && memcmp(p->p, text, len) == 0;
}

static bool take(struct parser *p, const char *text)
{
	bool is = next_is(p, text);
	p->p += is ? strlen(text) : 0;
	return is;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* That many hexadecimal digits, or nothing is taken. */
static bool take_hex(struct parser *p, size_t count, uint32_t *out)
{
	const char *at = p->p;
	for (*out = 0; count > 0 && at < p->end && hex_digit(*at) >= 0; count--)
		*out = *out << 4 | (uint32_t)hex_digit(*at++);
	p->p = count == 0 ? at : p->p;
	return count == 0;
}

static bool braced_code_point(struct parser *p, uint32_t *out)
{
	const char *from = p->p;
	for (*out = 0; p->p < p->end && hex_digit(*p->p) >= 0 && *out <= LAST_CODE_POINT; p->p++)
		*out = *out << 4 | (uint32_t)hex_digit(*p->p);
	if (p->p == from || *out > LAST_CODE_POINT || !take(p, "}"))
		return refuse(p, from, "\\u{...} takes a code point, up to 10FFFF");
	return true;
}

/* Two escaped halves of a pair are one character. */
static bool unicode_escape(struct parser *p, uint32_t *out)
{
	uint32_t low;
	if (take(p, "{"))
		return braced_code_point(p, out);
	if (!take_hex(p, 4, out))
		return refuse(p, p->p, "\\u takes four hexadecimal digits");
	const char *behind = p->p;
	if (*out >= 0xD800 && *out <= 0xDBFF && take(p, "\\u") && take_hex(p, 4, &low) &&
	    low >= 0xDC00 && low <= 0xDFFF)
		*out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
	else
		p->p = behind;
	return true;
}

static bool refuse_escape(struct parser *p, const char *escape)
{
	if (escape[1] >= '1' && escape[1] <= '9')
		return refuse(p, escape, "a back reference cannot be used: what it matches is not regular");
	if (escape[1] == 'k')
		return refuse(p, escape, "the back reference \\k cannot be used: what it matches is not regular");
	int n = (int)character_length(escape + 1, p->end);
	return refuse(p, escape, "\\%.*s is not an escape of ECMA-262%s", n, escape + 1,
	              is_alphanumeric((unsigned char)escape[1]) ? "" : ", here: leave out the backslash");
}

/* What stands behind a backslash, when it is one character. */
static bool character_escape(struct parser *p, uint32_t *out)
{
	static const char letters[] = "tnrvf", meaning[] = "\t\n\r\v\f";
	const char *escape = p->p - 1;
	char letter = *p->p++;
	const char *known = letter != '\0' ? strchr(letters, letter) : NULL;
	*out = known != NULL ? (unsigned char)meaning[known - letters] : (unsigned char)letter;
	if (known != NULL || (letter != '\0' && strchr("^$\\.*+?()[]{}|/", letter) != NULL))
		return true;
	if (letter == '0' && p->p < p->end && *p->p >= '0' && *p->p <= '9')
		return refuse(p, escape, "an octal escape cannot be used: write \\xHH");
	if (letter == 'x')
		return take_hex(p, 2, out) || refuse(p, p->p, "\\x takes two hexadecimal digits");
	if (letter == 'u')
		return unicode_escape(p, out);
	if (letter == 'c' && p->p < p->end && (*p->p | 0x20) >= 'a' && (*p->p | 0x20) <= 'z')
		*out = (unsigned char)*p->p++ & 0x1F;
	else if (letter == '0')
		*out = 0;
	else
		return refuse_escape(p, escape);
	return true;
}

/* ---- sets of characters ---- */

static const struct sl_set digits = { "\\d", "\\D" }, words = { "\\w", "\\W" };
static const struct sl_set spaces = {
	"\\t-\\r\\x{20}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}",
	"\\x00-\\x08\\x0E-\\x1F!-\\x{9F}\\x{A1}-\\x{167F}\\x{1681}-\\x{1FFF}\\x{200B}-\\x{2027}"
	"\\x{202A}-\\x{202E}\\x{2030}-\\x{205E}\\x{2060}-\\x{2FFF}\\x{3001}-\\x{FEFE}\\x{FF00}-\\x{10FFFF}",
};

static bool property(struct parser *p, struct sl_set *set) /* behind the p */
{
	const char *escape = p->p - 2;
	const char *close = p->p < p->end && *p->p == '{' ? memchr(p->p, '}', (size_t)(p->end - p->p)) : NULL;
	if (close == NULL)
		return refuse(p, escape, "\\%c takes a property in braces, such as \\%c{Letter}", escape[1], escape[1]);
	size_t len = (size_t)(close - p->p) - 1;
	if (!sl_property_find(p->p + 1, len, set))
		return refuse(p, escape, "\\%c{%.*s} cannot be used: general categories (\\p{Letter}), scripts "
		              "(\\p{Script=Greek}), Any, ASCII and Assigned can", escape[1],
		              shown(p->p + 1, len), p->p + 1);
	p->p = close + 1;
	return true;
}

/* \d, \p{...} and their like, behind the backslash. */
static bool at_set(const struct parser *p)
{
	return p->p < p->end && *p->p != '\0' && strchr("dDwWsSpP", *p->p) != NULL;
}

static bool set_escape(struct parser *p, struct sl_set *set)
{
	char letter = *p->p++, kind = letter | 0x20;
	if (kind == 'p' && !property(p, set))
		return false;
	if (kind != 'p')
		*set = kind == 'd' ? digits : kind == 'w' ? words : spaces;
	if (letter != kind) {
		struct sl_set opposite = *set;
		memcpy(set->members, opposite.others, sizeof set->members);
		memcpy(set->others, opposite.members, sizeof set->others);
	}
	return true;
}

static bool escape(struct parser *p) /* behind the backslash */
{
	struct sl_set set = { "", "" };
	uint32_t c;
	bool is_set = at_set(p);
	if (p->p == p->end)
		return refuse(p, p->p - 1, "a backslash at the end");
	if (is_set ? !set_escape(p, &set) : !character_escape(p, &c))
		return false;
	if (is_set)
		put_set(p, set.members, set.others);
	else
		put_character(p, c);
	return true;
}

/* In brackets: *single is false when it was a set, which is written. */
static bool member_escape(struct parser *p, bool *single, uint32_t *c)
{
	struct sl_set set = { "", "" };
	const char *from = p->p - 1;
	*single = !at_set(p);
	if (p->p == p->end)
		return refuse(p, from, "a backslash at the end");
	if (*single && (*p->p == 'b' || *p->p == '-'))
		*c = *p->p++ == 'b' ? '\b' : '-';
	else if (*single)
		return character_escape(p, c);
	else if (!set_escape(p, &set))
		return false;
	else if (*set.members == '\0')
		return refuse(p, from, "%.*s cannot be used in brackets with others: name its parts, such as "
		              "\\p{Cc} for \\p{C}", (int)(p->p - from), from);
	else
		put(p, set.members);
	return true;
}

static bool member(struct parser *p, bool *single, uint32_t *c)
{
	*single = true;
	return take(p, "\\") ? member_escape(p, single, c) : character(p, c);
}

/* A character or a set, or a range of characters. */
static bool members(struct parser *p)
{
	const char *from = p->p;
	uint32_t low = 0, high = 0;
	bool first, last;
	if (!member(p, &first, &low))
		return false;
	if (first)
		put_character(p, low);
	if (!next_is(p, "-") || p->end - p->p < 2 || p->p[1] == ']')
		return true;
	p->p++;
	if (!member(p, &last, &high))
		return false;
	if (!first || !last || high < low)
		return refuse(p, from, "a range goes from a character to a later one: a-z");
	put(p, "-");
	put_character(p, high);
	return true;
}

/* [^\p{C}]: a set alone, which need not be written in brackets of RE2. */
static bool only_set(struct parser *p, bool negated)
{
	struct sl_set set = { "", "" };
	struct sl_regex_error none;
	struct parser ahead = { .from = p->p, .p = p->p, .end = p->end, .err = &none };
	if (!take(&ahead, "\\") || !at_set(&ahead) || !set_escape(&ahead, &set) || !take(&ahead, "]"))
		return false;
	put_set(p, negated ? set.others : set.members, negated ? set.members : set.others);
	p->p = ahead.p;
	return true;
}

static bool brackets(struct parser *p) /* behind the [ */
{
	bool negated = take(p, "^");
	if (take(p, "]")) {
		put_set(p, negated ? EVERYTHING : "", EVERYTHING);
		return true;
	}
	if (only_set(p, negated))
		return true;
	put(p, negated ? "[^" : "[");
	while (p->p < p->end && *p->p != ']')
		if (!members(p))
			return false;
	put(p, "]");
	return take(p, "]") || refuse(p, p->p, "a [ without its ]");
}

/* ---- quantifiers ---- */

static bool count(struct parser *p, size_t *out)
{
	const char *from = p->p;
	for (*out = 0; p->p < p->end && *p->p >= '0' && *p->p <= '9'; p->p++)
		if (*out <= SL_ECMA_LARGEST) /* else too large anyway */
			*out = *out * 10 + (size_t)(*p->p - '0');
	return p->p > from;
}

/* {n} {n,} {n,m}, behind the {. */
static bool braces(struct parser *p, size_t *min, size_t *max)
{
	const char *from = p->p - 1;
	bool counted = count(p, min);
	*max = *min;
	if (counted && take(p, ",")) {
		*max = ENDLESS;
		counted = next_is(p, "}") || count(p, max);
	}
	if (!counted || !take(p, "}"))
		return refuse(p, from, "a { without numbers and its }: write \\{ for the character");
	return *max >= *min || refuse(p, from, "the numbers of a quantifier are out of order");
}

static bool at_quantifier(const struct parser *p)
{
	return p->p < p->end && *p->p != '\0' && strchr("*+?{", *p->p) != NULL;
}

static bool quantifier(struct parser *p, size_t *min, size_t *max)
{
	char c = *p->p++;
	*min = c == '+';
	*max = c == '?' ? 1 : ENDLESS;
	if (c == '{' && !braces(p, min, max))
		return false;
	take(p, "?"); /* lazy */
	return true;
}

static void put_counted(struct parser *p, const struct sl_buffer *piece, size_t min, size_t max)
{
	char text[32];
	snprintf(text, sizeof text, max == ENDLESS ? "{%zu,}" : "{%zu,%zu}", min, max);
	put_bytes(p, sl_buffer_data(piece), sl_buffer_len(piece));
	put(p, text);
}

/* With no count above `most`. What may be there or not is nested, so that
 * there are only two ways to read a text: (?:x{0,999}|x{1000}x{0,500}). */
static void write_out(struct parser *p, const struct sl_buffer *piece, size_t most, size_t min, size_t max)
{
	size_t open = 0, more = max == ENDLESS ? 0 : max - min;
	for (; min > most; min -= most)
		put_counted(p, piece, most, most);
	put_counted(p, piece, min, max == ENDLESS ? ENDLESS : min);
	for (; more > most; more -= most, open++) {
		put(p, "(?:");
		put_counted(p, piece, 0, most - 1);
		put(p, "|");
		put_counted(p, piece, most, most);
	}
	if (more > 0)
		put_counted(p, piece, 0, more);
	while (open-- > 0)
		put(p, ")");
}

/* Repeat what was written from `from` on. */
static void repeat(struct parser *p, size_t from, size_t most, size_t min, size_t max)
{
	struct sl_buffer piece;
	sl_buffer_init(&piece);
	if (sl_buffer_append(&piece, p->out.bytes + from, p->out.end - from) != 0) {
		p->no_memory = true;
		return;
	}
	p->out.end = from;
	if (min <= most && (max <= most || max == ENDLESS))
		put_counted(p, &piece, min, max);
	else
		write_out(p, &piece, most, min, max);
	sl_buffer_clear(&piece);
}

/* The quantifier of a piece, if there is one. */
static bool quantify(struct parser *p, size_t from, struct extent *piece)
{
	size_t min, max;
	const char *at = p->p;
	if (!at_quantifier(p))
		return true;
	if (!quantifier(p, &min, &max))
		return false;
	size_t times = max == ENDLESS ? min : max;
	if (times > SL_ECMA_LARGEST / piece->size)
		return refuse_large(p, at);
	size_t most = MOST_REPEATS / piece->product;
	repeat(p, from, most, min, max);
	piece->size *= times > 0 ? times : 1;
	piece->product *= times == 0 ? 1 : times < most ? times : most;
	return true;
}

/* ---- the grammar ---- */

static bool alternatives(struct parser *p, struct extent *whole);

static bool is_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < 0x80 && !is_alphanumeric((unsigned char)name[i]) && name[i] != '_' && name[i] != '$')
			return false;
	return len > 0 && !(name[0] >= '0' && name[0] <= '9');
}

static bool group_name(struct parser *p) /* behind the < */
{
	const char *name = p->p, *close = memchr(name, '>', (size_t)(p->end - name));
	size_t len = close != NULL ? (size_t)(close - name) : 0;
	if (!is_name(name, len))
		return refuse(p, name, "a group's name is letters, digits, _ and $ in < >, no digit first");
	if (p->names.end > 0 && memmem(p->names.bytes, p->names.end, name - 1, len + 2) != NULL)
		return refuse(p, name, "two groups are named %.*s", shown(name, len), name);
	if (sl_buffer_append(&p->names, name - 1, len + 2) != 0)
		p->no_memory = true;
	p->p = close + 1;
	return true;
}

static bool group_kind(struct parser *p) /* behind the ( */
{
	const char *from = p->p - 1;
	bool behind = next_is(p, "?<=") || next_is(p, "?<!");
	if (behind || next_is(p, "?=") || next_is(p, "?!"))
		return refuse(p, from, "%s cannot be used, as all look-around: say what may stand there",
		              behind ? "lookbehind" : "lookahead");
	if (take(p, "?:") || !next_is(p, "?"))
		return true;
	if (take(p, "?<"))
		return group_name(p);
	return refuse(p, from, "a group begins with ( or (?: or (?<name>");
}

static bool group(struct parser *p, struct extent *piece) /* behind the ( */
{
	const char *from = p->p - 1;
	if (!group_kind(p))
		return false;
	if (++p->depth > DEEPEST)
		return refuse(p, from, "groups are nested too deep: at most %d", DEEPEST);
	put(p, "(?:");
	if (!alternatives(p, piece))
		return false;
	put(p, ")");
	p->depth--;
	return take(p, ")") || refuse(p, p->p, "a ( without its )");
}

static bool atom(struct parser *p, struct extent *piece)
{
	uint32_t c;
	if (at_quantifier(p))
		return refuse(p, p->p, "there is nothing to repeat: write \\%c for the character", *p->p);
	if (*p->p == ']' || *p->p == '}')
		return refuse(p, p->p, "a bracket without its partner: write \\%c for the character", *p->p);
	if (take(p, "("))
		return group(p, piece);
	if (take(p, "["))
		return brackets(p);
	if (take(p, "\\"))
		return escape(p);
	if (take(p, "."))
		put_set(p, "", LINE_ENDS);
	else if (character(p, &c))
		put_character(p, c);
	else
		return false;
	return true;
}

/* ^ $ \b \B: RE2 writes and reads them so, too. */
static bool assertion(struct parser *p)
{
	const char *from = p->p;
	if (!take(p, "^") && !take(p, "$") && !take(p, "\\b") && !take(p, "\\B"))
		return false;
	put_bytes(p, from, (size_t)(p->p - from));
	return true;
}

static bool sequence(struct parser *p, struct extent *whole)
{
	while (p->p < p->end && *p->p != '|' && *p->p != ')') {
		size_t from = p->out.end;
		struct extent piece = { 1, 1 };
		if (!assertion(p) && !(atom(p, &piece) && quantify(p, from, &piece)))
			return false;
		whole->size += piece.size;
		if (whole->product < piece.product)
			whole->product = piece.product;
		if (whole->size > SL_ECMA_LARGEST)
			return refuse_large(p, p->p);
	}
	return true;
}

static bool alternatives(struct parser *p, struct extent *whole)
{
	bool ok = sequence(p, whole);
	while (ok && take(p, "|")) {
		put(p, "|");
		ok = sequence(p, whole);
	}
	return ok;
}

/* RE2 may begin a match within a character, where \B holds: then the way to
 * it leads over whole characters. An escaped backslash before a B costs this, too. */
static bool whole(struct parser *p)
{
	struct extent extent = { 1, 1 };
	bool between = memmem(p->from, (size_t)(p->end - p->from), "\\B", 2) != NULL;
	put(p, between ? "^(?s:.)*(?:" : "");
	if (!alternatives(p, &extent))
		return false;
	if (p->p < p->end)
		return refuse(p, p->p, "a ) without its (: write \\) for the character");
	put_bytes(p, between ? ")" : "", between + 1); /* and the NUL */
	return !p->no_memory;
}

char *sl_ecma_to_re2(const char *pattern, size_t len, struct sl_regex_error *err)
{
	struct parser p = { .from = pattern, .p = pattern, .end = pattern + len, .err = err };
	*err = (struct sl_regex_error){ "", 0 };
	bool ok = whole(&p);
	sl_buffer_clear(&p.names);
	if (ok)
		return p.out.bytes;
	sl_buffer_clear(&p.out);
	return NULL;
}
