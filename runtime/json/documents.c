/* documents.c - see documents.h */
#include "json/documents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/block.h"
#include "json/json.h"
#include "json/pointer.h"

#define NOWHERE SIZE_MAX
#define PIECE (64u * 1024) /* longer containers that are skipped are entered */
#define POINTER_DEPTH 64
#define MODEL_BYTES 32
#define TRIES 8 /* brackets that the end of a row is guessed from */

struct step { /* a token of the pointer */
	char *name; /* unescaped */
	size_t len;
	size_t index;     /* the element of an array that it names */
	bool may_be_index;
	size_t child;     /* of the current array, from 0 */
	bool seen;        /* in the current container */
};

/* The scan of the current value. */
struct look {
	size_t at; /* from the value's first byte */
	size_t depth;
	uint64_t string; /* all ones: within a string */
	bool escaped;    /* the next byte is escaped */
};

/* What is expected; FIRST_: or the closing bracket. */
enum state { VALUE, FIRST_VALUE, NAME, FIRST_NAME, COLON, AFTER };

struct sl_documents {
	char *pointer; /* as given, or NULL */
	char *names;   /* a copy, for the steps */
	struct step steps[POINTER_DEPTH];
	size_t step_count;
	struct sl_json *json;

	const char *text; /* for the call, like len and last */
	size_t len, at;
	bool last;
	uint64_t line, passed; /* lines and bytes before text[at], passed: before text */

	enum state state;
	struct look look;
	size_t depth;
	size_t path;  /* how many of the open containers lead to the array */
	bool on_path; /* so does the current child */
	bool in_rows; /* the array is open */
	bool found;   /* the array, in this document */

	/* The bytes between two rows: a bracket, a comma, a bracket. */
	char model[MODEL_BYTES];
	size_t model_len; /* 0: none */
	bool sure;        /* a guess was wrong: no more of them */
	bool guessed;     /* the end of the current row is a guess */
	size_t row_at, row_end; /* the current row, in text */
	uint64_t row_line;
	bool object[SL_JSON_DEPTH_LIMIT];
};

/* ---- making one ---- */

static void add_step(struct sl_documents *d, char *token, char *end)
{
	struct step *s = &d->steps[d->step_count++];
	s->may_be_index = sl_pointer_index(token, end, &s->index);
	s->name = token;
	char *to = token;
	for (; token < end; token++)
		*to++ = *token != '~' ? *token : *++token == '0' ? '~' : '/';
	s->len = (size_t)(to - s->name);
}

static int read_pointer(struct sl_documents *d, struct sl_error *err)
{
	char *p = d->names, *end = p + strlen(p);
	if (!sl_pointer_is_valid(p, end))
		return sl_fail(err, SL_USAGE, 0,
		               "--at: expected a JSON Pointer such as /items, got \"%.200s\"", p);
	while (p < end) {
		char *slash = memchr(p + 1, '/', (size_t)(end - p - 1));
		char *to = slash != NULL ? slash : end;
		if (d->step_count == POINTER_DEPTH)
			return sl_fail(err, SL_USAGE, 0, "--at: expected at most %d names", POINTER_DEPTH);
		add_step(d, p + 1, to);
		p = to;
	}
	return 0;
}

struct sl_documents *sl_documents_new(const char *pointer, struct sl_error *err)
{
	struct sl_documents *d = calloc(1, sizeof *d);
	if (d != NULL)
		d->json = sl_json_new();
	if (d != NULL && pointer != NULL) {
		d->pointer = strdup(pointer);
		d->names = strdup(pointer);
	}
	if (d == NULL || d->json == NULL || (pointer != NULL && (!d->pointer || !d->names)))
		sl_fail(err, SL_USAGE, ENOMEM, "no memory for documents");
	else if (pointer == NULL || read_pointer(d, err) == 0)
		return d;
	sl_documents_free(d);
	return NULL;
}

void sl_documents_free(struct sl_documents *d)
{
	if (d == NULL)
		return;
	sl_json_free(d->json);
	free(d->pointer);
	free(d->names);
	free(d);
}

void sl_documents_begin(struct sl_documents *d, size_t skipped)
{
	d->passed = skipped;
	d->line = 1;
	d->at = d->depth = d->path = 0;
	d->state = VALUE;
	d->on_path = true;
	d->in_rows = d->found = d->sure = d->guessed = false;
	d->model_len = 0;
	d->row_end = NOWHERE;
	d->look = (struct look){ 0 };
}

