/*
 * json_fuzz.c - any bytes: both readers agree, and so do walking and look-up
 *
 * The text is read by the room as its users call it, and by its slow reader
 * alone. Both accept it or both refuse it; if they accept, the documents are equal.
 * Every child that a walk finds is also found by name and by JSON Pointer.
 */
#include "fuzz/check.h"
#include "json/document.h"
#include "json/json.h"

static void same(struct sl_json_value a, struct sl_json_value b);

static void same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	CHECK(a_len == b_len);
	CHECK(a_len == 0 || memcmp(a, b, a_len) == 0);
}

static void same_children(struct sl_json_value a, struct sl_json_value b)
{
	struct sl_json_iter i = sl_json_children(a), j = sl_json_children(b);
	struct sl_json_value x, y;
	const char *k = NULL, *l = NULL;
	size_t k_len = 0, l_len = 0, count = 0;
	while (sl_json_next(&i, &k, &k_len, &x)) {
		CHECK(sl_json_next(&j, &l, &l_len, &y));
		same_text(k, k_len, l, l_len);
		same(x, y);
		count++;
	}
	CHECK(!sl_json_next(&j, NULL, NULL, &y));
	CHECK(count == sl_json_count(a) && count == sl_json_count(b));
}

static void same_string(struct sl_json_value a, struct sl_json_value b)
{
	size_t a_len, b_len;
	const char *s = sl_json_string(a, &a_len), *t = sl_json_string(b, &b_len);
	same_text(s, a_len, t, b_len);
}

static void same_digits(struct sl_json_value a, struct sl_json_value b)
{
	char room[2][SL_JSON_DECIMAL_ROOM];
	size_t a_len, b_len;
	const char *s = sl_json_decimal(a, room[0], &a_len), *t = sl_json_decimal(b, room[1], &b_len);
	same_text(s, a_len, t, b_len);
}

static void same(struct sl_json_value a, struct sl_json_value b)
{
	CHECK(sl_json_type(a) == sl_json_type(b));
	switch (sl_json_type(a)) {
	case SL_JSON_NULL:
		break;
	case SL_JSON_BOOLEAN:
		CHECK(sl_json_boolean(a) == sl_json_boolean(b));
		break;
	case SL_JSON_INTEGER:
		CHECK(sl_json_integer(a) == sl_json_integer(b));
		break;
	case SL_JSON_DECIMAL:
		same_digits(a, b);
		break;
	case SL_JSON_FLOAT: {
		double x = sl_json_float(a), y = sl_json_float(b);
		CHECK(memcmp(&x, &y, sizeof x) == 0);
		break;
	}
	case SL_JSON_STRING:
		same_string(a, b);
		break;
	case SL_JSON_ARRAY:
	case SL_JSON_OBJECT:
		same_children(a, b);
	}
}

/* ---- look-ups ---- */

/* The last child of this name, by walking. */
static struct sl_json_value last_named(struct sl_json_value object, const char *name, size_t len)
{
	struct sl_json_iter it = sl_json_children(object);
	struct sl_json_value v, found = object;
	const char *key;
	size_t key_len;
	while (sl_json_next(&it, &key, &key_len, &v))
		if (key_len == len && memcmp(key, name, len) == 0)
			found = v;
	return found;
}

/* Writes "/" and the name with ~ and / escaped to out; returns the length. */
static size_t pointer_to(char *out, const char *name, size_t len)
{
	size_t n = 0;
	out[n++] = '/';
	for (size_t i = 0; i < len; i++) {
		bool escape = name[i] == '~' || name[i] == '/';
		out[n++] = escape ? '~' : name[i];
		if (escape)
			out[n++] = name[i] == '~' ? '0' : '1';
	}
	return n;
}

