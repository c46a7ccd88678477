/* predicate.c - see predicate.h */
#include "script/predicate.h"

#include <math.h>
#include <string.h>

/* ---- nodes ---- */

enum op {
	NIL, FALSE, TRUE, NUL, INTEGER, FLOAT, STRING, /* constants; also types of values */
	OTHER,                                         /* a type of values: a table */
	FIELD, MEMBER,                                 /* name; name of left */
	OR, AND, NOT,
	EQ, NE, LT, LE, GT, GE,
	ADD, SUB, MUL, DIV, IDIV, MOD, MINUS
};

/* Binary operators by what binds least, as in the manual, 3.4.8. Those that are
 * a prefix of another come after it. */
static const struct operator { char word[4]; uint8_t level, op; } operators[] = {
	{ "or", 1, OR },   { "and", 2, AND }, { "==", 3, EQ }, { "~=", 3, NE },
	{ "<=", 3, LE },   { ">=", 3, GE },   { "<", 3, LT },  { ">", 3, GT },
	{ "+", 4, ADD },   { "-", 4, SUB },   { "*", 5, MUL }, { "//", 5, IDIV },
	{ "/", 5, DIV },   { "%", 5, MOD },
};

#define UNARY 6     /* binds more than all of them */
#define DEEPEST 100 /* parentheses and unary operators */

/* ---- reading ---- */

struct reader {
	struct sl_predicate *p;
	lua_State *L;
	const char *at;
	int depth;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip_space(struct reader *r)
{
	while (*r->at != '\0' && strchr(" \t\r\n", *r->at) != NULL)
		r->at++;
}

static size_t word_length(const char *s)
{
	size_t n = 0;
	while (is_letter(s[n]) || (n > 0 && is_digit(s[n])))
		n++;
	return n;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(s, word, len) == 0;
}

static struct sl_predicate_node *add(struct reader *r, enum op op)
{
	struct sl_predicate *p = r->p;
	if (p->count == SL_PREDICATE_NODES)
		return NULL;
	struct sl_predicate_node *n = &p->nodes[p->count++];
	*n = (struct sl_predicate_node){ .op = (uint8_t)op };
	return n;
}

static uint8_t last(const struct reader *r)
{
	return (uint8_t)(r->p->count - 1);
}

static bool read_level(struct reader *r, int level);

static bool add_text(struct reader *r, enum op op, const char *text, size_t len)
{
	uint8_t left = r->p->count > 0 ? last(r) : 0;
	struct sl_predicate_node *n = add(r, op);
	if (n == NULL)
		return false;
	n->left = left;
	n->is.text = text;
	n->len = (uint32_t)len;
	return true;
}

static bool read_string(struct reader *r)
{
	const char *from = r->at + 1, *to = from;
	while (*to != '\0' && *to != *r->at && *to != '\\' && *to != '\n' && *to != '\r')
		to++;
	if (*to != *r->at)
		return false;
	r->at = to + 1;
	return add_text(r, STRING, from, (size_t)(to - from));
}

/* As Lua reads it: the longest run of what can be in a numeral. */
static bool read_number(struct reader *r)
{
	char digits[64];
	size_t n = 0;
	while (is_digit(r->at[n]) || is_letter(r->at[n]) || r->at[n] == '.')
		n++;
	if (n >= sizeof digits)
		return false;
	memcpy(digits, r->at, n);
	digits[n] = '\0';
	r->at += n;
	if (lua_stringtonumber(r->L, digits) == 0) /* 1e-5, say, stops at the sign */
		return false;
	bool whole = lua_isinteger(r->L, -1);
	struct sl_predicate_node *node = add(r, whole ? INTEGER : FLOAT);
	if (node != NULL && whole)
		node->is.integer = lua_tointeger(r->L, -1);
	else if (node != NULL)
		node->is.number = lua_tonumber(r->L, -1);
	lua_pop(r->L, 1);
	return node != NULL;
}

/* NAME{.NAME}; words of the language that are not known here are not simple. */
static bool read_name(struct reader *r)
{
	static const struct { const char *word; uint8_t op; } constants[] = {
		{ "nil", NIL }, { "false", FALSE }, { "true", TRUE }, { "null", NUL },
	};
	static const char *const others[] = {
		"and", "break", "do", "else", "elseif", "end", "for", "function", "goto", "if", "in",
		"local", "not", "or", "repeat", "return", "then", "until", "while", "row", "_G", "_ENV",
	};
	size_t len = word_length(r->at);
	const char *name = r->at;
	r->at += len;
	for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
		if (is_word(name, len, constants[i].word))
			return add(r, constants[i].op) != NULL;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (is_word(name, len, others[i]))
			return false;
	bool ok = add_text(r, FIELD, name, len);
	for (skip_space(r); ok && *r->at == '.' && is_letter(r->at[1]); skip_space(r)) {
		name = r->at + 1;
		len = word_length(name);
		r->at = name + len;
		ok = add_text(r, MEMBER, name, len);
	}
	return ok;
}

static bool read_unary(struct reader *r, enum op op, size_t len)
{
	r->at += len;
	if (!read_level(r, UNARY))
		return false;
	uint8_t left = last(r);
	struct sl_predicate_node *n = add(r, op);
	if (n != NULL)
		n->left = left;
	return n != NULL;
}

static bool read_parentheses(struct reader *r)
{
	r->at++;
	if (!read_level(r, 1) || *r->at != ')')
		return false;
	r->at++;
	return true;
}

static bool read_operand(struct reader *r)
{
	char c = *r->at;
	if (c == '(')
		return read_parentheses(r);
	if (c == '"' || c == '\'')
		return read_string(r);
	if (is_digit(c))
		return read_number(r);
	if (c == '-' && r->at[1] != '-')
		return read_unary(r, MINUS, 1);
	if (is_letter(c) && is_word(r->at, word_length(r->at), "not"))
		return read_unary(r, NOT, 3);
	return is_letter(c) && read_name(r);
}

static const struct operator *find_operator(const char *at)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		const char *word = operators[i].word;
		size_t len = strlen(word);
		bool same = is_letter(*word) ? is_word(at, word_length(at), word)
		                             : strncmp(at, word, len) == 0;
		if (same)
			return &operators[i];
	}
	return NULL;
}

