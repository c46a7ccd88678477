/* syntax.c - see syntax.h: by descent, with a token of look-ahead */
#include "expression/syntax.h"

#include <ctype.h>
#include <float.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "json/decimal.h"

#define DEEPEST 180 /* levels, as deep as Lua goes itself */
#define UNARY 12    /* binds more than all binary operators but ^ */

enum token_kind { END, NAME, WORD, INTEGER, FLOAT, DECIMAL, STRING, SIGN, BROKEN };

struct token {
	enum token_kind kind;
	size_t at, end;
	const struct operator *operator; /* that it can be, binary */
	struct sl_text text; /* of a name, string or decimal, in the tree's bytes */
	int64_t integer;
	double number;
};

struct reader {
	struct sl_syntax *tree;
	struct sl_syntax_error *err;
	const char *source;
	size_t len, at;
	char *free; /* of the tree's bytes */
	struct token next;
	size_t behind; /* the end of the token before it */
	int depth;
	locale_t c_locale;
};

static const struct operator {
	char sign[4];
	uint8_t kind, left, right; /* how much it binds to either side: the manual, 3.4.8 */
} operators[] = { /* those that begin like others come first */
	{ "or", SL_SYNTAX_OR, 1, 1 },    { "and", SL_SYNTAX_AND, 2, 2 },  { "==", SL_SYNTAX_EQ, 3, 3 },
	{ "~=", SL_SYNTAX_NE, 3, 3 },    { "<=", SL_SYNTAX_LE, 3, 3 },    { ">=", SL_SYNTAX_GE, 3, 3 },
	{ "<<", SL_SYNTAX_SHL, 7, 7 },   { ">>", SL_SYNTAX_SHR, 7, 7 },   { "<", SL_SYNTAX_LT, 3, 3 },
	{ ">", SL_SYNTAX_GT, 3, 3 },     { "|", SL_SYNTAX_BOR, 4, 4 },    { "~", SL_SYNTAX_BXOR, 5, 5 },
	{ "&", SL_SYNTAX_BAND, 6, 6 },   { "..", SL_SYNTAX_CONCAT, 9, 8 }, { "+", SL_SYNTAX_ADD, 10, 10 },
	{ "-", SL_SYNTAX_SUB, 10, 10 },  { "*", SL_SYNTAX_MUL, 11, 11 },  { "//", SL_SYNTAX_IDIV, 11, 11 },
	{ "/", SL_SYNTAX_DIV, 11, 11 },  { "%", SL_SYNTAX_MOD, 11, 11 },  { "^", SL_SYNTAX_POW, 14, 13 },
};

/* Signs of other languages, and what is written here. */
static const struct habit {
	const char *sign, *said;
} habits[] = {
	{ "!==", "not equal is written ~=, not !==" },
	{ "!=", "not equal is written ~=, not !=" },
	{ "&&", "and is written and, not &&" },
	{ "||", "or is written or, not ||" },
	{ "=~", "a pattern is matched by name:find \"...\", not by =~" },
	{ "=>", "an order is written >= or <=, not =>" },
	{ "=", "equal is written ==, not =" },
	{ "!", "not is written not, not !" },
	{ "??", "a default is written x or y, not x ?? y" },
	{ "?.", "a field of what is absent is nil here: write x.y, not x?.y" },
	{ "?", "a choice is written x and y or z, not x ? y : z" },
};

/* ---- refusing ---- */

__attribute__((format(printf, 4, 5)))
static bool refuse(struct reader *r, size_t at, size_t len, const char *format, ...)
{
	va_list arguments;
	if (r->err->what[0] != '\0')
		return false;
	va_start(arguments, format);
	vsnprintf(r->err->what, sizeof r->err->what, format, arguments);
	va_end(arguments);
	r->err->at = at;
	r->err->len = len;
	return false;
}

static const struct habit *habit_at(const char *source, size_t at)
{
	for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
		if (strncmp(source + at, habits[i].sign, strlen(habits[i].sign)) == 0)
			return &habits[i];
	return NULL;
}

