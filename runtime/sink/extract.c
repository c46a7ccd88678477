/* extract.c - see extract.h */
#include "sink/extract.h"

#include <string.h>

#include <lauxlib.h>

#include "json/equal.h"
#include "schema/flat.h"

/* A field of the record and the column that it goes to. */
struct source {
	const struct sl_node *node;
	const struct sl_json_value *constants;
	/* Read a value that is not null; false: take the slow path. */
	bool (*read)(const struct source *s, struct sl_json_value v, struct sl_cell *out);
	size_t place; /* of the column */
	const struct sl_column *column;
	bool absent; /* the field may be absent, and is NULL then */
	bool is_limited; /* a value that is as declared may not fit */
};

struct sl_extract {
	const struct sl_record *record;
	struct sl_json_value *found; /* by field */
	struct source sources[];
};

/* ---- kinds ---- */

/* A text that may have a lone surrogate takes the slow path. */
static bool take_text(struct sl_json_value v, struct sl_cell *out)
{
	out->type = SL_CELL_TEXT;
	out->text.bytes = sl_json_string(v, &out->text.len);
	return sl_json_is_unicode(v);
}

static bool read_text(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	if (sl_json_type(v) != SL_JSON_STRING)
		return false;
	return take_text(v, out) && sl_string_takes(s->node, out->text.bytes, out->text.len);
}

static bool read_choice(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	const struct sl_enum *e = (const struct sl_enum *)s->node;
	for (size_t i = 0; i < e->count; i++)
		if (sl_json_equal(v, s->constants[e->values[i].place])) {
			return take_text(v, out);
		}
	return false;
}

static bool read_integer(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	out->type = SL_CELL_INTEGER;
	return sl_number_whole(v, &out->integer) &&
	       (s->node->plain || sl_number_takes_integer(s->node, out->integer));
}

/* Not -0, which is a different number. */
static bool is_plain_zero(struct sl_json_value v)
{
	size_t len;
	sl_json_own_text(v, &len);
	return len == 1;
}

static bool read_number(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	if (sl_json_type(v) == SL_JSON_INTEGER) {
		out->type = SL_CELL_INTEGER;
		out->integer = sl_json_integer(v);
		return (out->integer != 0 || is_plain_zero(v)) && sl_number_takes_integer(s->node, out->integer);
	}
	if (sl_json_type(v) != SL_JSON_FLOAT)
		return false;
	out->type = SL_CELL_NUMBER;
	out->number = sl_json_float(v);
	if (out->number == 0)
		return false; /* it may have underflowed */
	out->text.bytes = NULL;
	if (s->column->limits & SL_LIMIT_DIGITS)
		out->text.bytes = sl_json_own_text(v, &out->text.len);
	return sl_number_takes_float(s->node, out->number);
}

static bool read_decimal(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	if (!sl_json_is_number(sl_json_type(v)))
		return false;
	out->type = SL_CELL_DIGITS;
	out->text.bytes = sl_json_own_text(v, &out->text.len);
	return s->node->plain || sl_decimal_takes(s->node, out->text);
}

static bool read_boolean(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	(void)s;
	if (sl_json_type(v) != SL_JSON_BOOLEAN)
		return false;
	out->type = SL_CELL_BOOLEAN;
	out->integer = sl_json_boolean(v);
	return true;
}

/* ---- what needs no Lua ---- */

static bool are_texts(const struct sl_schema *s, const struct sl_node *n)
{
	const struct sl_enum *e = (const struct sl_enum *)n;
	for (size_t i = 0; i < e->count; i++)
		if (sl_json_type(s->values[e->values[i].place]) != SL_JSON_STRING)
			return false;
	return true;
}

static const struct {
	const struct sl_node_kind *kind;
	enum sl_column_type column;
	bool (*read)(const struct source *s, struct sl_json_value v, struct sl_cell *out);
} kinds[] = {
	{ &sl_kind_string, SL_COLUMN_TEXT, read_text },
	{ &sl_kind_enum, SL_COLUMN_TEXT, read_choice },
	{ &sl_kind_integer, SL_COLUMN_INTEGER, read_integer },
	{ &sl_kind_number, SL_COLUMN_NUMBER, read_number },
	{ &sl_kind_decimal, SL_COLUMN_DECIMAL, read_decimal },
	{ &sl_kind_boolean, SL_COLUMN_BOOLEAN, read_boolean },
};

static bool takes_lua(const struct sl_schema *s, const struct sl_node *n)
{
	return (n->kind == &sl_kind_string && sl_string_has_pattern(n)) ||
	       (n->kind == &sl_kind_enum && !are_texts(s, n));
}

static bool find_reader(struct source *s, enum sl_column_type type)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].kind == s->node->kind && (kinds[i].column == type || type == SL_COLUMN_ANY))
			s->read = kinds[i].read;
	return s->read != NULL;
}

