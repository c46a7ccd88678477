/* redact_row.c - see redact_row.h */
#include "host/redact_row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "json/pointer.h"
#include "json/string.h"

/* Rows whose names are compared with a token that was not found. */
#define LOOKED_AT 100

/* A set of pointers: bits. */
typedef uint64_t set;

/* At a value: pointers whose tokens lead here so far, and pointers that ended here or further up. */
struct place {
	size_t depth;
	set alive, inside;
};

struct walk {
	struct sl_redaction *r;
	char *at, *end;
	bool failed;
};

static void redact_value(struct walk *w, struct place p);

/* ---- the text, which is valid ---- */

static char skip_space(struct walk *w)
{
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\t' || *w->at == '\n' || *w->at == '\r'))
		w->at++;
	return w->at < w->end ? *w->at : '\0';
}

/* Takes the text between the quotes, and goes on after the string. */
static struct sl_text take_string(struct walk *w)
{
	char *from = ++w->at;
	while (w->at < w->end && *w->at != '"')
		w->at += *w->at == '\\' && w->end - w->at > 1 ? 2 : 1;
	struct sl_text t = { from, (size_t)(w->at - from) };
	if (w->at < w->end)
		w->at++;
	return t;
}

static void skip_scalar(struct walk *w)
{
	while (w->at < w->end && *w->at != ',' && *w->at != ']' && *w->at != '}')
		w->at++;
}

/* ---- pointers ---- */

/* Pointers that end at this depth are inside from here on. */
static struct place arrive(const struct sl_redaction *r, struct place p)
{
	for (size_t i = 0; i < r->count; i++)
		if ((p.alive >> i & 1) && r->pointers[i].count == p.depth) {
			p.inside |= (set)1 << i;
			p.alive &= ~((set)1 << i);
		}
	return p;
}

static void count_hit(struct sl_redaction *r, set inside, bool is_string)
{
	*(is_string ? &r->strings : &r->others) += 1;
	for (size_t i = 0; i < r->count; i++)
		if (inside >> i & 1)
			*(is_string ? &r->pointers[i].strings : &r->pointers[i].others) += 1;
}

/* A field that was found instead of the one that this pointer names. */
static void remember_near(struct sl_redact_pointer *p, size_t depth, struct sl_text name)
{
	if (p->missed == p->count || depth > p->missed) {
		p->missed = depth;
		sl_nearest_begin(&p->nearest, p->tokens[depth]);
	}
	if (depth < p->missed || name.len > sizeof p->near_name)
		return;
	sl_nearest_offer(&p->nearest, name);
	if (p->nearest.best.bytes == name.bytes) {
		memcpy(p->near_name, name.bytes, name.len);
		p->nearest.best = (struct sl_text){ p->near_name, name.len };
	}
}

static struct place at_field(struct sl_redaction *r, struct place p, struct sl_text name)
{
	struct place inner = { p.depth + 1, 0, p.inside };
	for (size_t i = 0; p.alive >> i != 0 && i < r->count; i++) {
		struct sl_redact_pointer *pointer = &r->pointers[i];
		if (!(p.alive >> i & 1))
			continue;
		if (sl_text_equal(pointer->tokens[p.depth], name))
			inner.alive |= (set)1 << i;
		else if (pointer->strings == 0 && r->rows <= LOOKED_AT)
			remember_near(pointer, p.depth, name);
	}
	return inner;
}

static struct place at_index(const struct sl_redaction *r, struct place p, size_t index)
{
	size_t wanted;
	struct place inner = { p.depth + 1, 0, p.inside };
	for (size_t i = 0; p.alive >> i != 0 && i < r->count; i++) {
		struct sl_text token = (p.alive >> i & 1) ? r->pointers[i].tokens[p.depth] : (struct sl_text){ 0 };
		if (token.len > 0 && sl_pointer_index(token.bytes, token.bytes + token.len, &wanted) && wanted == index)
			inner.alive |= (set)1 << i;
	}
	return inner;
}

/* ---- values ---- */

static void redact_object(struct walk *w, struct place p)
{
	w->at++;
	while (!w->failed && skip_space(w) == '"') {
		struct sl_text name = take_string(w);
		if (p.alive != 0 && (name.bytes = sl_json_unescaped(&w->r->name, name.bytes, &name.len)) == NULL) {
			w->failed = true;
			return;
		}
		struct place inner = at_field(w->r, p, name);
		skip_space(w);
		w->at++; /* the colon */
		redact_value(w, inner);
		if (skip_space(w) == ',')
			w->at++;
	}
	w->at++;
}