/* Words of other languages that stand between two values. */
static const struct habit word_habits[] = {
	{ "is", "null and nil are compared by == and ~=, as in x == null" },
	{ "in", "one of several is written x == 1 or x == 2" },
	{ "like", "a pattern is matched by name:find \"...\"" },
	{ "matches", "a pattern is matched by name:find \"...\"" },
	{ "contains", "a part is found by name:find(\"...\", 1, true)" },
};

static const struct habit *word_habit_at(const struct reader *r, const struct token *t)
{
	for (size_t i = 0; i < sizeof word_habits / sizeof *word_habits; i++) {
		const char *word = word_habits[i].sign;
		if (t->end - t->at == strlen(word) && strncmp(r->source + t->at, word, strlen(word)) == 0)
			return &word_habits[i];
	}
	return NULL;
}

/* Signs whose first half was taken for an operator. */
static const char *half_said(const struct reader *r, size_t at)
{
	char before = at > 0 ? r->source[at - 1] : '\0';
	if (r->source[at] == '=' && r->source[at + 1] != '=' && before != '\0' && strchr("+-*/%.", before) != NULL)
		return "an expression changes nothing: it cannot assign";
	if (r->source[at] == '=' && before == '=')
		return "equal is written ==, not ===";
	if (r->source[at] == '>' && before == '<')
		return "not equal is written ~=, not <>";
	if (r->source[at] == '+' && before == '+')
		return "an expression changes nothing: there is no ++";
	if (r->source[at] == '.' && (r->source[at + 1] == '_' || isalpha((unsigned char)r->source[at + 1])) && r->behind == 0)
		return "a field is written by its name alone, without a dot";
	return NULL;
}

/* What stands where something else had to. */
static bool refuse_token(struct reader *r, const char *expected)
{
	const struct token *t = &r->next;
	const struct habit *h = habit_at(r->source, t->at);
	if (t->kind == BROKEN)
		return false; /* it has been said */
	const char *said = t->kind == SIGN ? half_said(r, t->at) : NULL;
	const struct habit *word = t->kind == NAME || t->kind == WORD ? word_habit_at(r, t) : NULL;
	if (said != NULL || word != NULL)
		return refuse(r, t->at, t->end - t->at, "%s", said != NULL ? said : word->said);
	if (h != NULL && t->kind == SIGN && !(strcmp(h->sign, "=") == 0 && r->source[t->at + 1] == '='))
		return refuse(r, t->at, strlen(h->sign), "%s", h->said);
	if (t->kind == END)
		return refuse(r, t->at, 0, "%s, but the expression ends here", expected);
	return refuse(r, t->at, t->end - t->at, "%s, not %.*s", expected, (int)(t->end - t->at < 60 ? t->end - t->at : 60),
	              r->source + t->at);
}

/* ---- tokens ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The = between the brackets of [==[, or -1. */
static int long_bracket(const char *p, char bracket)
{
	int level = 0;
	while (*p == bracket && p[1 + level] == '=')
		level++;
	return *p == bracket && p[1 + level] == bracket ? level : -1;
}

/* The end of what [==[ begins at `from`, behind its ]==]; 0: it has none. */
static size_t long_end(const struct reader *r, size_t from, int level)
{
	for (size_t i = from + (size_t)level + 2; i < r->len; i++)
		if (r->source[i] == ']' && long_bracket(r->source + i, ']') == level)
			return i + (size_t)level + 2;
	return 0;
}

static void skip_blank(struct reader *r)
{
	const char *s = r->source;
	for (;;) {
		while (r->at < r->len && strchr(" \t\r\n\v\f", s[r->at]) != NULL && s[r->at] != '\0')
			r->at++;
		if (strncmp(s + r->at, "--", 2) != 0)
			return;
		int level = long_bracket(s + r->at + 2, '[');
		size_t end = level >= 0 ? long_end(r, r->at + 2, level) : 0;
		r->at = end > 0 ? end : r->at + strcspn(s + r->at, "\n");
	}
}

/* As JSON writes it: Lua may leave out digits around the point. */
static void keep_digits(struct reader *r, struct token *t, size_t len)
{
	const char *s = r->source + t->at;
	t->kind = DECIMAL;
	t->text.bytes = r->free;
	for (size_t i = 0; i < len; i++) {
		bool is_last = s[i] == '.' && !is_digit(s[i + 1]), leads = i + 1 < len && s[i] == '0' && is_digit(s[i + 1]);
		if (s[i] == '.' && i == 0)
			*r->free++ = '0';
		if (!is_last && !(leads && r->free == t->text.bytes))
			*r->free++ = s[i];
	}
	t->text.len = (size_t)(r->free - t->text.bytes);
}

