/* walk.c - see json.h: walking a document and looking things up in it */
#include "json/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json/document.h"
#include "json/pointer.h"

const unsigned char sl_tape_words[256] = {
	['n'] = 1, ['t'] = 1, ['f'] = 1, ['"'] = 1, ['l'] = 2, ['u'] = 2, ['d'] = 2, ['b'] = 2,
};

static struct sl_json_value value_at(const struct sl_json *j, size_t at)
{
	return (struct sl_json_value){ j, at };
}

static uint64_t word(struct sl_json_value v)
{
	return v.json->tape[v.at];
}

static char letter(struct sl_json_value v)
{
	return sl_tape_type(word(v));
}

/* ---- values ---- */

struct sl_json_value sl_json_root(const struct sl_json *j)
{
	return value_at(j, 1);
}

enum sl_json_type sl_json_type(struct sl_json_value v)
{
	switch (letter(v)) {
	case '"':
		return SL_JSON_STRING;
	case 'l':
		return SL_JSON_INTEGER;
	case 'd':
		return SL_JSON_FLOAT;
	case 'u':
	case 'b':
		return SL_JSON_DECIMAL;
	case 't':
	case 'f':
		return SL_JSON_BOOLEAN;
	case '[':
		return SL_JSON_ARRAY;
	case '{':
		return SL_JSON_OBJECT;
	default:
		return SL_JSON_NULL;
	}
}

const char *sl_json_type_name(enum sl_json_type t)
{
	static const char *const names[] = {
		[SL_JSON_NULL] = "null",       [SL_JSON_BOOLEAN] = "boolean",
		[SL_JSON_INTEGER] = "integer", [SL_JSON_FLOAT] = "float",
		[SL_JSON_DECIMAL] = "decimal", [SL_JSON_STRING] = "string",
		[SL_JSON_ARRAY] = "array",     [SL_JSON_OBJECT] = "object",
	};
	return names[t];
}

bool sl_json_boolean(struct sl_json_value v)
{
	assert(sl_json_type(v) == SL_JSON_BOOLEAN);
	return letter(v) == 't';
}

int64_t sl_json_integer(struct sl_json_value v)
{
	assert(sl_json_type(v) == SL_JSON_INTEGER);
	return (int64_t)v.json->tape[v.at + 1];
}

double sl_json_float(struct sl_json_value v)
{
	assert(sl_json_type(v) == SL_JSON_FLOAT || sl_json_type(v) == SL_JSON_DECIMAL);
	if (letter(v) == 'u')
		return (double)v.json->tape[v.at + 1];
	double value;
	memcpy(&value, &v.json->tape[v.at + 1], sizeof value);
	return value;
}

const char *sl_json_decimal(struct sl_json_value v, char room[SL_JSON_DECIMAL_ROOM], size_t *len)
{
	assert(sl_json_type(v) == SL_JSON_DECIMAL);
	if (letter(v) == 'b')
		return sl_tape_string(v.json, v.at, len);
	*len = (size_t)snprintf(room, SL_JSON_DECIMAL_ROOM, "%" PRIu64, v.json->tape[v.at + 1]);
	return room;
}

const char *sl_json_string(struct sl_json_value v, size_t *len)
{
	assert(sl_json_type(v) == SL_JSON_STRING);
	return sl_tape_string(v.json, v.at, len);
}

int sl_json_name(struct sl_json_value v, char room[SL_JSON_NAME_ROOM], const char **name, size_t *len)
{
	switch (sl_json_type(v)) {
	case SL_JSON_NULL:
		return 0;
	case SL_JSON_STRING:
		*name = sl_json_string(v, len);
		return 1;
	case SL_JSON_INTEGER:
		*len = (size_t)snprintf(room, SL_JSON_NAME_ROOM, "%" PRId64, sl_json_integer(v));
		*name = room;
		return 1;
	case SL_JSON_BOOLEAN:
		*name = sl_json_boolean(v) ? "true" : "false";
		*len = strlen(*name);
		return 1;
	default:
		return -1;
	}
}

/* simdjson declines lone surrogates. */
bool sl_json_is_unicode(struct sl_json_value v)
{
	return v.json->tape != v.json->slow.tape;
}

/* ---- children ---- */

