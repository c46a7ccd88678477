/* syntax.c - see syntax.h: a recursive descent parser */
#include "expression/syntax.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "expression/token.h"
#include "json/decimal.h"

#define DEEPEST 180 /* levels, about as deep as Lua itself goes */
#define UNARY 12    /* binds tighter than all binary operators except ^ */

struct reader {
	struct sl_tokens in;
	struct sl_syntax *tree;
	int depth;
};

/* ---- the tree ---- */

/* Appends a part and returns its number; 0: refused, out of memory or too long. */
static uint16_t add(struct reader *r, enum sl_syntax_kind kind, size_t at)
{
	struct sl_syntax *t = r->tree;
	if (t->count == t->capacity) {
		size_t capacity = t->capacity == 0 ? 32 : 2 * t->capacity;
		struct sl_part *parts = t->count < SL_SYNTAX_MOST ? realloc(t->parts, capacity * sizeof *parts) : NULL;
		if (parts == NULL) {
			sl_token_refuse(&r->in, at, 0, t->count < SL_SYNTAX_MOST ? "not enough memory" : "the expression is too long");
			return 0;
		}
		t->parts = parts;
		t->capacity = capacity;
	}
	t->parts[t->count] = (struct sl_part){ .kind = (uint8_t)kind, .at = (uint32_t)at, .op = (uint32_t)at,
	                                       .end = (uint32_t)r->in.next.end };
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

/* Reads a linked list of parts. Returns the first, or 0; *ok is false if it was refused. */
static uint16_t read_list(struct reader *r, const char *close, uint16_t (*read)(struct reader *r), bool *ok)
{
	uint16_t first = 0, last = 0;
	bool is_table = close[0] == '}', more = !sl_token_is_sign(&r->in, close);
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
		more = sl_token_take(&r->in, ",") || (is_table && sl_token_take(&r->in, ";"));
		more = more && !(is_table && sl_token_is_sign(&r->in, close)); /* a table may end with a separator */
	}
	*ok = sl_token_take(&r->in, close) ||
	      sl_token_expected(&r->in, is_table ? "expected a comma or }" : "expected a comma or )");
	return first;
}

static uint16_t read_entry(struct reader *r)
{
	size_t at = r->in.next.at;
	uint16_t e = add(r, SL_SYNTAX_ENTRY, at), key = 0;
	if (e == 0)
		return 0;
	if (sl_token_take(&r->in, "[")) {
		key = read_expression(r);
		if (key == 0 || !(sl_token_take(&r->in, "]") || sl_token_expected(&r->in, "expected ]")) ||
		    !(sl_token_take(&r->in, "=") || sl_token_expected(&r->in, "expected =")))
			return 0;
	}
	uint16_t value = read_expression(r);
	if (value == 0)
		return 0;
	struct sl_part *p = part(r, value);
	bool colon = sl_token_is_sign(&r->in, ":");
	if (colon && p->kind == SL_SYNTAX_NAME)
		return sl_token_refuse(&r->in, r->in.next.at, 1, "write a field of a table as { %.*s = ... }, without a colon",
		                       (int)p->is.text.len, p->is.text.bytes), 0;
	if (colon && p->kind == SL_SYNTAX_STRING)
		return sl_token_refuse(&r->in, r->in.next.at, 1, "write a field of a table as { [%.*s] = ... }, without a colon",
		                       (int)(p->end - p->at), r->in.source + p->at), 0;
	if (key == 0 && p->kind == SL_SYNTAX_NAME && sl_token_is_sign(&r->in, "=")) {
		p->kind = SL_SYNTAX_STRING;
		key = value;
		sl_token_next(&r->in);
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
	uint16_t t = add(r, SL_SYNTAX_TABLE, r->in.next.at);
	sl_token_next(&r->in);
	uint16_t first = t != 0 ? read_list(r, "}", read_entry, &ok) : 0;
	if (t == 0 || !ok)
		return 0;
	part(r, t)->right = first;
	part(r, t)->end = (uint32_t)r->in.behind;
	return t;
}

static uint16_t read_constant(struct reader *r, enum sl_syntax_kind kind)
{
	uint16_t p = add(r, kind, r->in.next.at);
	if (p == 0)
		return 0;
	if (kind == SL_SYNTAX_INTEGER)
		part(r, p)->is.integer = r->in.next.integer;
	else if (kind == SL_SYNTAX_FLOAT)
		part(r, p)->is.number = r->in.next.number;
	else
		part(r, p)->is.text = r->in.next.text;
	sl_token_next(&r->in);
	return p;
}

static uint16_t read_parentheses(struct reader *r)
{
	uint16_t p = add(r, SL_SYNTAX_PAREN, r->in.next.at);
	sl_token_next(&r->in);
	uint16_t inner = p != 0 ? read_expression(r) : 0;
	if (inner == 0 || !(sl_token_take(&r->in, ")") || sl_token_expected(&r->in, "expected )")))
		return 0;
	part(r, p)->left = inner;
	part(r, p)->end = (uint32_t)r->in.behind;
	return p;
}

/* Adds the part for a suffix of the left part: a name, a key, arguments, or an operator. */
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
	const struct sl_token *t = &r->in.next;
	int n = (int)t->text.len;
	if (t->kind == SL_TOKEN_WORD)
		return sl_token_refuse(&r->in, t->at, t->text.len, "%.*s is a keyword of Lua; write [\"%.*s\"]", n, t->text.bytes,
		                       n, t->text.bytes);
	if (t->kind != SL_TOKEN_NAME)
		return sl_token_expected(&r->in, "expected a name");
	part(r, p)->is.text = t->text;
	part(r, p)->op = (uint32_t)t->at;
	part(r, p)->end = (uint32_t)t->end;
	sl_token_next(&r->in);
	return true;
}