static bool read_number(struct reader *r, struct token *t)
{
	const char *s = r->source + t->at;
	bool hex = s[0] == '0' && (s[1] | 0x20) == 'x';
	size_t n = hex ? 2 : 0;
	while (is_digit(s[n]) || is_letter(s[n]) || s[n] == '.' ||
	       ((s[n] == '+' || s[n] == '-') && n > 0 && (s[n - 1] | 0x20) == (hex ? 'p' : 'e')))
		n++;
	t->end = t->at + n;
	bool whole = true, fits = true;
	uint64_t value = 0;
	for (size_t i = hex ? 2 : 0; i < n; i++) {
		int digit = hex ? hex_digit(s[i]) : is_digit(s[i]) ? s[i] - '0' : -1;
		whole = whole && digit >= 0;
		fits = fits && (hex || value <= (uint64_t)(INT64_MAX - (digit > 0 ? digit : 0)) / 10);
		value = value * (hex ? 16 : 10) + (uint64_t)(digit > 0 ? digit : 0);
	}
	t->kind = whole && fits && n > (hex ? 2 : 0) ? INTEGER : FLOAT;
	t->integer = (int64_t)value;
	char *end;
	t->number = strtod_l(s, &end, r->c_locale);
	if (t->kind == FLOAT && end != s + n)
		return refuse(r, t->at, n, "this is not a number of Lua");
	if (!hex && ((whole && !fits) || t->number > DBL_MAX))
		keep_digits(r, t, n);
	return true;
}

static size_t put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	char bytes[6];
	size_t n = 0;
	uint32_t first = 0x3F;
	do {
		bytes[n++] = (char)(0x80 | (c & 0x3F));
		c >>= 6;
		first >>= 1;
	} while (c > first);
	bytes[n++] = (char)((~first << 1) | c);
	for (size_t i = 0; i < n; i++)
		to[i] = bytes[n - 1 - i];
	return n;
}

/* \u{...}, behind the u. */
static bool read_code_point(struct reader *r, size_t *at)
{
	uint32_t c = 0;
	size_t from = *at;
	if (r->source[(*at)++] != '{')
		return refuse(r, from - 2, 2, "\\u takes a code point in braces: \\u{20AC}");
	for (; hex_digit(r->source[*at]) >= 0 && c < 0x8000000; (*at)++)
		c = c << 4 | (uint32_t)hex_digit(r->source[*at]);
	if (r->source[(*at)++] != '}')
		return refuse(r, from - 2, *at - from + 1, "\\u takes a code point in braces: \\u{20AC}");
	r->free += put_utf8(r->free, c);
	return true;
}

/* \x4F and \065, behind the backslash. */
static bool read_code(struct reader *r, size_t *at)
{
	const char *s = r->source + *at;
	int c = 0, n = 0;
	if (*s == 'x') {
		if (hex_digit(s[1]) < 0 || hex_digit(s[2]) < 0)
			return refuse(r, *at - 1, 2, "\\x takes two hexadecimal digits");
		c = hex_digit(s[1]) << 4 | hex_digit(s[2]);
		n = 3;
	}
	for (; *s != 'x' && n < 3 && is_digit(s[n]); n++)
		c = c * 10 + s[n] - '0';
	if (c > 255)
		return refuse(r, *at - 1, (size_t)n + 1, "a byte is at most \\255");
	*r->free++ = (char)c;
	*at += (size_t)n;
	return true;
}

static bool read_escape(struct reader *r, size_t *at) /* behind the backslash */
{
	static const char from[] = "abfnrtv\\\"'\n", to[] = "\a\b\f\n\r\t\v\\\"'\n";
	char c = r->source[*at];
	const char *known = c != '\0' ? strchr(from, c) : NULL;
	if (known != NULL) {
		*r->free++ = to[known - from];
		(*at)++;
		return true;
	}
	if (c == 'z') {
		for ((*at)++; r->source[*at] != '\0' && strchr(" \t\r\n\v\f", r->source[*at]) != NULL;)
			(*at)++;
		return true;
	}
	if (c == 'u') {
		(*at)++;
		return read_code_point(r, at);
	}
	if (c == 'x' || is_digit(c))
		return read_code(r, at);
	return refuse(r, *at - 1, 2, "\\%c is not an escape of Lua; a backslash itself is \\\\", c);
}