struct sl_json_iter sl_json_children(struct sl_json_value container)
{
	bool object = letter(container) == '{';
	assert(object || letter(container) == '[');
	return (struct sl_json_iter){ .next = value_at(container.json, container.at + 1),
		                      .end = (uint32_t)word(container) - 1,
		                      .object = object };
}

bool sl_json_next(struct sl_json_iter *it, const char **key, size_t *key_len,
                  struct sl_json_value *value)
{
	if (it->next.at == it->end)
		return false;
	if (it->object) {
		size_t len;
		const char *name = sl_tape_string(it->next.json, it->next.at, &len);
		if (key != NULL)
			*key = name;
		if (key_len != NULL)
			*key_len = len;
		it->next.at++;
	}
	*value = it->next;
	it->next.at = sl_tape_after(it->next.json->tape, it->next.at);
	return true;
}

/* The tape's own count saturates; beyond that, a walk is needed. */
size_t sl_json_count(struct sl_json_value container)
{
	size_t count = (word(container) >> 32) & SL_TAPE_COUNT_MAX;
	if (count < SL_TAPE_COUNT_MAX)
		return count;
	struct sl_json_iter it = sl_json_children(container);
	struct sl_json_value value;
	for (count = 0; sl_json_next(&it, NULL, NULL, &value);)
		count++;
	return count;
}

/* ---- look-up ---- */

/* Most names of one length differ in their first byte, which saves the call. */
static bool same_name(const char *a, const char *b, size_t len)
{
	return len == 0 || (a[0] == b[0] && memcmp(a, b, len) == 0);
}

/* Looks at all fields, because the last one with this name wins. */
bool sl_json_field(struct sl_json_value v, const char *name, size_t len,
                   struct sl_json_value *out)
{
	const uint64_t *tape = v.json->tape;
	if (letter(v) != '{')
		return false;
	size_t end = (uint32_t)tape[v.at] - 1, found = 0, key_len;
	for (size_t at = v.at + 1; at < end; at = sl_tape_after(tape, at + 1)) {
		const char *key = sl_tape_string(v.json, at, &key_len);
		if (key_len == len && same_name(key, name, len))
			found = at + 1;
	}
	if (found == 0)
		return false;
	*out = value_at(v.json, found);
	return true;
}

/* Does a token of a pointer, with its escapes, mean this key? */
static bool token_is(const char *token, const char *end, const char *key, size_t len)
{
	const char *key_end = key + len;
	for (; token < end && key < key_end; token++, key++) {
		char c = *token;
		if (c == '~')
			c = *++token == '0' ? '~' : '/';
		if (c != *key)
			return false;
	}
	return token == end && key == key_end;
}

static bool token_field(struct sl_json_value v, const char *token, const char *end,
                        struct sl_json_value *out)
{
	if (memchr(token, '~', (size_t)(end - token)) == NULL)
		return sl_json_field(v, token, (size_t)(end - token), out);
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value value;
	const char *key = "";
	size_t len = 0;
	bool found = false;
	while (sl_json_next(&it, &key, &len, &value))
		if (token_is(token, end, key, len)) {
			*out = value;
			found = true;
		}
	return found;
}

static bool token_element(struct sl_json_value v, const char *token, const char *end,
                          struct sl_json_value *out)
{
	struct sl_json_iter it = sl_json_children(v);
	size_t index;
	if (!sl_pointer_index(token, end, &index))
		return false;
	while (sl_json_next(&it, NULL, NULL, out))
		if (index-- == 0)
			return true;
	return false;
}

static bool step(struct sl_json_value *v, const char *token, const char *end)
{
	switch (letter(*v)) {
	case '{':
		return token_field(*v, token, end, v);
	case '[':
		return token_element(*v, token, end, v);
	default:
		return false;
	}
}

int sl_json_pointer(struct sl_json_value v, const char *pointer, size_t len,
                    struct sl_json_value *out)
{
	const char *p = pointer, *end = pointer + len;
	if (!sl_pointer_is_valid(p, end))
		return -1;
	while (p < end) {
		const char *token = p + 1, *slash = memchr(token, '/', (size_t)(end - token));
		p = slash != NULL ? slash : end;
		if (!step(&v, token, p))
			return 0;
	}
	*out = v;
	return 1;
}