static void find_named(struct sl_json_value object, const char *name, size_t len)
{
	struct sl_json_value walked = last_named(object, name, len), found;
	char *pointer = malloc(2 * len + 1);
	CHECK(pointer != NULL);
	CHECK(sl_json_field(object, name, len, &found) && found.at == walked.at);
	CHECK(sl_json_pointer(object, pointer, pointer_to(pointer, name, len), &found) == 1);
	CHECK(found.at == walked.at);
	free(pointer);
}

static void find_numbered(struct sl_json_value array, size_t i, struct sl_json_value walked)
{
	struct sl_json_value found;
	char pointer[32];
	int n = snprintf(pointer, sizeof pointer, "/%zu", i);
	CHECK(sl_json_pointer(array, pointer, (size_t)n, &found) == 1 && found.at == walked.at);
}

/* Only so many children that looking up each stays cheap. */
static void find_all(struct sl_json_value v)
{
	enum { MOST = 64 };
	enum sl_json_type type = sl_json_type(v);
	if (type != SL_JSON_ARRAY && type != SL_JSON_OBJECT)
		return;
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value child;
	const char *key;
	size_t len;
	for (size_t i = 0; i < MOST && sl_json_next(&it, &key, &len, &child); i++) {
		if (type == SL_JSON_OBJECT)
			find_named(v, key, len);
		else
			find_numbered(v, i, child);
		find_all(child);
	}
}

/* The own text of each value parses to that value. */
static void check_own_texts(struct sl_json *again, struct sl_json_value v)
{
	size_t len;
	const char *text = sl_json_own_text(v, &len);
	CHECK(sl_json_parse_copy(again, text, len, NULL) == 0);
	same(v, sl_json_root(again));
	enum sl_json_type type = sl_json_type(v);
	if (type != SL_JSON_ARRAY && type != SL_JSON_OBJECT)
		return;
	struct sl_json_iter it = sl_json_children(v);
	struct sl_json_value child;
	while (sl_json_next(&it, NULL, NULL, &child))
		check_own_texts(again, child);
}

/* ---- one text ---- */

/* Provides exactly the promised bytes, so that a read beyond them is detected. */
static char *with_padding(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + SL_JSON_PADDING);
	CHECK(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	memset(copy + size, '7', SL_JSON_PADDING);
	return copy;
}

static void check_refusal(const struct sl_error *err, size_t size)
{
	int64_t offset = 0;
	CHECK(err->kind == SL_ROW_MALFORMED && err->message[0] != '\0');
	CHECK(sl_error_get_number(err, SL_D_OFFSET, &offset) && offset >= 0 && offset <= (int64_t)size);
}

/* On one line, and still the same document. */
static void check_line(struct sl_json *again, struct sl_json_value root, const char *text, size_t size)
{
	struct sl_buffer line;
	sl_buffer_init(&line);
	CHECK(sl_json_append_line(&line, text, size) == 0 && sl_buffer_len(&line) == size);
	CHECK(memchr(sl_buffer_data(&line), '\n', size) == NULL);
	CHECK(sl_json_parse_copy(again, sl_buffer_data(&line), size, NULL) == 0);
	same(root, sl_json_root(again));
	sl_buffer_clear(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_json *fast, *slow;
	struct sl_error err, slow_err;
	if (fast == NULL) {
		fast = sl_json_new();
		slow = sl_json_new();
	}
	CHECK(fast != NULL && slow != NULL);
	sl_error_clear(&err);
	sl_error_clear(&slow_err);
	char *text = with_padding(data, size);
	int rc = sl_json_parse(fast, text, size, &err);
	CHECK(rc == sl_json_parse_slowly(slow, text, size, &slow_err));
	if (rc == 0) {
		same(sl_json_root(fast), sl_json_root(slow));
		find_all(sl_json_root(fast));
		find_all(sl_json_root(slow));
		check_own_texts(slow, sl_json_root(fast));
		check_line(slow, sl_json_root(fast), text, size);
	} else {
		check_refusal(&err, size);
		check_refusal(&slow_err, size);
		CHECK(sl_json_type(sl_json_root(fast)) == SL_JSON_NULL);
	}
	free(text);
	return 0;
}