static void redact_array(struct walk *w, struct place p)
{
	w->at++;
	for (size_t i = 0; !w->failed && w->at < w->end && skip_space(w) != ']'; i++) {
		redact_value(w, at_index(w->r, p, i));
		if (skip_space(w) == ',')
			w->at++;
	}
	w->at++;
}

static void redact_value(struct walk *w, struct place p)
{
	p = arrive(w->r, p);
	char first = skip_space(w);
	if (first == '{') {
		redact_object(w, p);
	} else if (first == '[') {
		redact_array(w, p);
	} else if (first == '"') {
		struct sl_text t = take_string(w);
		if (p.inside != 0) {
			count_hit(w->r, p.inside, true);
			w->failed |= sl_redact_string(&w->r->redactor, (char *)t.bytes, t.len) != 0;
		}
	} else {
		skip_scalar(w);
		if (p.inside != 0)
			count_hit(w->r, p.inside, false);
	}
}

int sl_redact_row(struct sl_redaction *r, char *json, size_t len)
{
	struct walk w = { r, json, json + len, false };
	r->rows++;
	struct place root = { 0, r->count < SL_REDACT_POINTERS ? ((set)1 << r->count) - 1 : ~(set)0, 0 };
	redact_value(&w, root);
	return w.failed ? -1 : 0;
}

/* ---- the pointers ---- */

static int no_memory(struct sl_error *err)
{
	return sl_fail(err, SL_SINK, ENOMEM, "no memory to redact rows");
}

/* Puts the unescaped tokens at `to`; returns where the next pointer's begin. */
static char *split(struct sl_redact_pointer *p, char *to)
{
	const char *end = p->text.bytes + p->text.len;
	for (const char *at = p->text.bytes; at < end; p->count++) {
		struct sl_text *token = &p->tokens[p->count];
		token->bytes = to;
		for (at++; at < end && *at != '/'; at++)
			*to++ = *at != '~' ? *at : *++at == '0' ? '~' : '/';
		token->len = (size_t)(to - token->bytes);
	}
	return to;
}

static int read_pointer(struct sl_redact_pointer *p, struct sl_text text, char **names, struct sl_error *err)
{
	char shown[96];
	p->text = text;
	if (!sl_pointer_is_valid(text.bytes, text.bytes + text.len))
		return sl_fail(err, SL_USAGE, 0, "--redact: %s is not a JSON Pointer such as \"/user/name\"",
		               sl_quote(shown, sizeof shown, text.bytes, text.len));
	p->tokens = malloc((text.len + 1) * sizeof *p->tokens);
	if (p->tokens == NULL)
		return no_memory(err);
	*names = split(p, *names);
	p->missed = p->count;
	return 0;
}

int sl_redaction_init(struct sl_redaction *r, const struct sl_text *pointers, size_t count, struct sl_error *err)
{
	size_t room = 1;
	*r = (struct sl_redaction){ 0 };
	if (count > SL_REDACT_POINTERS)
		return sl_fail(err, SL_USAGE, 0, "--redact: expected at most %d pointers, got %zu; a pointer to an "
		               "object covers all strings in it", SL_REDACT_POINTERS, count);
	for (size_t i = 0; i < count; i++)
		room += pointers[i].len;
	r->pointers = calloc(count, sizeof *r->pointers);
	char *names = sl_buffer_room(&r->names, room);
	if (r->pointers == NULL || names == NULL)
		return no_memory(err);
	for (r->count = 0; r->count < count;) {
		struct sl_redact_pointer *p = &r->pointers[r->count++];
		if (read_pointer(p, pointers[r->count - 1], &names, err) != 0)
			return -1;
	}
	return sl_redactor_init(&r->redactor, err);
}

void sl_redaction_clear(struct sl_redaction *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->pointers[i].tokens);
	free(r->pointers);
	sl_buffer_clear(&r->names);
	sl_buffer_clear(&r->name);
	sl_redactor_clear(&r->redactor);
	r->pointers = NULL;
	r->count = 0;
}

int sl_redaction_check(const struct sl_redaction *r, struct sl_error *err)
{
	char shown[96], hint[SL_NEAREST_HINT] = "";
	for (size_t i = 0; r->rows > 0 && i < r->count; i++) {
		const struct sl_redact_pointer *p = &r->pointers[i];
		if (p->strings > 0)
			continue;
		sl_quote(shown, sizeof shown, p->text.bytes, p->text.len);
		if (p->others > 0)
			return sl_fail(err, SL_USAGE, 0, "--redact %s: no row that was kept has a string there, but %" PRIu64
			               " other values would remain; leave the pointer out if they may", shown, p->others);
		if (p->missed < p->count)
			sl_nearest_hint(&p->nearest, hint);
		return sl_fail(err, SL_USAGE, 0, "--redact %s: no row that was kept has a string there%s", shown, hint);
	}
	return 0;
}