size_t sl_documents_used(struct sl_documents *d)
{
	size_t used = d->at;
	d->passed += used;
	d->at = 0;
	d->row_end = NOWHERE; /* the bytes before the next row are not all there */
	return used;
}

uint64_t sl_documents_line(const struct sl_documents *d)
{
	return d->line;
}

/* ---- places ---- */

static uint64_t count_breaks(const char *text, size_t len)
{
	uint64_t n = 0;
	const char *end = text + len, *at = text;
	while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL)
		at++, n++;
	return n;
}

/* Advances by n bytes. Returns how many lines end in them. */
static uint64_t pass(struct sl_documents *d, size_t n)
{
	uint64_t breaks = count_breaks(d->text + d->at, n);
	d->line += breaks;
	d->at += n;
	return breaks;
}

static int complain(struct sl_documents *d, const char *what, struct sl_error *err)
{
	sl_fail(err, SL_ROW_MALFORMED, 0, "%s", what);
	sl_error_number(err, SL_D_LINE, (int64_t)d->line);
	return sl_error_number(err, SL_D_OFFSET, (int64_t)(d->passed + d->at));
}

static int complain_of_pointer(struct sl_documents *d, const char *what, struct sl_error *err)
{
	char text[256], quoted[128];
	sl_quote(quoted, sizeof quoted, d->pointer, strlen(d->pointer));
	snprintf(text, sizeof text, "--at \"%s\": %s", quoted, what);
	complain(d, text, err);
	return sl_error_text(err, SL_D_OPTION, "--at", 4);
}

/* ---- where a value ends ---- */

static bool is_open(char c)
{
	return c == '{' || c == '[';
}

/* Returns the offset after the bracket that closes the first one, or NOWHERE. */
static size_t brackets_end(struct look *l, struct block *b, uint64_t valid)
{
	if (l->escaped || b->escapes != 0)
		drop_escaped_quotes(b, &l->escaped);
	uint64_t in_string = parity(b->quotes & valid) ^ l->string;
	uint64_t brackets = (b->open | b->close) & ~in_string & valid;
	l->string = (uint64_t)0 - (in_string >> 63);
	for (; brackets != 0; brackets &= brackets - 1) {
		if (brackets & -brackets & b->open)
			l->depth++;
		else if (--l->depth == 0)
			return (size_t)__builtin_ctzll(brackets) + 1;
	}
	return NOWHERE;
}

static size_t container_end(struct look *l, const char *text, size_t len)
{
	struct block b;
	while (len - l->at >= 64) {
		classify(&b, text + l->at);
		size_t end = brackets_end(l, &b, ~UINT64_C(0));
		if (end != NOWHERE)
			return l->at + end;
		l->at += 64;
	}
	if (len == l->at)
		return NOWHERE;
	struct look rest = *l; /* a copy: these bytes are scanned again with the ones that follow */
	classify(&b, text + l->at);
	size_t end = brackets_end(&rest, &b, (UINT64_C(1) << (len - l->at)) - 1);
	return end != NOWHERE ? l->at + end : NOWHERE;
}

static size_t string_end(struct look *l, const char *text, size_t len)
{
	if (l->at == 0)
		l->at = 1;
	for (const char *quote; l->at < len; l->at++) {
		quote = memchr(text + l->at, '"', len - l->at);
		l->at = quote != NULL ? (size_t)(quote - text) : len;
		size_t backslashes = 0;
		while (l->at - backslashes > 1 && text[l->at - backslashes - 1] == '\\')
			backslashes++;
		if (quote != NULL && backslashes % 2 == 0)
			return l->at + 1;
		if (quote == NULL)
			break;
	}
	return NOWHERE;
}

/* A number, a word or anything else. */
static size_t scalar_end(struct look *l, const char *text, size_t len)
{
	if (l->at == 0)
		l->at = 1;
	while (l->at < len && (text[l->at] == '\0' || strchr(" \t\r\n,:[]{}\"", text[l->at]) == NULL))
		l->at++;
	return l->at < len ? l->at : NOWHERE;
}

/* The length of the current value, or NOWHERE if more bytes are needed. */
static size_t value_end(struct sl_documents *d)
{
	const char *text = d->text + d->at;
	size_t len = d->len - d->at, end;
	if (is_open(*text))
		end = container_end(&d->look, text, len);
	else if (*text == '"')
		end = string_end(&d->look, text, len);
	else
		end = scalar_end(&d->look, text, len);
	if (end == NOWHERE)
		return d->last ? len : NOWHERE; /* cut off: the parser will report it */
	return end;
}

