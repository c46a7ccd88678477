/*
 * documents_fuzz.c - any documents, cut anywhere, yield the same rows
 *
 * The bytes are read at once and in pieces whose sizes come from the input, with the
 * same rows, places and end. If the parser accepts them as one array, the rows are
 * exactly its elements.
 */
#include "base/buffer.h"
#include "fuzz/check.h"
#include "json/documents.h"
#include "json/json.h"

#define MOST 4096

struct seen {
	size_t count;
	struct { uint64_t offset, line; size_t len; } rows[MOST];
	bool bad; /* the last one is not JSON */
	int end; /* 0 or -1 */
	int64_t line, offset;
};

/* Provides exactly the promised bytes, so that a read beyond them is detected. */
static int rows_of(struct seen *seen, struct sl_documents *d, struct sl_buffer *b, bool last,
                   struct sl_error *err)
{
	struct sl_document_row row;
	size_t len = sl_buffer_len(b), used;
	char *copy = malloc(len + SL_JSON_PADDING);
	struct sl_json *j = sl_json_new();
	int rc;
	CHECK(copy != NULL && j != NULL);
	if (len > 0)
		memcpy(copy, sl_buffer_data(b), len);
	memset(copy + len, '}', SL_JSON_PADDING);
	while ((rc = sl_documents_next(d, copy, len, last, &row, err)) > 0 && seen->count < MOST) {
		CHECK(row.len > 0 && row.text >= copy && row.text + row.len <= copy + len);
		bool good = sl_json_parse(j, row.text, row.len, NULL) == 0;
		if (!good && sl_documents_doubt(d))
			continue;
		seen->bad = !good;
		seen->rows[seen->count].offset = row.offset;
		seen->rows[seen->count].line = row.line;
		seen->rows[seen->count++].len = row.len;
		if (!good)
			break; /* as the real reader does */
	}
	sl_json_free(j);
	used = sl_documents_used(d);
	CHECK(used <= len);
	sl_buffer_consume(b, used);
	free(copy);
	return seen->bad ? 0 : rc;
}

static void read_in_pieces(struct seen *seen, const char *pointer, struct input sizes,
                           const char *text, size_t len, bool whole)
{
	struct sl_buffer b = { 0 };
	struct sl_error err;
	sl_error_clear(&err);
	struct sl_documents *d = sl_documents_new(pointer, &err);
	CHECK(d != NULL && sl_buffer_append(&b, "", 0) == 0);
	sl_documents_begin(d, 0);
	memset(seen, 0, sizeof *seen);
	while (len > 0 && seen->end == 0 && !seen->bad) {
		size_t size = whole ? len : 1 + take_byte(&sizes) % 80;
		size = size < len ? size : len;
		CHECK(sl_buffer_append(&b, text, size) == 0);
		seen->end = rows_of(seen, d, &b, false, &err);
		text += size;
		len -= size;
	}
	if (seen->end == 0 && !seen->bad)
		seen->end = rows_of(seen, d, &b, true, &err);
	sl_error_get_number(&err, SL_D_LINE, &seen->line);
	sl_error_get_number(&err, SL_D_OFFSET, &seen->offset);
	sl_documents_free(d);
	sl_buffer_clear(&b);
}

static void same(const struct seen *a, const struct seen *b)
{
	CHECK(a->count == b->count && a->end == b->end && a->bad == b->bad);
	CHECK(a->line == b->line && a->offset == b->offset);
	for (size_t i = 0; i < a->count; i++) {
		CHECK(a->rows[i].offset == b->rows[i].offset && a->rows[i].line == b->rows[i].line);
		CHECK(a->rows[i].len == b->rows[i].len);
	}
}

static void compare_to_parser(const struct seen *seen, const char *text, size_t len)
{
	struct sl_json *j = sl_json_new();
	CHECK(j != NULL);
	if (sl_json_parse_copy(j, text, len, NULL) == 0) {
		struct sl_json_value root = sl_json_root(j);
		bool array = sl_json_type(root) == SL_JSON_ARRAY;
		CHECK(seen->end == 0 && seen->count == (array ? sl_json_count(root) : 1));
	}
	sl_json_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const pointers[] = { NULL, "/a", "", "/a/0", "/1/b" };
	static struct seen whole, pieces;
	struct input in = { data, size };
	size_t len, n;
	const char *pointer = pointers[take_byte(&in) % 5];
	struct input sizes = { (const uint8_t *)take_bytes(&in, 8, &n), 0 };
	sizes.left = n;
	const char *text = take_bytes(&in, in.left, &len);
	read_in_pieces(&whole, pointer, sizes, text, len, true);
	read_in_pieces(&pieces, pointer, sizes, text, len, false);
	if (whole.count == MOST || pieces.count == MOST)
		return 0;
	same(&whole, &pieces);
	if (pointer == NULL)
		compare_to_parser(&whole, text, len);
	return 0;
}