/* An operand and all that binds it more than the level below: all operators
 * here associate to the left. */
static bool read_operations(struct reader *r, int level)
{
	skip_space(r);
	if (!read_operand(r))
		return false;
	for (;;) {
		skip_space(r);
		const struct operator *o = find_operator(r->at);
		if (o == NULL || o->level < level)
			return true;
		if (strncmp(r->at, "--", 2) == 0)
			return false; /* a comment */
		uint8_t left = last(r);
		r->at += strlen(o->word);
		if (!read_level(r, o->level + 1))
			return false;
		uint8_t right = last(r);
		struct sl_predicate_node *n = add(r, o->op);
		if (n == NULL)
			return false;
		n->left = left;
		n->right = right;
	}
}

static bool read_level(struct reader *r, int level)
{
	if (++r->depth > DEEPEST)
		return false;
	bool ok = read_operations(r, level);
	r->depth--;
	return ok;
}

bool sl_predicate_read(struct sl_predicate *p, lua_State *L, const char *source, size_t len)
{
	struct reader r = { .p = p, .L = L, .at = p->text };
	p->count = 0;
	if (len >= sizeof p->text || memchr(source, '\0', len) != NULL)
		return false;
	memcpy(p->text, source, len);
	p->text[len] = '\0';
	if (read_level(&r, 1) && *r.at == '\0')
		return true;
	p->count = 0;
	return false;
}

/* ---- values ---- */

struct value {
	enum op type; /* NIL to OTHER */
	uint32_t len;
	union {
		int64_t integer;
		double number;
		const char *text;
		struct sl_json_value json;
	} is;
};

static struct value simple(enum op type)
{
	return (struct value){ .type = type };
}

static struct value truth(bool b)
{
	return simple(b ? TRUE : FALSE);
}