static void forget_look(struct sl_documents *d)
{
	d->look = (struct look){ 0 };
}

/* ---- values ---- */

enum { MORE = 0, FOUND = 1, GO_ON = 2 }; /* and -1: broken */

static int finish_document(struct sl_documents *d, struct sl_error *err)
{
	if (d->pointer != NULL && !d->found)
		return complain_of_pointer(d, "the document that ends here has no such array", err);
	d->state = VALUE;
	d->on_path = true;
	d->found = false;
	return GO_ON;
}

static int finish_value(struct sl_documents *d, struct sl_error *err)
{
	forget_look(d);
	d->state = AFTER;
	return d->depth > 0 ? GO_ON : finish_document(d, err);
}

/* ---- rows ---- */

/* The model: from the last byte of the row before to the first byte of this one. */
static void note_model(struct sl_documents *d)
{
	if (d->sure || d->row_end == NOWHERE || !is_open(d->text[d->at]))
		return;
	const char *from = d->text + d->row_end - 1;
	size_t len = d->at + 1 - (d->row_end - 1);
	bool known = d->model_len == len && memcmp(d->model, from, len) == 0;
	if (known || len > sizeof d->model)
		return;
	d->model_len = *from == '}' || *from == ']' ? len : 0;
	memcpy(d->model, from, d->model_len);
}

/* Looks for the model again. Returns the row's length, or NOWHERE. */
static size_t guess(const struct sl_documents *d)
{
	const char *text = d->text + d->at, *end = d->text + d->len, *at = text;
	if (d->sure || d->model_len == 0 || d->look.at > 0 || *text != d->model[d->model_len - 1])
		return NOWHERE;
	for (int i = 0; i < TRIES; i++) {
		at = memchr(at + 1, d->model[0], (size_t)(end - at - 1));
		if (at == NULL || (size_t)(end - at) < d->model_len)
			break;
		if (memcmp(at, d->model, d->model_len) == 0)
			return (size_t)(at + 1 - text);
	}
	return NOWHERE;
}

bool sl_documents_doubt(struct sl_documents *d)
{
	if (!d->guessed)
		return false;
	d->guessed = false;
	d->sure = true;
	d->at = d->row_at;
	d->line = d->row_line;
	d->state = VALUE;
	return true;
}

static int take_row(struct sl_documents *d, struct sl_document_row *row)
{
	note_model(d);
	size_t len = guess(d);
	d->guessed = len != NOWHERE;
	if (!d->guessed)
		len = value_end(d);
	if (len == NOWHERE)
		return MORE;
	*row = (struct sl_document_row){ d->text + d->at, len, d->line, d->passed + d->at, 0 };
	d->row_at = d->at;
	d->row_line = d->line;
	row->breaks = pass(d, len);
	d->row_end = d->at;
	forget_look(d);
	d->state = d->depth > 0 ? AFTER : VALUE;
	return FOUND;
}

static int open_container(struct sl_documents *d, struct sl_error *err)
{
	bool object = d->text[d->at] == '{';
	if (d->depth == SL_JSON_DEPTH_LIMIT)
		return complain(d, "nested too deeply", err);
	forget_look(d);
	d->object[d->depth++] = object;
	d->state = object ? FIRST_NAME : FIRST_VALUE;
	d->at++;
	return GO_ON;
}

/* Validates a complete piece that is not a row. */
static int check_piece(struct sl_documents *d, size_t len, struct sl_error *err)
{
	SL_ERROR(why);
	int64_t offset = 0;
	if (sl_json_parse(d->json, d->text + d->at, len, &why) == 0)
		return 0;
	sl_error_get_number(&why, SL_D_OFFSET, &offset);
	pass(d, (size_t)offset);
	return complain(d, why.message, err);
}

static int pass_over(struct sl_documents *d, struct sl_error *err)
{
	size_t len = value_end(d);
	size_t seen = len == NOWHERE ? d->len - d->at : len;
	if (is_open(d->text[d->at]) && seen > PIECE)
		return open_container(d, err);
	if (len == NOWHERE)
		return MORE;
	if (check_piece(d, len, err) != 0)
		return -1;
	pass(d, len);
	return finish_value(d, err);
}

static int open_rows(struct sl_documents *d, struct sl_error *err)
{
	if (d->pointer != NULL && d->text[d->at] != '[')
		return complain_of_pointer(d, "expected an array there", err);
	d->in_rows = d->found = true;
	return open_container(d, err);
}