static bool read_string(struct reader *r, struct token *t)
{
	const char *s = r->source;
	char quote = s[t->at];
	size_t at = t->at + 1;
	t->kind = STRING;
	t->text.bytes = r->free;
	while (at < r->len && s[at] != quote && s[at] != '\n') {
		if (s[at] != '\\')
			*r->free++ = s[at++];
		else if (++at, !read_escape(r, &at))
			return false;
	}
	if (at >= r->len || s[at] != quote)
		return refuse(r, t->at, 1, "this string has no closing %c", quote);
	t->text.len = (size_t)(r->free - t->text.bytes);
	t->end = at + 1;
	return true;
}

static bool read_long_string(struct reader *r, struct token *t, int level)
{
	size_t begin = t->at + (size_t)level + 2;
	t->kind = STRING;
	t->end = long_end(r, t->at, level);
	if (t->end == 0)
		return refuse(r, t->at, (size_t)level + 2, "this string has no closing bracket");
	if (r->source[begin] == '\n')
		begin++;
	t->text = (struct sl_text){ r->free, t->end - (size_t)level - 2 - begin };
	memcpy(r->free, r->source + begin, t->text.len);
	r->free += t->text.len;
	return true;
}

static bool is_word_of_lua(const char *s, size_t len)
{
	static const char words[] = " break do else elseif end false for function goto if in local nil repeat "
	                            "return then true until while and or not ";
	char word[12] = " ";
	if (len + 3 > sizeof word)
		return false;
	memcpy(word + 1, s, len);
	word[len + 1] = ' ';
	return strstr(words, word) != NULL;
}

/* Letters that are not ASCII: a field all the same. */
static bool refuse_character(struct reader *r, size_t at)
{
	const char *s = r->source + at;
	size_t n = 0;
	while ((unsigned char)s[n] >= 0x80 || is_letter(s[n]) || is_digit(s[n]))
		n++;
	bool is_member = at > 0 && r->source[at - 1] == '.';
	if (n > 0 && sl_utf8_length(s, r->len - at) > 0)
		return refuse(r, at, n, is_member ? "a name has only ASCII letters, digits and _; write [\"%.*s\"] without the dot"
		                                  : "a name has only ASCII letters, digits and _; write row:get \"%.*s\"",
		              (int)(n < 60 ? n : 60), s);
	if ((*s == '$' || *s == '@') && is_letter(s[1]))
		return refuse(r, at, 1, "a field is written by its name alone, without a %c", *s);
	return refuse(r, at, 1, "this character has no meaning in an expression");
}

static bool read_name(struct reader *r, struct token *t)
{
	const char *s = r->source + t->at;
	size_t n = 0;
	while (is_letter(s[n]) || is_digit(s[n]))
		n++;
	if ((unsigned char)s[n] >= 0x80)
		return refuse_character(r, t->at);
	t->end = t->at + n;
	t->kind = is_word_of_lua(s, n) ? WORD : NAME;
	t->text = (struct sl_text){ r->free, n };
	memcpy(r->free, s, n);
	r->free += n;
	return true;
}

static const struct operator *operator_at(const struct reader *r, const struct token *t)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		size_t n = strlen(operators[i].sign);
		bool same = strncmp(r->source + t->at, operators[i].sign, n) == 0;
		if (same && (t->kind != WORD || t->end - t->at == n))
			return &operators[i];
	}
	return NULL;
}

static bool read_sign(struct reader *r, struct token *t)
{
	t->kind = SIGN;
	t->operator = operator_at(r, t);
	t->end = t->at + (t->operator != NULL ? strlen(t->operator->sign) : 1);
	if (habit_at(r->source, t->at) != NULL && (t->operator == NULL || strchr("&|", r->source[t->at]) != NULL))
		t->operator = NULL; /* a habit: whoever expects something else says so */
	return t->operator != NULL || strchr("()[]{}.:,;#=!?", r->source[t->at]) != NULL ||
	       strchr("&|", r->source[t->at]) != NULL || refuse_character(r, t->at);
}