static struct value integer(uint64_t i)
{
	return (struct value){ .type = INTEGER, .is.integer = (int64_t)i };
}

static struct value number(double d)
{
	return (struct value){ .type = FLOAT, .is.number = d };
}

static struct value value_of(struct sl_json_value v)
{
	struct value r = simple(NUL);
	size_t len;
	switch (sl_json_type(v)) {
	case SL_JSON_NULL:
		return r;
	case SL_JSON_BOOLEAN:
		return truth(sl_json_boolean(v));
	case SL_JSON_INTEGER:
		return integer((uint64_t)sl_json_integer(v));
	case SL_JSON_FLOAT:
		return number(sl_json_float(v));
	case SL_JSON_STRING:
		r.type = STRING;
		r.is.text = sl_json_string(v, &len);
		r.len = (uint32_t)len;
		return r;
	default:
		r.type = OTHER;
		r.is.json = v;
		return r;
	}
}

static bool is_true(struct value v)
{
	return v.type != NIL && v.type != FALSE;
}

static bool is_number(struct value v)
{
	return v.type == INTEGER || v.type == FLOAT;
}

static double as_double(struct value v)
{
	return v.type == INTEGER ? (double)v.is.integer : v.is.number;
}

/* ---- deciding: each gives false when only Lua knows ---- */

#define EXACT ((int64_t)1 << 53) /* integers up to here are doubles, too */

/* Two numbers that can be compared as doubles, or as integers, without loss? */
static bool comparable(struct value a, struct value b)
{
	if (a.type == b.type)
		return true;
	int64_t i = a.type == INTEGER ? a.is.integer : b.is.integer;
	return i >= -EXACT && i <= EXACT;
}

static bool equal(struct value a, struct value b, bool *out)
{
	if (is_number(a) && is_number(b)) {
		*out = a.type == INTEGER && b.type == INTEGER ? a.is.integer == b.is.integer
		                                              : as_double(a) == as_double(b);
		return comparable(a, b);
	}
	*out = a.type == b.type;
	if (*out && a.type == STRING)
		*out = a.len == b.len && memcmp(a.is.text, b.is.text, a.len) == 0;
	return !(a.type == OTHER && b.type == OTHER);
}

static bool less(struct value a, struct value b, bool or_equal, bool *out)
{
	if (!is_number(a) || !is_number(b) || !comparable(a, b))
		return false;
	if (a.type == INTEGER && b.type == INTEGER)
		*out = or_equal ? a.is.integer <= b.is.integer : a.is.integer < b.is.integer;
	else
		*out = or_equal ? as_double(a) <= as_double(b) : as_double(a) < as_double(b);
	return true;
}

static bool compare(enum op op, struct value a, struct value b, struct value *out)
{
	bool yes = false, known;
	switch (op) {
	case EQ:
	case NE:
		known = equal(a, b, &yes);
		yes = yes == (op == EQ);
		break;
	case LT:
	case LE:
		known = less(a, b, op == LE, &yes);
		break;
	default:
		known = less(b, a, op == GE, &yes);
	}
	*out = truth(yes);
	return known;
}

/* Towards minus infinity; b is not 0. Division by -1 may not be divided. */
static struct value divide(enum op op, int64_t a, int64_t b)
{
	if (b == -1)
		return integer(op == MOD ? 0 : 0 - (uint64_t)a);
	int64_t q = a / b, m = a % b;
	if (m != 0 && (m ^ b) < 0) {
		q--;
		m += b;
	}
	return integer((uint64_t)(op == MOD ? m : q));
}

static double modulo(double a, double b)
{
	double m = fmod(a, b);
	return (m > 0 && b < 0) || (m < 0 && b > 0) ? m + b : m;
}

static bool calculate_integers(enum op op, struct value a, struct value b, struct value *out)
{
	uint64_t x = (uint64_t)a.is.integer, y = (uint64_t)b.is.integer;
	switch (op) {
	case ADD: *out = integer(x + y); return true;
	case SUB: *out = integer(x - y); return true;
	case MUL: *out = integer(x * y); return true;
	default:
		if (y == 0)
			return false;
		*out = divide(op, a.is.integer, b.is.integer);
		return true;
	}
}