static bool is_column(const struct sl_column *c, const struct sl_name *name)
{
	return c->name.len == name->len && memcmp(c->name.bytes, name->text, name->len) == 0;
}

/* Only 64-bit integers are read as integers, and they fit everywhere except in doubles. */
static bool may_not_fit(const struct sl_column *c, const struct sl_node *n)
{
	if (n->kind == &sl_kind_integer)
		return c->limits & SL_LIMIT_DOUBLE;
	return c->characters != 0 || (c->limits & ~(unsigned)SL_LIMIT_DIGITS) != 0;
}

static bool find_source(const struct sl_schema *s, const struct sl_record *r, size_t field,
                        const struct sl_column *columns, struct source *out)
{
	const struct sl_field *f = &r->fields[field];
	size_t i = 0;
	while (i < r->names.count && !is_column(&columns[i], &r->names.names[field]))
		i++;
	if (i == r->names.count || takes_lua(s, f->node))
		return false;
	*out = (struct source){ .node = f->node, .constants = s->values, .place = i, .column = &columns[i],
		                .absent = columns[i].null && columns[i].optional && f->optional && !f->has_fallback };
	out->is_limited = may_not_fit(&columns[i], f->node);
	return find_reader(out, columns[i].type);
}

/* As many fields as columns, each with its own. */
static bool find_sources(const struct sl_schema *s, const struct sl_record *r,
                         const struct sl_column *columns, struct source *out)
{
	for (size_t i = 0; i < r->names.count; i++)
		if (!find_source(s, r, i, columns, &out[i]))
			return false;
	return true;
}

struct sl_extract *sl_extract_push(lua_State *L, const struct sl_schema *s,
                                   const struct sl_column *columns, size_t count)
{
	const struct sl_node *n = s->root;
	const struct sl_record *r = (const struct sl_record *)n;
	if (n->kind != &sl_kind_record || n->nullable || r->rest != NULL || r->names.count != count) {
		lua_pushnil(L);
		return NULL;
	}
	size_t size = sizeof(struct sl_extract) + count * sizeof(struct source);
	struct sl_extract *x = lua_newuserdatauv(L, size + count * sizeof *x->found, 0);
	x->record = r;
	x->found = (struct sl_json_value *)((char *)x + size);
	if (find_sources(s, r, columns, x->sources))
		return x;
	lua_pop(L, 1);
	lua_pushnil(L);
	return NULL;
}

/* ---- a row ---- */

static bool fits(const struct sl_cell *cell, const struct sl_column *c)
{
	SL_ERROR(err);
	return sl_cell_check(cell, c, &err) == 0;
}

static bool read_cell(const struct source *s, struct sl_json_value v, struct sl_cell *out)
{
	if (s->node->nullable && sl_json_type(v) == SL_JSON_NULL) {
		out->type = SL_CELL_NULL;
		return s->column->null;
	}
	return s->read(s, v, out) && (!s->is_limited || fits(out, s->column));
}

/* Unknown fields are refused, or they do not matter because they have no column. */
static bool find_fields(struct sl_extract *x, struct sl_json_value root)
{
	const struct sl_record *r = x->record;
	struct sl_json_iter it = sl_json_children(root);
	struct sl_json_value other;
	const char *key;
	size_t len;
	bool refuse = r->unknown == SL_UNKNOWN_REFUSE;
	memset(x->found, 0, r->names.count * sizeof *x->found);
	return !sl_names_find(&r->names, &it, x->found, refuse ? &key : NULL, &len, &other);
}

bool sl_extract_read(struct sl_extract *x, struct sl_json_value root, struct sl_cell *cells)
{
	if (sl_json_type(root) != SL_JSON_OBJECT || !find_fields(x, root))
		return false;
	for (size_t i = 0; i < x->record->names.count; i++) {
		const struct source *s = &x->sources[i];
		struct sl_cell *cell = &cells[s->place];
		if (x->found[i].json != NULL ? !read_cell(s, x->found[i], cell) : !s->absent)
			return false;
		if (x->found[i].json == NULL)
			cell->type = SL_CELL_NULL;
	}
	return true;
}

struct sl_bound *sl_bound_push(lua_State *L, void *taker, const struct sl_schema *s,
                               const struct sl_column *columns, size_t count)
{
	struct sl_bound *b = lua_newuserdatauv(L, sizeof *b, 1);
	*b = (struct sl_bound){ taker, sl_extract_push(L, s, columns, count) }; /* [bound, extract] */
	lua_setiuservalue(L, -2, 1);
	if (b->extract != NULL)
		return b;
	lua_pop(L, 1);
	lua_pushnil(L);
	return NULL;
}