/* (a, b), "text" or { table }. */
static bool read_arguments(struct reader *r, uint16_t p)
{
	bool ok = true;
	uint16_t first;
	if (r->in.next.kind == SL_TOKEN_STRING)
		first = read_constant(r, SL_SYNTAX_STRING);
	else if (sl_token_is_sign(&r->in, "{"))
		first = read_table(r);
	else if (sl_token_take(&r->in, "("))
		first = read_list(r, ")", read_expression, &ok);
	else
		return sl_token_expected(&r->in, "expected arguments in ( )");
	if (first == 0 && r->in.err->what[0] != '\0')
		return false;
	part(r, p)->right = first;
	part(r, p)->end = (uint32_t)r->in.behind;
	return ok;
}

/* Reads one suffix of left. Returns the new part; left if there is no suffix; 0: refused. */
static uint16_t read_suffix(struct reader *r, uint16_t left)
{
	uint16_t p = left;
	size_t op = r->in.next.at;
	if (sl_token_take(&r->in, ".")) {
		p = suffix(r, SL_SYNTAX_MEMBER, left, op);
		return p != 0 && read_member_name(r, p) ? p : 0;
	}
	if (sl_token_take(&r->in, "[")) {
		p = suffix(r, SL_SYNTAX_INDEX, left, op);
		uint16_t key = p != 0 ? read_expression(r) : 0;
		if (key == 0 || !(sl_token_take(&r->in, "]") || sl_token_expected(&r->in, "expected ]")))
			return 0;
		part(r, p)->right = key;
		part(r, p)->end = (uint32_t)r->in.behind;
		return p;
	}
	if (sl_token_is_sign(&r->in, "(") || sl_token_is_sign(&r->in, "{") || r->in.next.kind == SL_TOKEN_STRING) {
		p = suffix(r, SL_SYNTAX_CALL, left, op);
		return p != 0 && read_arguments(r, p) ? p : 0;
	}
	return p;
}