static bool read_token(struct reader *r, struct token *t)
{
	char c = r->source[r->at];
	int level = long_bracket(r->source + r->at, '[');
	*t = (struct token){ .kind = END, .at = r->at, .end = r->at };
	if (r->at == r->len)
		return true;
	if (is_digit(c) || (c == '.' && is_digit(r->source[r->at + 1])))
		return read_number(r, t);
	if (c == '"' || c == '\'')
		return read_string(r, t);
	if (level >= 0)
		return read_long_string(r, t, level);
	if (!is_letter(c))
		return read_sign(r, t);
	if (!read_name(r, t))
		return false;
	t->operator = t->kind == WORD ? operator_at(r, t) : NULL;
	return true;
}

static void advance(struct reader *r)
{
	r->behind = r->next.end;
	skip_blank(r);
	if (!read_token(r, &r->next))
		r->next.kind = BROKEN;
	r->at = r->next.end > r->at ? r->next.end : r->at;
}

static bool is_sign(const struct reader *r, const char *sign)
{
	const struct token *t = &r->next;
	return t->kind == SIGN && t->end - t->at == strlen(sign) && strncmp(r->source + t->at, sign, t->end - t->at) == 0;
}

static bool is_word(const struct reader *r, const char *word)
{
	return r->next.kind == WORD && r->next.text.len == strlen(word) &&
	       memcmp(r->next.text.bytes, word, r->next.text.len) == 0;
}

static bool take(struct reader *r, const char *sign)
{
	bool is = is_sign(r, sign);
	if (is)
		advance(r);
	return is;
}

/* ---- the tree ---- */

/* Appends a part and returns its number; 0: refused, for memory or length. */
static uint16_t add(struct reader *r, enum sl_syntax_kind kind, size_t at)
{
	struct sl_syntax *t = r->tree;
	if (t->count == t->capacity) {
		size_t capacity = t->capacity == 0 ? 32 : 2 * t->capacity;
		struct sl_part *parts = t->count < SL_SYNTAX_MOST ? realloc(t->parts, capacity * sizeof *parts) : NULL;
		if (parts == NULL) {
			refuse(r, at, 0, t->count < SL_SYNTAX_MOST ? "not enough memory" : "the expression is too long");
			return 0;
		}
		t->parts = parts;
		t->capacity = capacity;
	}
	t->parts[t->count] = (struct sl_part){ .kind = (uint8_t)kind, .at = (uint32_t)at, .op = (uint32_t)at,
	                                       .end = (uint32_t)r->next.end };
	return (uint16_t)t->count++;
}

static struct sl_part *part(struct reader *r, uint16_t i)
{
	return &r->tree->parts[i];
}

static uint16_t read_level(struct reader *r, int level);

static uint16_t read_expression(struct reader *r)
{
	return read_level(r, 0);
}

/* A list of parts, linked: the first, or 0; *ok is false when it was refused. */
static uint16_t read_list(struct reader *r, const char *close, uint16_t (*read)(struct reader *r), bool *ok)
{
	uint16_t first = 0, last = 0;
	bool is_table = close[0] == '}', more = !is_sign(r, close);
	*ok = true;
	while (more) {
		uint16_t p = read(r);
		*ok = p != 0;
		if (p == 0)
			return 0;
		if (last != 0)
			part(r, last)->next = p;
		first = first != 0 ? first : p;
		last = p;
		more = take(r, ",") || (is_table && take(r, ";"));
		more = more && !(is_table && is_sign(r, close)); /* it may end in one */
	}
	*ok = take(r, close) || refuse_token(r, is_table ? "a comma or } is expected" : "a comma or ) is expected");
	return first;
}

