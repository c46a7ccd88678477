/* token.c - see token.h */
#include "expression/token.h"

#include <ctype.h>
#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const struct sl_operator operators[] = { /* longer signs come before their prefixes */
	{ "or", SL_SYNTAX_OR, 1, 1 },    { "and", SL_SYNTAX_AND, 2, 2 },  { "==", SL_SYNTAX_EQ, 3, 3 },
	{ "~=", SL_SYNTAX_NE, 3, 3 },    { "<=", SL_SYNTAX_LE, 3, 3 },    { ">=", SL_SYNTAX_GE, 3, 3 },
	{ "<<", SL_SYNTAX_SHL, 7, 7 },   { ">>", SL_SYNTAX_SHR, 7, 7 },   { "<", SL_SYNTAX_LT, 3, 3 },
	{ ">", SL_SYNTAX_GT, 3, 3 },     { "|", SL_SYNTAX_BOR, 4, 4 },    { "~", SL_SYNTAX_BXOR, 5, 5 },
	{ "&", SL_SYNTAX_BAND, 6, 6 },   { "..", SL_SYNTAX_CONCAT, 9, 8 }, { "+", SL_SYNTAX_ADD, 10, 10 },
	{ "-", SL_SYNTAX_SUB, 10, 10 },  { "*", SL_SYNTAX_MUL, 11, 11 },  { "//", SL_SYNTAX_IDIV, 11, 11 },
	{ "/", SL_SYNTAX_DIV, 11, 11 },  { "%", SL_SYNTAX_MOD, 11, 11 },  { "^", SL_SYNTAX_POW, 14, 13 },
};

/* Signs of other languages, and what to write instead. */
static const struct habit {
	const char *sign, *said;
} habits[] = {
	{ "!==", "write ~=, not !==" },
	{ "!=", "write ~=, not !=" },
	{ "&&", "write and, not &&" },
	{ "||", "write or, not ||" },
	{ "=~", "to match a pattern, write name:find \"...\", not =~" },
	{ "=>", "write >= or <=, not =>" },
	{ "=", "write ==, not =" },
	{ "!", "write not, not !" },
	{ "??", "write x or y, not x ?? y" },
	{ "?.", "write x.y, not x?.y: a field of an absent value is nil" },
	{ "?", "write x and y or z, not x ? y : z" },
};

/* ---- refusing ---- */

bool sl_token_refuse(struct sl_tokens *r, size_t at, size_t len, const char *format, ...)
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

/* Infix words of other languages. */
static const struct habit word_habits[] = {
	{ "is", "to compare with null or nil, write == or ~=, as in x == null" },
	{ "in", "to test for one of several values, write x == 1 or x == 2" },
	{ "like", "to match a pattern, write name:find \"...\"" },
	{ "matches", "to match a pattern, write name:find \"...\"" },
	{ "contains", "to find a substring, write name:find(\"...\", 1, true)" },
};

static const struct habit *word_habit_at(const struct sl_tokens *r, const struct sl_token *t)
{
	for (size_t i = 0; i < sizeof word_habits / sizeof *word_habits; i++) {
		const char *word = word_habits[i].sign;
		if (t->end - t->at == strlen(word) && strncmp(r->source + t->at, word, strlen(word)) == 0)
			return &word_habits[i];
	}
	return NULL;
}

/* The hint for a sign whose first half was read as an operator, or for a leading dot. */
static const char *half_said(const struct sl_tokens *r, size_t at)
{
	char before = at > 0 ? r->source[at - 1] : '\0';
	if (r->source[at] == '=' && r->source[at + 1] != '=' && before != '\0' && strchr("+-*/%.", before) != NULL)
		return "an expression cannot assign a value";
	if (r->source[at] == '=' && before == '=')
		return "write ==, not ===";
	if (r->source[at] == '>' && before == '<')
		return "write ~=, not <>";
	if (r->source[at] == '+' && before == '+')
		return "an expression cannot assign a value, and Lua has no ++";
	if (r->source[at] == '.' && (r->source[at + 1] == '_' || isalpha((unsigned char)r->source[at + 1])) && r->behind == 0)
		return "write only the name of a field, without a dot";
	return NULL;
}

