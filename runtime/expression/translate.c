/* translate.c - see translate.h */
#include "expression/translate.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct writer {
	const struct sl_syntax *t;
	struct sl_buffer *out, *lines;
	unsigned locals; /* how many so far: each has its own number */
	bool no_memory;
};

/* ---- properties of parts ---- */

static const struct sl_part *part(const struct writer *w, uint16_t i)
{
	return &w->t->parts[i];
}

static bool is_text(struct sl_text t, const char *text)
{
	return sl_text_equal(t, sl_text_of(text));
}

static bool is_always_there(const struct sl_part *p)
{
	return p->kind == SL_SYNTAX_NAME && (is_text(p->is.text, "row") || is_text(p->is.text, "_G"));
}

bool sl_syntax_is_path(const struct sl_syntax *t, uint16_t i)
{
	const struct sl_part *p = &t->parts[i];
	if (p->kind == SL_SYNTAX_NAME)
		return !is_always_there(p);
	if (p->kind == SL_SYNTAX_INDEX) {
		uint8_t key = t->parts[p->right].kind;
		return (key == SL_SYNTAX_STRING || key == SL_SYNTAX_INTEGER) && sl_syntax_is_path(t, p->left);
	}
	return p->kind == SL_SYNTAX_MEMBER && sl_syntax_is_path(t, p->left);
}

uint16_t sl_syntax_library(const struct sl_syntax *t, uint16_t i)
{
	static const char *const names[] = { "string", "math", "utf8", "table", "os", "io", "coroutine", "debug" };
	const struct sl_part *p = &t->parts[i];
	for (; p->kind == SL_SYNTAX_MEMBER; p = &t->parts[p->left])
		if (t->parts[p->left].kind == SL_SYNTAX_NAME)
			for (size_t k = 0; k < sizeof names / sizeof *names; k++)
				if (is_text(t->parts[p->left].is.text, names[k]))
					return p->left;
	return 0;
}

static bool has_functions_of_values(struct sl_text name)
{
	return is_text(name, "string") || is_text(name, "math") || is_text(name, "utf8") || is_text(name, "table");
}

bool sl_syntax_is_library_call(const struct sl_syntax *t, const struct sl_part *call)
{
	const struct sl_part *f = &t->parts[call->left], *of = &t->parts[f->left];
	return f->kind == SL_SYNTAX_MEMBER && of->kind == SL_SYNTAX_NAME && has_functions_of_values(of->is.text);
}

static bool is_constant(const struct sl_part *p)
{
	return p->kind <= SL_SYNTAX_STRING;
}

static bool is_call(const struct sl_part *p)
{
	return p->kind == SL_SYNTAX_CALL || p->kind == SL_SYNTAX_METHOD;
}

/* Is the result nil if the object or an argument is nil or null? */
static bool gives_nil(const struct writer *w, const struct sl_part *call)
{
	return call->kind == SL_SYNTAX_METHOD || sl_syntax_is_library_call(w->t, call);
}

/* ---- writing ---- */

static void put_bytes(struct writer *w, const char *text, size_t len)
{
	if (sl_buffer_append(w->out, text, len) != 0)
		w->no_memory = true;
}

