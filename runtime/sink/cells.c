/* cells.c - see cells.h */
#include "sink/cells.h"

#include <math.h>
#include <string.h>

#include <lauxlib.h>

#include "json/equal.h"
#include "schema/program.h"
#include "schema/scalar.h"

/* A field of the record and the column that it goes to. */
struct source {
	const struct sl_node *node;
	size_t column;
	bool null;   /* the column takes it */
	bool absent; /* the field may be, and is NULL then */
};

struct sl_extract {
	const struct sl_record *record;
	const struct sl_json_value *constants;
	struct sl_json_value *found; /* by field */
	struct source sources[];
};

/* ---- what takes no Lua ---- */

static bool are_texts(const struct sl_schema *s, const struct sl_enum *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (sl_json_type(s->values[e->values[i].place]) != SL_JSON_STRING)
			return false;
	return true;
}

static bool fits(const struct sl_schema *s, const struct sl_node *n, enum sl_column_type type)
{
	switch (type) {
	case SL_COLUMN_TEXT:
		return (n->kind == SL_NODE_STRING && n->as.string.pattern == 0) ||
		       (n->kind == SL_NODE_ENUM && are_texts(s, &n->as.choice));
	case SL_COLUMN_INTEGER:
		return n->kind == SL_NODE_INTEGER;
	case SL_COLUMN_NUMBER:
		return n->kind == SL_NODE_NUMBER;
	case SL_COLUMN_BOOLEAN:
		return n->kind == SL_NODE_BOOLEAN;
	default:
		return false;
	}
}

static bool is_column(const struct sl_column *c, const struct sl_name *name)
{
	return c->len == name->len && memcmp(c->name, name->text, c->len) == 0;
}

static bool find_source(const struct sl_schema *s, const struct sl_record *r, size_t field,
                        const struct sl_column *columns, struct source *out)
{
	const struct sl_field *f = &r->fields[field];
	size_t i = 0;
	while (i < r->names.count && !is_column(&columns[i], &r->names.names[field]))
		i++;
	if (i == r->names.count || !fits(s, f->node, columns[i].type))
		return false;
	*out = (struct source){ .node = f->node, .column = i, .null = columns[i].null,
		                .absent = columns[i].null && f->optional && !f->has_fallback };
	return true;
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
	const struct sl_record *r = &n->as.record;
	if (n->kind != SL_NODE_RECORD || n->nullable || r->rest != NULL || r->names.count != count) {
		lua_pushnil(L);
		return NULL;
	}
	size_t size = sizeof(struct sl_extract) + count * sizeof(struct source);
	struct sl_extract *x = lua_newuserdatauv(L, size + count * sizeof *x->found, 0);
	x->record = r;
	x->constants = s->values;
	x->found = (struct sl_json_value *)((char *)x + size);
	if (find_sources(s, r, columns, x->sources))
		return x;
	lua_pop(L, 1);
	lua_pushnil(L);
	return NULL;
}

/* ---- a row ---- */

static bool read_text(const struct sl_node *n, struct sl_json_value v, struct sl_cell *out)
{
	if (sl_json_type(v) != SL_JSON_STRING)
		return false;
	out->type = SL_CELL_TEXT;
	out->text = sl_json_string(v, &out->len);
	return n->plain || sl_scalar_string(&n->as.string, out->text, out->len);
}

static bool read_choice(const struct sl_extract *x, const struct sl_enum *e, struct sl_json_value v,
                        struct sl_cell *out)
{
	for (size_t i = 0; i < e->count; i++)
		if (sl_json_equal(v, x->constants[e->values[i].place])) {
			out->type = SL_CELL_TEXT;
			out->text = sl_json_string(v, &out->len);
			return true;
		}
	return false;
}

static bool read_integer(const struct sl_node *n, struct sl_json_value v, struct sl_cell *out)
{
	out->type = SL_CELL_INTEGER;
	return sl_scalar_whole(v, &out->integer) &&
	       (n->plain || sl_scalar_integer(&n->as.number, out->integer));
}

static bool read_number(const struct sl_node *n, struct sl_json_value v, struct sl_cell *out)
{
	if (sl_json_type(v) == SL_JSON_INTEGER) {
		out->type = SL_CELL_INTEGER;
		out->integer = sl_json_integer(v);
		return sl_scalar_integer(&n->as.number, out->integer);
	}
	if (sl_json_type(v) != SL_JSON_FLOAT)
		return false;
	out->type = SL_CELL_NUMBER;
	out->number = sl_json_float(v);
	return isfinite(out->number) && sl_scalar_float(&n->as.number, out->number);
}

static bool read_boolean(struct sl_json_value v, struct sl_cell *out)
{
	if (sl_json_type(v) != SL_JSON_BOOLEAN)
		return false;
	out->type = SL_CELL_INTEGER;
	out->integer = sl_json_boolean(v);
	return true;
}

static bool read_cell(const struct sl_extract *x, const struct source *s, struct sl_json_value v,
                      struct sl_cell *out)
{
	const struct sl_node *n = s->node;
	if (n->nullable && sl_json_type(v) == SL_JSON_NULL) {
		out->type = SL_CELL_NULL;
		return s->null;
	}
	switch (n->kind) {
	case SL_NODE_STRING:
		return read_text(n, v, out);
	case SL_NODE_ENUM:
		return read_choice(x, &n->as.choice, v, out);
	case SL_NODE_INTEGER:
		return read_integer(n, v, out);
	case SL_NODE_NUMBER:
		return read_number(n, v, out);
	default:
		return read_boolean(v, out);
	}
}

/* Unknown fields are refused, or else they do not matter: no column is theirs. */
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
		struct sl_cell *cell = &cells[s->column];
		if (x->found[i].json != NULL ? !read_cell(x, s, x->found[i], cell) : !s->absent)
			return false;
		if (x->found[i].json == NULL)
			cell->type = SL_CELL_NULL;
	}
	return true;
}