static bool calculate(enum op op, struct value a, struct value b, struct value *out)
{
	if (!is_number(a) || !is_number(b))
		return false;
	if (a.type == INTEGER && b.type == INTEGER && op != DIV)
		return calculate_integers(op, a, b, out);
	double x = as_double(a), y = as_double(b);
	switch (op) {
	case ADD: *out = number(x + y); break;
	case SUB: *out = number(x - y); break;
	case MUL: *out = number(x * y); break;
	case DIV: *out = number(x / y); break;
	case IDIV: *out = number(floor(x / y)); break;
	default: *out = number(modulo(x, y));
	}
	return true;
}

static bool negate(struct value a, struct value *out)
{
	if (a.type == INTEGER)
		*out = integer(0 - (uint64_t)a.is.integer);
	else
		*out = number(-a.is.number);
	return is_number(a);
}

/* A field that is absent may be a global; a member that is absent is nil. */
static bool look_up(const struct sl_predicate_node *n, struct sl_json_value in, struct value *out)
{
	struct sl_json_value v;
	bool found = sl_json_field(in, n->is.text, n->len, &v);
	*out = found ? value_of(v) : simple(NIL);
	return found || n->op == MEMBER;
}

static bool evaluate(const struct sl_predicate *p, uint8_t at, struct sl_json_value payload,
                     struct value *out);

static bool member(const struct sl_predicate *p, const struct sl_predicate_node *n,
                   struct sl_json_value payload, struct value *out)
{
	struct value of;
	if (!evaluate(p, n->left, payload, &of) || of.type != OTHER ||
	    sl_json_type(of.is.json) != SL_JSON_OBJECT)
		return false;
	return look_up(n, of.is.json, out);
}

static bool binary(const struct sl_predicate *p, const struct sl_predicate_node *n,
                   struct sl_json_value payload, struct value *out)
{
	struct value a, b;
	if (!evaluate(p, n->left, payload, &a))
		return false;
	if (n->op == OR || n->op == AND) {
		*out = a;
		return is_true(a) == (n->op == OR) || evaluate(p, n->right, payload, out);
	}
	if (!evaluate(p, n->right, payload, &b))
		return false;
	return n->op < ADD ? compare(n->op, a, b, out) : calculate(n->op, a, b, out);
}

static bool unary(const struct sl_predicate *p, const struct sl_predicate_node *n,
                  struct sl_json_value payload, struct value *out)
{
	struct value a;
	if (!evaluate(p, n->left, payload, &a))
		return false;
	if (n->op == MINUS)
		return negate(a, out);
	*out = truth(!is_true(a));
	return true;
}

static bool evaluate(const struct sl_predicate *p, uint8_t at, struct sl_json_value payload,
                     struct value *out)
{
	const struct sl_predicate_node *n = &p->nodes[at];
	*out = simple(n->op);
	switch ((enum op)n->op) {
	case NIL: case FALSE: case TRUE: case NUL:
		return true;
	case INTEGER:
		out->is.integer = n->is.integer;
		return true;
	case FLOAT:
		out->is.number = n->is.number;
		return true;
	case STRING:
		out->is.text = n->is.text;
		out->len = n->len;
		return true;
	case FIELD:
		return look_up(n, payload, out);
	case MEMBER:
		return member(p, n, payload, out);
	case NOT: case MINUS:
		return unary(p, n, payload, out);
	default:
		return binary(p, n, payload, out);
	}
}

enum sl_verdict sl_predicate_decide(const struct sl_predicate *p, struct sl_json_value payload)
{
	struct value v;
	if (!evaluate(p, (uint8_t)(p->count - 1), payload, &v))
		return SL_VERDICT_UNSURE;
	return is_true(v) && v.type != NUL ? SL_VERDICT_KEEP : SL_VERDICT_DROP;
}