static uint16_t read_entry(struct reader *r)
{
	size_t at = r->next.at;
	uint16_t e = add(r, SL_SYNTAX_ENTRY, at), key = 0;
	if (e == 0)
		return 0;
	if (take(r, "[")) {
		key = read_expression(r);
		if (key == 0 || !(take(r, "]") || refuse_token(r, "a ] is expected")) ||
		    !(take(r, "=") || refuse_token(r, "a = is expected")))
			return 0;
	}
	uint16_t value = read_expression(r);
	if (value == 0)
		return 0;
	struct sl_part *p = part(r, value);
	bool colon = is_sign(r, ":");
	if (colon && p->kind == SL_SYNTAX_NAME)
		return refuse(r, r->next.at, 1, "a field of a table is written { %.*s = ... }, not with a colon",
		              (int)p->is.text.len, p->is.text.bytes), 0;
	if (colon && p->kind == SL_SYNTAX_STRING)
		return refuse(r, r->next.at, 1, "a field of a table is written { [%.*s] = ... }, not with a colon",
		              (int)(p->end - p->at), r->source + p->at), 0;
	if (key == 0 && p->kind == SL_SYNTAX_NAME && is_sign(r, "=")) {
		p->kind = SL_SYNTAX_STRING;
		key = value;
		advance(r);
		value = read_expression(r);
	}
	if (value == 0)
		return 0;
	part(r, e)->left = key;
	part(r, e)->right = value;
	part(r, e)->end = part(r, value)->end;
	return e;
}

static uint16_t read_table(struct reader *r)
{
	bool ok;
	uint16_t t = add(r, SL_SYNTAX_TABLE, r->next.at);
	advance(r);
	uint16_t first = t != 0 ? read_list(r, "}", read_entry, &ok) : 0;
	if (t == 0 || !ok)
		return 0;
	part(r, t)->right = first;
	part(r, t)->end = (uint32_t)r->behind;
	return t;
}

static uint16_t read_constant(struct reader *r, enum sl_syntax_kind kind)
{
	uint16_t p = add(r, kind, r->next.at);
	if (p == 0)
		return 0;
	if (kind == SL_SYNTAX_INTEGER)
		part(r, p)->is.integer = r->next.integer;
	else if (kind == SL_SYNTAX_FLOAT)
		part(r, p)->is.number = r->next.number;
	else
		part(r, p)->is.text = r->next.text;
	advance(r);
	return p;
}

static uint16_t read_parentheses(struct reader *r)
{
	uint16_t p = add(r, SL_SYNTAX_PAREN, r->next.at);
	advance(r);
	uint16_t inner = p != 0 ? read_expression(r) : 0;
	if (inner == 0 || !(take(r, ")") || refuse_token(r, "a ) is expected")))
		return 0;
	part(r, p)->left = inner;
	part(r, p)->end = (uint32_t)r->behind;
	return p;
}

/* What is said of the left part: a name, a key, arguments. */
static uint16_t suffix(struct reader *r, enum sl_syntax_kind kind, uint16_t left, size_t op)
{
	uint16_t p = add(r, kind, part(r, left)->at);
	if (p == 0)
		return 0;
	part(r, p)->left = left;
	part(r, p)->op = (uint32_t)op;
	return p;
}

static bool read_member_name(struct reader *r, uint16_t p)
{
	if (r->next.kind == WORD)
		return refuse(r, r->next.at, r->next.end - r->next.at, "%.*s is a word of Lua; write [\"%.*s\"]",
		              (int)r->next.text.len, r->next.text.bytes, (int)r->next.text.len, r->next.text.bytes);
	if (r->next.kind != NAME)
		return refuse_token(r, "a name is expected");
	part(r, p)->is.text = r->next.text;
	part(r, p)->op = (uint32_t)r->next.at;
	part(r, p)->end = (uint32_t)r->next.end;
	advance(r);
	return true;
}

/* (a, b), "text" or { table }. */
static bool read_arguments(struct reader *r, uint16_t p)
{
	bool ok = true;
	uint16_t first;
	if (r->next.kind == STRING)
		first = read_constant(r, SL_SYNTAX_STRING);
	else if (is_sign(r, "{"))
		first = read_table(r);
	else if (take(r, "("))
		first = read_list(r, ")", read_expression, &ok);
	else
		return refuse_token(r, "arguments in ( ) are expected");
	if (first == 0 && r->err->what[0] != '\0')
		return false;
	part(r, p)->right = first;
	part(r, p)->end = (uint32_t)r->behind;
	return ok;
}