bool sl_token_expected(struct sl_tokens *r, const char *expected)
{
	const struct sl_token *t = &r->next;
	const struct habit *h = habit_at(r->source, t->at);
	if (t->kind == SL_TOKEN_BROKEN)
		return false; /* the error is already set */
	const char *said = t->kind == SL_TOKEN_SIGN ? half_said(r, t->at) : NULL;
	const struct habit *word = t->kind == SL_TOKEN_NAME || t->kind == SL_TOKEN_WORD ? word_habit_at(r, t) : NULL;
	if (said != NULL || word != NULL)
		return sl_token_refuse(r, t->at, t->end - t->at, "%s", said != NULL ? said : word->said);
	if (h != NULL && t->kind == SL_TOKEN_SIGN && !(strcmp(h->sign, "=") == 0 && r->source[t->at + 1] == '='))
		return sl_token_refuse(r, t->at, strlen(h->sign), "%s", h->said);
	if (t->kind == SL_TOKEN_END)
		return sl_token_refuse(r, t->at, 0, "%s, but the expression ends here", expected);
	return sl_token_refuse(r, t->at, t->end - t->at, "%s, got %.*s", expected, (int)(t->end - t->at < 60 ? t->end - t->at : 60),
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

/* The number of = between the brackets of [==[, or -1. */
static int long_bracket(const char *p, char bracket)
{
	int level = 0;
	while (*p == bracket && p[1 + level] == '=')
		level++;
	return *p == bracket && p[1 + level] == bracket ? level : -1;
}

/* The offset after the ]==] that closes the [==[ at `from`; 0: there is none. */
static size_t long_end(const struct sl_tokens *r, size_t from, int level)
{
	for (size_t i = from + (size_t)level + 2; i < r->len; i++)
		if (r->source[i] == ']' && long_bracket(r->source + i, ']') == level)
			return i + (size_t)level + 2;
	return 0;
}

static void skip_blank(struct sl_tokens *r)
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

/* Keeps the number in JSON's syntax: Lua allows a point without digits on one side, and leading zeros. */
static void keep_digits(struct sl_tokens *r, struct sl_token *t, size_t len)
{
	const char *s = r->source + t->at;
	t->kind = SL_TOKEN_DECIMAL;
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

static bool read_number(struct sl_tokens *r, struct sl_token *t)
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
	t->kind = whole && fits && n > (hex ? 2 : 0) ? SL_TOKEN_INTEGER : SL_TOKEN_FLOAT;
	t->integer = (int64_t)value;
	char *end;
	t->number = strtod_l(s, &end, r->c_locale);
	if (t->kind == SL_TOKEN_FLOAT && end != s + n)
		return sl_token_refuse(r, t->at, n, "this is not a Lua number");
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

/* \u{...}, after the u. */
static bool read_code_point(struct sl_tokens *r, size_t *at)
{
	uint32_t c = 0;
	size_t from = *at;
	if (r->source[(*at)++] != '{')
		return sl_token_refuse(r, from - 2, 2, "\\u takes a code point in braces: \\u{20AC}");
	for (; hex_digit(r->source[*at]) >= 0 && c < 0x8000000; (*at)++)
		c = c << 4 | (uint32_t)hex_digit(r->source[*at]);
	if (r->source[(*at)++] != '}')
		return sl_token_refuse(r, from - 2, *at - from + 1, "\\u takes a code point in braces: \\u{20AC}");
	r->free += put_utf8(r->free, c);
	return true;
}

/* \x4F and \065, after the backslash. */
static bool read_code(struct sl_tokens *r, size_t *at)
{
	const char *s = r->source + *at;
	int c = 0, n = 0;
	if (*s == 'x') {
		int high = hex_digit(s[1]), low = high < 0 ? -1 : hex_digit(s[2]);
		if (high < 0 || low < 0)
			return sl_token_refuse(r, *at - 1, 2, "\\x takes two hexadecimal digits");
		c = high << 4 | low;
		n = 3;
	}
	for (; *s != 'x' && n < 3 && is_digit(s[n]); n++)
		c = c * 10 + s[n] - '0';
	if (c > 255)
		return sl_token_refuse(r, *at - 1, (size_t)n + 1, "a byte is at most \\255");
	*r->free++ = (char)c;
	*at += (size_t)n;
	return true;
}

static bool read_escape(struct sl_tokens *r, size_t *at) /* after the backslash */
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
	return sl_token_refuse(r, *at - 1, 2, "\\%c is not a Lua escape; write \\\\ for a backslash", c);
}

static bool read_string(struct sl_tokens *r, struct sl_token *t)
{
	const char *s = r->source;
	char quote = s[t->at];
	size_t at = t->at + 1;
	t->kind = SL_TOKEN_STRING;
	t->text.bytes = r->free;
	while (at < r->len && s[at] != quote && s[at] != '\n') {
		if (s[at] != '\\')
			*r->free++ = s[at++];
		else if (++at, !read_escape(r, &at))
			return false;
	}
	if (at >= r->len || s[at] != quote)
		return sl_token_refuse(r, t->at, 1, "this string has no closing %c", quote);
	t->text.len = (size_t)(r->free - t->text.bytes);
	t->end = at + 1;
	return true;
}

static bool read_long_string(struct sl_tokens *r, struct sl_token *t, int level)
{
	size_t begin = t->at + (size_t)level + 2;
	t->kind = SL_TOKEN_STRING;
	t->end = long_end(r, t->at, level);
	if (t->end == 0)
		return sl_token_refuse(r, t->at, (size_t)level + 2, "this string has no closing bracket");
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

/* For letters that are not ASCII, the hint says how to write such a field name. */
static bool refuse_character(struct sl_tokens *r, size_t at)
{
	const char *s = r->source + at;
	size_t n = 0;
	while ((unsigned char)s[n] >= 0x80 || is_letter(s[n]) || is_digit(s[n]))
		n++;
	bool is_member = at > 0 && r->source[at - 1] == '.';
	if (n > 0 && sl_utf8_length(s, r->len - at) > 0)
		return sl_token_refuse(r, at, n, "a name has only ASCII letters, digits and _; write %s\"%.*s\"%s", is_member ? "[" : "row:get ",
		                       (int)(n < 60 ? n : 60), s, is_member ? "] without the dot" : "");
	if ((*s == '$' || *s == '@') && is_letter(s[1]))
		return sl_token_refuse(r, at, 1, "write only the name of a field, without a %c", *s);
	return sl_token_refuse(r, at, 1, "this character has no meaning in an expression");
}

static bool read_name(struct sl_tokens *r, struct sl_token *t)
{
	const char *s = r->source + t->at;
	size_t n = 0;
	while (is_letter(s[n]) || is_digit(s[n]))
		n++;
	if ((unsigned char)s[n] >= 0x80)
		return refuse_character(r, t->at);
	t->end = t->at + n;
	t->kind = is_word_of_lua(s, n) ? SL_TOKEN_WORD : SL_TOKEN_NAME;
	t->text = (struct sl_text){ r->free, n };
	memcpy(r->free, s, n);
	r->free += n;
	return true;
}

static const struct sl_operator *operator_at(const struct sl_tokens *r, const struct sl_token *t)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		size_t n = strlen(operators[i].sign);
		bool same = strncmp(r->source + t->at, operators[i].sign, n) == 0;
		if (same && (t->kind != SL_TOKEN_WORD || t->end - t->at == n))
			return &operators[i];
	}
	return NULL;
}

static bool read_sign(struct sl_tokens *r, struct sl_token *t)
{
	t->kind = SL_TOKEN_SIGN;
	t->operator = operator_at(r, t);
	t->end = t->at + (t->operator != NULL ? strlen(t->operator->sign) : 1);
	if (habit_at(r->source, t->at) != NULL && (t->operator == NULL || strchr("&|", r->source[t->at]) != NULL))
		t->operator = NULL; /* a habit: sl_token_expected() will refuse it */
	return t->operator != NULL || strchr("()[]{}.:,;#=!?", r->source[t->at]) != NULL ||
	       strchr("&|", r->source[t->at]) != NULL || refuse_character(r, t->at);
}

static bool read_token(struct sl_tokens *r, struct sl_token *t)
{
	char c = r->source[r->at];
	int level = long_bracket(r->source + r->at, '[');
	*t = (struct sl_token){ .kind = SL_TOKEN_END, .at = r->at, .end = r->at };
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
	t->operator = t->kind == SL_TOKEN_WORD ? operator_at(r, t) : NULL;
	return true;
}

void sl_token_next(struct sl_tokens *r)
{
	r->behind = r->next.end;
	skip_blank(r);
	if (!read_token(r, &r->next))
		r->next.kind = SL_TOKEN_BROKEN;
	r->at = r->next.end > r->at ? r->next.end : r->at;
}

bool sl_token_is_sign(const struct sl_tokens *r, const char *sign)
{
	const struct sl_token *t = &r->next;
	return t->kind == SL_TOKEN_SIGN && t->end - t->at == strlen(sign) && strncmp(r->source + t->at, sign, t->end - t->at) == 0;
}

bool sl_token_is_word(const struct sl_tokens *r, const char *word)
{
	return r->next.kind == SL_TOKEN_WORD && r->next.text.len == strlen(word) &&
	       memcmp(r->next.text.bytes, word, r->next.text.len) == 0;
}

bool sl_token_take(struct sl_tokens *r, const char *sign)
{
	bool is = sl_token_is_sign(r, sign);
	if (is)
		sl_token_next(r);
	return is;
}

bool sl_token_is_method(const struct sl_tokens *r)
{
	if (!sl_token_is_sign(r, ":"))
		return false;
	const char *s = r->source + r->at;
	s += strspn(s, " \t\r\n");
	const char *name = s;
	while (is_letter(*s) || (s > name && is_digit(*s)))
		s++;
	bool named = s > name;
	s += strspn(s, " \t\r\n");
	return named && *s != '\0' && strchr("(\"'{[", *s) != NULL;
}