__attribute__((format(printf, 2, 3)))
static void put(struct writer *w, const char *format, ...)
{
	char text[160];
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	put_bytes(w, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* Ends a line and notes that it belongs to this part. */
static void end_line(struct writer *w, uint16_t of)
{
	put_bytes(w, "\n", 1);
	if (sl_buffer_append(w->lines, &of, sizeof of) != 0)
		w->no_memory = true;
}

static void put_string(struct writer *w, struct sl_text t)
{
	put(w, "\"");
	for (size_t i = 0; i < t.len; i++) {
		unsigned char c = (unsigned char)t.bytes[i];
		if (c >= ' ' && c < 0x7F && c != '"' && c != '\\')
			put_bytes(w, &t.bytes[i], 1);
		else
			put(w, "\\%03u", c);
	}
	put(w, "\"");
}

static void put_constant(struct writer *w, const struct sl_part *p)
{
	switch (p->kind) {
	case SL_SYNTAX_NIL: put(w, "nil"); break;
	case SL_SYNTAX_FALSE: put(w, "false"); break;
	case SL_SYNTAX_TRUE: put(w, "true"); break;
	case SL_SYNTAX_NULL: put(w, "N"); break;
	case SL_SYNTAX_INTEGER: put(w, "0x%" PRIX64, (uint64_t)p->is.integer); break;
	case SL_SYNTAX_FLOAT:
		put(w, p->is.number > 1.7976931348623157e308 ? "(1/0)" : "%a", p->is.number);
		break;
	case SL_SYNTAX_DECIMAL: put(w, "K[%u]", (unsigned)(p - w->t->parts)); break;
	default: put_string(w, p->is.text);
	}
}

/* ---- operands: constants are written in place, others get a local ---- */

struct operand {
	uint16_t part;
	unsigned local; /* 0: a constant */
	bool is_never_null;
};

static void put_operand(struct writer *w, struct operand o)
{
	if (o.local == 0)
		put_constant(w, part(w, o.part));
	else
		put(w, "v%u", o.local);
}

static void write_part(struct writer *w, uint16_t i, unsigned to);

/* Is it calculated? Then it may be nil, but never null. */
static bool is_calculated(uint8_t kind)
{
	return (kind >= SL_SYNTAX_NOT && kind <= SL_SYNTAX_BNOT) || kind >= SL_SYNTAX_LT;
}

/* Reads a field into a new local. */
static struct operand field(struct writer *w, uint16_t i, bool is_never_null)
{
	struct operand o = { i, ++w->locals, is_never_null };
	put(w, "local v%u = %c(%u)", o.local, is_never_null ? 'P' : 'F', i);
	end_line(w, i);
	return o;
}

static struct operand operand(struct writer *w, uint16_t i)
{
	struct operand o = { .part = i };
	while (part(w, o.part)->kind == SL_SYNTAX_PAREN)
		o.part = part(w, o.part)->left;
	if (is_constant(part(w, o.part)))
		return o;
	if (sl_syntax_is_path(w->t, i) && !is_always_there(part(w, i)))
		return field(w, i, false);
	o.is_never_null = is_calculated(part(w, o.part)->kind);
	o.part = i;
	o.local = ++w->locals;
	put(w, "local v%u", o.local);
	end_line(w, i);
	write_part(w, i, o.local);
	return o;
}

/* An operand for places where null means the same as nil. */
static struct operand present(struct writer *w, uint16_t i)
{
	return sl_syntax_is_path(w->t, i) ? field(w, i, true) : operand(w, i);
}

/* " and v1 ~= nil and v1 ~= N". A literal nil is intended, so it is not checked. */
static void put_check(struct writer *w, struct operand o)
{
	if (o.local != 0 && o.is_never_null)
		put(w, " and v%u ~= nil", o.local);
	else if (o.local != 0)
		put(w, " and v%u ~= nil and v%u ~= N", o.local, o.local);
	else if (part(w, o.part)->kind == SL_SYNTAX_NULL)
		put(w, " and false");
}

/* ---- operators ---- */

static const char *sign_of(uint8_t kind)
{
	static const char *const signs[SL_SYNTAX_COUNT] = {
		[SL_SYNTAX_MINUS] = "-", [SL_SYNTAX_LENGTH] = "#", [SL_SYNTAX_BNOT] = "~", [SL_SYNTAX_LT] = "<",
		[SL_SYNTAX_GT] = ">", [SL_SYNTAX_LE] = "<=", [SL_SYNTAX_GE] = ">=", [SL_SYNTAX_BOR] = "|", [SL_SYNTAX_BXOR] = "~", [SL_SYNTAX_BAND] = "&",
		[SL_SYNTAX_SHL] = "<<", [SL_SYNTAX_SHR] = ">>", [SL_SYNTAX_CONCAT] = "..", [SL_SYNTAX_ADD] = "+",
		[SL_SYNTAX_SUB] = "-", [SL_SYNTAX_MUL] = "*", [SL_SYNTAX_DIV] = "/", [SL_SYNTAX_IDIV] = "//",
		[SL_SYNTAX_MOD] = "%", [SL_SYNTAX_POW] = "^",
	};
	return signs[kind];
}

static bool is_order(uint8_t kind)
{
	return kind >= SL_SYNTAX_LT && kind <= SL_SYNTAX_GE;
}

/* The same, but a literal nil also fails the check. */
static void put_nil_check(struct writer *w, struct operand o)
{
	if (o.local == 0 && part(w, o.part)->kind == SL_SYNTAX_NIL)
		put(w, " and false");
	put_check(w, o);
}

/* May it be a decimal, or equal one? */
static bool may_be_decimal(const struct writer *w, struct operand o)
{
	uint8_t kind = part(w, o.part)->kind;
	return o.local != 0 || kind == SL_SYNTAX_DECIMAL || kind == SL_SYNTAX_FLOAT;
}

/* Values that differ for Lua may still be a decimal and a number of equal value. */
static void write_equality(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	put(w, "do ");
	struct operand a = operand(w, p->left), b = operand(w, p->right);
	put(w, "v%u = %s((", to, p->kind == SL_SYNTAX_NE ? "not " : "");
	put_operand(w, a);
	put(w, ") == (");
	put_operand(w, b);
	put(w, ")");
	if (may_be_decimal(w, a) && may_be_decimal(w, b)) {
		put(w, " or E(");
		put_operand(w, a);
		put(w, ", ");
		put_operand(w, b);
		put(w, ")");
	}
	put(w, ") end");
	end_line(w, i);
}

static void write_binary(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	put(w, "do ");
	struct operand a = present(w, p->left), b = present(w, p->right);
	put(w, is_order(p->kind) ? "v%u = false if true" : "v%u = nil if true", to);
	put_nil_check(w, a);
	put_nil_check(w, b);
	put(w, " then v%u = (", to);
	put_operand(w, a);
	put(w, ") %s (", sign_of(p->kind));
	put_operand(w, b);
	put(w, ") end end");
	end_line(w, i);
}

static void write_unary(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	if (p->kind == SL_SYNTAX_NOT) {
		write_part(w, p->left, to);
		put(w, "v%u = not v%u or v%u == N", to, to, to);
	} else {
		put(w, "do ");
		struct operand of = present(w, p->left);
		put(w, "v%u = nil if true", to);
		put_nil_check(w, of);
		put(w, " then v%u = %s(", to, sign_of(p->kind));
		put_operand(w, of);
		put(w, ") end end");
	}
	end_line(w, i);
}

static void write_logic(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	write_part(w, p->left, to);
	put(w, p->kind == SL_SYNTAX_AND ? "if v%u and v%u ~= N then" : "if not v%u or v%u == N then", to, to);
	end_line(w, i);
	write_part(w, p->right, to);
	put(w, "end");
	end_line(w, i);
}

/* ---- fields ---- */

static void write_name(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	if (is_always_there(p))
		put(w, is_text(p->is.text, "row") ? "v%u = R()" : "v%u = G", to);
	else
		put(w, "v%u = F(%u)", to, i);
	end_line(w, i);
}

static void write_item(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	if (sl_syntax_is_path(w->t, i)) {
		put(w, "v%u = F(%u)", to, i);
		end_line(w, i);
		return;
	}
	put(w, "do ");
	struct operand of = present(w, p->left), key = { .part = 0 };
	if (p->kind == SL_SYNTAX_INDEX)
		key = present(w, p->right);
	put(w, "v%u = I(%u, ", to, i);
	put_operand(w, of);
	put(w, ", ");
	if (p->kind == SL_SYNTAX_INDEX)
		put_operand(w, key);
	else
		put_string(w, p->is.text);
	put(w, ") end");
	end_line(w, i);
}

/* ---- tables ---- */

/* An absent value keeps its place in a list. */
static void put_null_for_nil(struct writer *w, struct operand o)
{
	if (o.local != 0)
		put(w, "if v%u == nil then v%u = N end ", o.local, o.local);
}

static void write_table(struct writer *w, uint16_t i, unsigned to)
{
	unsigned position = 0, table = ++w->locals;
	put(w, "do local v%u = T(%u)", table, i);
	end_line(w, i);
	for (uint16_t e = part(w, i)->right; e != 0; e = part(w, e)->next) {
		const struct sl_part *entry = part(w, e);
		put(w, "do ");
		struct operand key = { .part = 0 }, value = operand(w, entry->right);
		if (entry->left != 0)
			key = operand(w, entry->left);
		if (entry->left == 0)
			put_null_for_nil(w, value);
		put(w, "v%u[", table);
		if (entry->left != 0)
			put_operand(w, key);
		else
			put(w, "%u", ++position);
		put(w, "] = ");
		put_operand(w, value);
		put(w, " end");
		end_line(w, e);
	}
	put(w, "v%u = v%u end", to, table);
	end_line(w, i);
}

/* ---- calls ---- */

#define MOST_ARGUMENTS 100

struct call {
	uint16_t part, inner; /* inner: a call as the last argument, which passes all its values; 0: none */
	struct operand callee, arguments[MOST_ARGUMENTS];
	unsigned count;
};

/* Writes the operands of a call. last: no further inner call is possible. */
static void prepare(struct writer *w, uint16_t i, struct call *c, bool last)
{
	const struct sl_part *p = part(w, i);
	*c = (struct call){ .part = i };
	bool bare = p->kind == SL_SYNTAX_CALL && part(w, p->left)->kind == SL_SYNTAX_NAME && !is_always_there(part(w, p->left));
	if (!bare)
		c->callee = (p->kind == SL_SYNTAX_METHOD ? present : operand)(w, p->left);
	for (uint16_t a = p->right; a != 0; a = part(w, a)->next) {
		if (part(w, a)->next == 0 && is_call(part(w, a)) && !last)
			c->inner = a;
		else if (c->count < MOST_ARGUMENTS)
			c->arguments[c->count++] = (gives_nil(w, p) ? present : operand)(w, a);
	}
}

static void put_callee(struct writer *w, const struct call *c)
{
	const struct sl_part *p = part(w, c->part);
	put(w, "(");
	if (c->callee.part == 0)
		put(w, "K[%u]", p->left);
	else
		put_operand(w, c->callee);
	put(w, ")");
}

static void put_arguments(struct writer *w, const struct call *c, const char *before)
{
	for (unsigned i = 0; i < c->count; i++) {
		put(w, "%s", i == 0 ? before : ", ");
		put_operand(w, c->arguments[i]);
	}
}


/* Writes the operands of a call and its inner calls, outermost first. Returns how many calls. */
static unsigned chain(struct writer *w, uint16_t i, struct call *calls, unsigned most)
{
	unsigned n = 0;
	for (; i != 0; i = calls[n++].inner)
		prepare(w, i, &calls[n], n + 1 == most);
	return n;
}

static void put_chain(struct writer *w, const struct call *calls, unsigned n)
{
	assert(n > 0);
	put(w, "C(%u, ", calls->part);
	put_callee(w, calls);
	put_arguments(w, calls, ", ");
	if (n > 1) {
		put(w, ", ");
		put_chain(w, calls + 1, n - 1);
	}
	put(w, ")");
}

static void write_plain_call(struct writer *w, const struct call *c, unsigned to)
{
	const struct sl_part *p = part(w, c->part);
	put(w, "if true");
	if (gives_nil(w, p)) {
		if (p->kind == SL_SYNTAX_METHOD)
			put_nil_check(w, c->callee);
		for (unsigned i = 0; i < c->count; i++)
			put_check(w, c->arguments[i]);
	}
	put(w, " then v%u = ", to);
	put_callee(w, c);
	if (p->kind == SL_SYNTAX_METHOD)
		put(w, ":%.*s", (int)p->is.text.len, p->is.text.bytes);
	put(w, "(");
	put_arguments(w, c, "");
	put(w, ") else v%u = nil end end", to);
	end_line(w, c->part);
}

static void write_call(struct writer *w, uint16_t i, unsigned to)
{
	struct call calls[8];
	put(w, "do ");
	unsigned n = chain(w, i, calls, sizeof calls / sizeof *calls);
	if (n == 1 && calls->inner == 0) {
		write_plain_call(w, calls, to);
		return;
	}
	put(w, "v%u = (", to);
	put_chain(w, calls, n);
	put(w, ") end");
	end_line(w, i);
}

/* ---- parts ---- */

/* Writes code that puts the value of a part into a local. */
static void write_part(struct writer *w, uint16_t i, unsigned to)
{
	const struct sl_part *p = part(w, i);
	switch (p->kind) {
	case SL_SYNTAX_NAME:
		write_name(w, i, to);
		break;
	case SL_SYNTAX_MEMBER:
	case SL_SYNTAX_INDEX:
		write_item(w, i, to);
		break;
	case SL_SYNTAX_CALL:
	case SL_SYNTAX_METHOD:
		write_call(w, i, to);
		break;
	case SL_SYNTAX_TABLE:
		write_table(w, i, to);
		break;
	case SL_SYNTAX_PAREN:
		write_part(w, p->left, to);
		break;
	case SL_SYNTAX_NOT:
	case SL_SYNTAX_MINUS:
	case SL_SYNTAX_LENGTH:
	case SL_SYNTAX_BNOT:
		write_unary(w, i, to);
		break;
	case SL_SYNTAX_OR:
	case SL_SYNTAX_AND:
		write_logic(w, i, to);
		break;
	case SL_SYNTAX_EQ:
	case SL_SYNTAX_NE:
		write_equality(w, i, to);
		break;
	default:
		if (!is_constant(p)) {
			write_binary(w, i, to);
			break;
		}
		put(w, "v%u = ", to);
		put_constant(w, p);
		end_line(w, i);
	}
}

int sl_translate(const struct sl_syntax *t, struct sl_buffer *out, struct sl_buffer *lines)
{
	struct writer w = { .t = t, .out = out, .lines = lines, .locals = 0 };
	unsigned result = ++w.locals;
	put(&w, "local " SL_TRANSLATE_ARGUMENTS " = ... return function() local v%u", result);
	end_line(&w, t->root);
	write_part(&w, t->root, result);
	put(&w, "return v%u end", result);
	end_line(&w, t->root);
	return w.no_memory ? -1 : 0;
}