static uint16_t read_suffixes(struct reader *r, uint16_t p)
{
	while (p != 0) {
		uint16_t before = p;
		if (sl_token_is_method(&r->in)) {
			size_t op = r->in.next.at;
			sl_token_next(&r->in);
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
	const struct sl_token *t = &r->in.next;
	int n = (int)t->text.len;
	if (sl_token_is_word(&r->in, "function"))
		sl_token_refuse(&r->in, t->at, t->text.len, "an expression cannot define a function; write a policy with handlers");
	else if (t->operator != NULL)
		sl_token_expected(&r->in, "expected a value");
	else
		sl_token_refuse(&r->in, t->at, t->text.len, "%.*s is a keyword of Lua; write row:get \"%.*s\"", n, t->text.bytes, n, t->text.bytes);
	return 0;
}

static uint16_t read_operand(struct reader *r)
{
	const struct sl_token *t = &r->in.next;
	switch (t->kind) {
	case SL_TOKEN_INTEGER: return read_constant(r, SL_SYNTAX_INTEGER);
	case SL_TOKEN_FLOAT: return read_constant(r, SL_SYNTAX_FLOAT);
	case SL_TOKEN_DECIMAL: return read_constant(r, SL_SYNTAX_DECIMAL);
	case SL_TOKEN_STRING: return read_constant(r, SL_SYNTAX_STRING);
	case SL_TOKEN_NAME: {
		bool null = t->text.len == 4 && memcmp(t->text.bytes, "null", 4) == 0;
		return read_suffixes(r, read_constant(r, null ? SL_SYNTAX_NULL : SL_SYNTAX_NAME));
	}
	case SL_TOKEN_WORD:
		if (sl_token_is_word(&r->in, "nil"))
			return read_constant(r, SL_SYNTAX_NIL);
		if (sl_token_is_word(&r->in, "true") || sl_token_is_word(&r->in, "false"))
			return read_constant(r, sl_token_is_word(&r->in, "true") ? SL_SYNTAX_TRUE : SL_SYNTAX_FALSE);
		return refuse_word(r);
	default:
		if (sl_token_is_sign(&r->in, "("))
			return read_suffixes(r, read_parentheses(r));
		if (sl_token_is_sign(&r->in, "{"))
			return read_table(r);
		sl_token_expected(&r->in, "expected a value");
		return 0;
	}
}

/* The text with its sign inverted. A literal is copied at most once, no matter how many signs
 * it has, and there is room for that. */
static struct sl_text turn_sign(struct reader *r, struct sl_text of)
{
	struct sl_text t = { r->in.free, of.len + 1 };
	if (of.bytes[0] == '-')
		return (struct sl_text){ of.bytes + 1, of.len - 1 };
	if (of.bytes > r->tree->bytes && of.bytes[-1] == '-')
		return (struct sl_text){ of.bytes - 1, of.len + 1 };
	*r->in.free++ = '-';
	memcpy(r->in.free, of.bytes, of.len);
	r->in.free += of.len;
	return t;
}

/* A decimal with a sign is still a decimal, or becomes the smallest integer. */
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
	uint8_t kind = sl_token_is_word(&r->in, "not") ? SL_SYNTAX_NOT : SL_SYNTAX_NIL;
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (sl_token_is_sign(&r->in, signs[i].sign))
			kind = signs[i].kind;
	if (kind == SL_SYNTAX_NIL)
		return read_operand(r);
	uint16_t p = add(r, (enum sl_syntax_kind)kind, r->in.next.at);
	sl_token_next(&r->in);
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

/* Reads an operand and all operators that bind tighter than the level. */
static uint16_t read_operations(struct reader *r, int level)
{
	uint16_t left = read_unary(r);
	while (left != 0 && r->in.next.operator != NULL && r->in.next.operator->left > level) {
		const struct sl_operator *o = r->in.next.operator;
		uint16_t p = suffix(r, (enum sl_syntax_kind)o->kind, left, r->in.next.at);
		sl_token_next(&r->in);
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
		return sl_token_refuse(&r->in, r->in.next.at, 0, "the expression is nested too deeply"), 0;
	uint16_t p = read_operations(r, level);
	r->depth--;
	return p;
}

static bool read_whole(struct reader *r)
{
	sl_token_next(&r->in);
	if (r->in.next.kind == SL_TOKEN_END)
		return sl_token_refuse(&r->in, 0, 0, "expected an expression");
	add(r, SL_SYNTAX_NIL, 0); /* [0] means none */
	r->tree->root = read_expression(r);
	if (r->tree->root == 0)
		return false;
	return r->in.next.kind == SL_TOKEN_END || sl_token_expected(&r->in, "expected an operator or the end");
}

int sl_syntax_read(struct sl_syntax *t, const char *source, size_t len, struct sl_syntax_error *err)
{
	*t = (struct sl_syntax){ .bytes = malloc(2 * len + 8) }; /* \u{7FFFFFFF} is no longer than its text */
	*err = (struct sl_syntax_error){ 0, 0, "" };
	struct reader r = { .tree = t, .in = { .err = err, .source = source, .len = len, .free = t->bytes,
	                                       .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0) } };
	bool ok = t->bytes != NULL && r.in.c_locale != (locale_t)0;
	if (ok && memchr(source, '\0', len) != NULL)
		ok = sl_token_refuse(&r.in, strlen(source), 1, "this character has no meaning in an expression");
	ok = ok && read_whole(&r);
	if (r.in.c_locale != (locale_t)0)
		freelocale(r.in.c_locale);
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
