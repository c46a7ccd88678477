/* simd.cpp - see simd.h. Throws no exceptions: it is built with -fno-exceptions, and
 * allocation is nothrow. */
#include "json/simd.h"

#include <charconv>
#include <cmath>
#include <new>

#include <simdjson.h>

#include "json/json.h"

static_assert(SL_JSON_PADDING >= simdjson::SIMDJSON_PADDING, "simdjson reads further");
static_assert(SL_JSON_DEPTH_LIMIT >= SL_SIMD_DEPTH, "simdjson nests deeper");

/* What simdjson allocates for a text of n bytes: tape, strings, structurals. */
static constexpr size_t bytes_per_text_byte = 8 + 2 + 4;

/* The tape and counts are 32 bits wide: leave room below 4 GiB. */
static constexpr size_t longest_text = 0xFFFF0000u;

static constexpr size_t smallest_capacity = 4096;

struct sl_simd {
	simdjson::dom::parser parser;
	simdjson::dom::document document;
	size_t capacity = 0; /* bytes of text */
};

/* Left alone, simdjson would reallocate for each text slightly longer than the
 * longest so far. */
static bool set_capacity(struct sl_simd *s, size_t capacity)
{
	s->capacity = 0;
	if (s->document.allocate(capacity) != simdjson::SUCCESS ||
	    s->parser.allocate(capacity, SL_SIMD_DEPTH) != simdjson::SUCCESS)
		return false;
	s->capacity = capacity;
	return true;
}

static bool grow(struct sl_simd *s, size_t len)
{
	if (len > longest_text)
		return false;
	size_t capacity = s->capacity + s->capacity / 2;
	if (capacity > longest_text)
		capacity = longest_text;
	if (capacity < smallest_capacity)
		capacity = smallest_capacity;
	return set_capacity(s, capacity < len ? len : capacity);
}

struct sl_simd *sl_simd_new(void)
{
	return new (std::nothrow) sl_simd;
}

void sl_simd_free(struct sl_simd *s)
{
	delete s;
}

bool sl_simd_parse(struct sl_simd *s, const char *text, size_t len,
                   const uint64_t **tape, const uint8_t **strings)
{
	if (len > s->capacity && !grow(s, len))
		return false;
	if (s->parser.parse_into_document(s->document, text, len, false).error())
		return false;
	*tape = s->document.tape.get();
	*strings = s->document.string_buf.get();
	return true;
}

size_t sl_simd_memory(const struct sl_simd *s)
{
	return s->capacity * bytes_per_text_byte;
}

bool sl_simd_trim(struct sl_simd *s, size_t keep)
{
	size_t capacity = keep / bytes_per_text_byte;
	if (capacity < smallest_capacity)
		capacity = smallest_capacity;
	if (s->capacity <= capacity)
		return false;
	set_capacity(s, capacity); /* failing to shrink leaves nothing, which is fine */
	return true;
}

size_t sl_simd_print_exactly(double value, char out[SL_EXACT_ROOM])
{
	/* A double has at most 767 significant digits. */
	return static_cast<size_t>(
		std::to_chars(out, out + SL_EXACT_ROOM, value, std::chars_format::scientific, 766).ptr - out);
}

bool sl_simd_read_double(const char *text, size_t len, double *out)
{
	return std::from_chars(text, text + len, *out).ec == std::errc();
}

size_t sl_json_print_float(double value, char out[SL_JSON_FLOAT_ROOM])
{
	/* 1000000.0 rather than 1e+06, because people read these. */
	double size = std::fabs(value);
	bool plain = value == 0 || (size >= 1e-5 && size < 1e15);
	auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
	char *end = std::to_chars(out, out + SL_JSON_FLOAT_ROOM, value, format).ptr;
	bool marked = false;
	for (const char *p = out; p < end; p++)
		marked = marked || *p == '.' || *p == 'e';
	if (!marked) {
		*end++ = '.';
		*end++ = '0';
	}
	return static_cast<size_t>(end - out);
}