/* One suffix of left: the part that they make; left if there is none; 0: refused. */
static uint16_t read_suffix(struct reader *r, uint16_t left)
{
	uint16_t p = left;
	size_t op = r->next.at;
	if (take(r, ".")) {
		p = suffix(r, SL_SYNTAX_MEMBER, left, op);
		return p != 0 && read_member_name(r, p) ? p : 0;
	}
	if (take(r, "[")) {
		p = suffix(r, SL_SYNTAX_INDEX, left, op);
		uint16_t key = p != 0 ? read_expression(r) : 0;
		if (key == 0 || !(take(r, "]") || refuse_token(r, "a ] is expected")))
			return 0;
		part(r, p)->right = key;
		part(r, p)->end = (uint32_t)r->behind;
		return p;
	}
	if (is_sign(r, "(") || is_sign(r, "{") || r->next.kind == STRING) {
		p = suffix(r, SL_SYNTAX_CALL, left, op);
		return p != 0 && read_arguments(r, p) ? p : 0;
	}
	return p;
}

/* Is this colon a method's, not one of { a: 1 } or x ? y : z? */
static bool at_method(const struct reader *r)
{
	if (!is_sign(r, ":"))
		return false;
	size_t i = r->at + strspn(r->source + r->at, " \t\r\n");
	size_t n = 0;
	while (is_letter(r->source[i + n]) || (n > 0 && is_digit(r->source[i + n])))
		n++;
	i += n;
	i += strspn(r->source + i, " \t\r\n");
	return n > 0 && r->source[i] != '\0' && strchr("(\"'{[", r->source[i]) != NULL;
}

static uint16_t read_suffixes(struct reader *r, uint16_t p)
{
	while (p != 0) {
		uint16_t before = p;
		if (at_method(r)) {
			size_t op = r->next.at;
			advance(r);
			p = suffix(r, SL_SYNTAX_METHOD, before, op);
			p = p != 0 && read_member_name(r, p) && read_arguments(r, p) ? p : 0;
		} else {
			p = read_suffix(r, before);
		}
		if (p == before)
			return p;
	}
	return 0;
}

static uint16_t refuse_word(struct reader *r)
{
	const struct token *t = &r->next;
	int n = (int)t->text.len;
	if (is_word(r, "function"))
		refuse(r, t->at, t->text.len, "a function cannot be made in an expression; a policy has handlers");
	else if (t->operator != NULL)
		refuse_token(r, "a value is expected");
	else
		refuse(r, t->at, t->text.len, "%.*s is a word of Lua; write row:get \"%.*s\"", n, t->text.bytes, n, t->text.bytes);
	return 0;
}

static uint16_t read_operand(struct reader *r)
{
	const struct token *t = &r->next;
	switch (t->kind) {
	case INTEGER: return read_constant(r, SL_SYNTAX_INTEGER);
	case FLOAT: return read_constant(r, SL_SYNTAX_FLOAT);
	case DECIMAL: return read_constant(r, SL_SYNTAX_DECIMAL);
	case STRING: return read_constant(r, SL_SYNTAX_STRING);
	case NAME: {
		bool null = t->text.len == 4 && memcmp(t->text.bytes, "null", 4) == 0;
		return read_suffixes(r, read_constant(r, null ? SL_SYNTAX_NULL : SL_SYNTAX_NAME));
	}
	case WORD:
		if (is_word(r, "nil"))
			return read_constant(r, SL_SYNTAX_NIL);
		if (is_word(r, "true") || is_word(r, "false"))
			return read_constant(r, is_word(r, "true") ? SL_SYNTAX_TRUE : SL_SYNTAX_FALSE);
		return refuse_word(r);
	default:
		if (is_sign(r, "("))
			return read_suffixes(r, read_parentheses(r));
		if (is_sign(r, "{"))
			return read_table(r);
		refuse_token(r, "a value is expected");
		return 0;
	}
}

/* The text with its sign turned. A literal is copied once at most, however many signs it has:
 * for that there is room. */
static struct sl_text turn_sign(struct reader *r, struct sl_text of)
{
	struct sl_text t = { r->free, of.len + 1 };
	if (of.bytes[0] == '-')
		return (struct sl_text){ of.bytes + 1, of.len - 1 };
	if (of.bytes > r->tree->bytes && of.bytes[-1] == '-')
		return (struct sl_text){ of.bytes - 1, of.len + 1 };
	*r->free++ = '-';
	memcpy(r->free, of.bytes, of.len);
	r->free += of.len;
	return t;
}