static int open_path(struct sl_documents *d, struct sl_error *err)
{
	struct step *s = &d->steps[d->path++];
	s->child = 0;
	s->seen = false;
	d->on_path = d->text[d->at] == '[' && s->may_be_index && s->index == 0;
	return open_container(d, err);
}

static int take_value(struct sl_documents *d, struct sl_document_row *row, struct sl_error *err)
{
	char c = d->text[d->at];
	if (d->in_rows)
		return take_row(d, row);
	if (d->depth > d->path || !d->on_path)
		return pass_over(d, err);
	if (d->path == d->step_count)
		return d->pointer == NULL && c != '[' ? take_row(d, row) : open_rows(d, err);
	return is_open(c) ? open_path(d, err) : pass_over(d, err);
}

/* ---- between values ---- */

static int close_container(struct sl_documents *d, struct sl_error *err)
{
	d->at++;
	d->depth--;
	d->in_rows = false; /* rows are not entered, so this is the array's bracket */
	if (d->path > d->depth)
		d->path = d->depth;
	return finish_value(d, err);
}

/* Sets on_path if the name of a child is the one that the pointer names. */
static int compare_name(struct sl_documents *d, struct sl_error *err)
{
	struct step *s = &d->steps[d->path - 1];
	size_t len;
	const char *name = sl_json_string(sl_json_root(d->json), &len);
	d->on_path = len == s->len && memcmp(name, s->name, len) == 0;
	if (d->on_path && s->seen)
		return complain_of_pointer(d, "one of its names occurs twice in an object", err);
	s->seen = s->seen || d->on_path;
	return 0;
}

static int take_name(struct sl_documents *d, struct sl_error *err)
{
	if (d->text[d->at] != '"')
		return complain(d, "expected a field name in double quotes", err);
	size_t len = value_end(d);
	if (len == NOWHERE)
		return MORE;
	if (check_piece(d, len, err) != 0 || (d->depth == d->path && compare_name(d, err) != 0))
		return -1;
	pass(d, len);
	forget_look(d);
	d->state = COLON;
	return GO_ON;
}

static int take_colon(struct sl_documents *d, struct sl_error *err)
{
	if (d->text[d->at] != ':')
		return complain(d, "expected a colon after the field name", err);
	d->at++;
	d->state = VALUE;
	return GO_ON;
}

/* After a comma. */
static int next_child(struct sl_documents *d)
{
	bool object = d->object[d->depth - 1];
	d->at++;
	d->state = object ? NAME : VALUE;
	if (!object && d->depth == d->path) {
		struct step *s = &d->steps[d->path - 1];
		d->on_path = ++s->child == s->index && s->may_be_index;
	}
	return GO_ON;
}

static int after_value(struct sl_documents *d, struct sl_error *err)
{
	bool object = d->object[d->depth - 1];
	char c = d->text[d->at];
	if (c == ',')
		return next_child(d);
	if (c == (object ? '}' : ']'))
		return close_container(d, err);
	return complain(d, object ? "expected a comma or }" : "expected a comma or ]", err);
}

static int step(struct sl_documents *d, struct sl_document_row *row, struct sl_error *err)
{
	char c = d->text[d->at];
	switch (d->state) {
	case FIRST_VALUE: return c == ']' ? close_container(d, err) : take_value(d, row, err);
	case VALUE: return take_value(d, row, err);
	case FIRST_NAME: return c == '}' ? close_container(d, err) : take_name(d, err);
	case NAME: return take_name(d, err);
	case COLON: return take_colon(d, err);
	default: return after_value(d, err);
	}
}

/* Returns false at the end of the bytes. */
static bool skip_space(struct sl_documents *d)
{
	for (; d->at < d->len; d->at++) {
		char c = d->text[d->at];
		if (c == '\n')
			d->line++;
		else if (c != ' ' && c != '\t' && c != '\r')
			return true;
	}
	return false;
}

int sl_documents_next(struct sl_documents *d, const char *text, size_t len, bool last,
                      struct sl_document_row *row, struct sl_error *err)
{
	int rc = GO_ON;
	d->text = text;
	d->len = len;
	d->last = last;
	while (rc == GO_ON && skip_space(d))
		rc = step(d, row, err);
	if (rc != GO_ON)
		return rc;
	if (!last || d->depth == 0)
		return MORE;
	return complain(d, d->object[d->depth - 1] ? "the text ends inside an object"
	                                           : "the text ends inside an array", err);
}