/* A decimal with its sign is one, or the least integer. */
static void negate_literal(struct reader *r, struct sl_part *p, const struct sl_part *of)
{
	struct sl_text t = turn_sign(r, of->is.text);
	struct sl_digits d = sl_digits_of(t);
	p->kind = SL_SYNTAX_DECIMAL;
	p->is.text = t;
	int64_t integer;
	if (memchr(t.bytes, '.', t.len) != NULL || !sl_digits_integer(&d, &integer))
		return;
	p->kind = SL_SYNTAX_INTEGER;
	p->is.integer = integer;
}

static uint16_t read_unary(struct reader *r)
{
	static const struct { const char *sign; uint8_t kind; } signs[] = {
		{ "-", SL_SYNTAX_MINUS }, { "#", SL_SYNTAX_LENGTH }, { "~", SL_SYNTAX_BNOT },
	};
	uint8_t kind = is_word(r, "not") ? SL_SYNTAX_NOT : SL_SYNTAX_NIL;
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (is_sign(r, signs[i].sign))
			kind = signs[i].kind;
	if (kind == SL_SYNTAX_NIL)
		return read_operand(r);
	uint16_t p = add(r, (enum sl_syntax_kind)kind, r->next.at);
	advance(r);
	uint16_t left = p != 0 ? read_level(r, UNARY) : 0;
	if (left == 0)
		return 0;
	part(r, p)->end = part(r, left)->end;
	if (kind == SL_SYNTAX_MINUS && part(r, left)->kind == SL_SYNTAX_DECIMAL)
		negate_literal(r, part(r, p), part(r, left));
	else
		part(r, p)->left = left;
	return p;
}

/* An operand and all that binds it more than the level below. */
static uint16_t read_operations(struct reader *r, int level)
{
	uint16_t left = read_unary(r);
	while (left != 0 && r->next.operator != NULL && r->next.operator->left > level) {
		const struct operator *o = r->next.operator;
		uint16_t p = suffix(r, (enum sl_syntax_kind)o->kind, left, r->next.at);
		advance(r);
		uint16_t right = p != 0 ? read_level(r, o->right) : 0;
		if (right == 0)
			return 0;
		part(r, p)->right = right;
		part(r, p)->end = part(r, right)->end;
		left = p;
	}
	return left;
}

static uint16_t read_level(struct reader *r, int level)
{
	if (++r->depth > DEEPEST)
		return refuse(r, r->next.at, 0, "the expression is nested too deep"), 0;
	uint16_t p = read_operations(r, level);
	r->depth--;
	return p;
}

static bool read_whole(struct reader *r)
{
	advance(r);
	if (r->next.kind == END)
		return refuse(r, 0, 0, "an expression is expected");
	add(r, SL_SYNTAX_NIL, 0); /* [0] is none */
	r->tree->root = read_expression(r);
	if (r->tree->root == 0)
		return false;
	return r->next.kind == END || refuse_token(r, "an operator or the end is expected");
}

int sl_syntax_read(struct sl_syntax *t, const char *source, size_t len, struct sl_syntax_error *err)
{
	*t = (struct sl_syntax){ .bytes = malloc(2 * len + 8) }; /* \u{7FFFFFFF} is no longer than its text */
	*err = (struct sl_syntax_error){ 0, 0, "" };
	struct reader r = { .tree = t, .err = err, .source = source, .len = len, .free = t->bytes,
	                    .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0) };
	bool ok = t->bytes != NULL && r.c_locale != (locale_t)0 &&
	          (memchr(source, '\0', len) == NULL || refuse(&r, strlen(source), 1, "this character has no meaning in an expression")) &&
	          read_whole(&r);
	if (r.c_locale != (locale_t)0)
		freelocale(r.c_locale);
	if (ok)
		return 0;
	sl_syntax_clear(t);
	return -1;
}

void sl_syntax_clear(struct sl_syntax *t)
{
	free(t->parts);
	free(t->bytes);
	*t = (struct sl_syntax){ 0 };
}
