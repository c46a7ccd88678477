/* Exports emit a good row, then the envelope that their name describes, then another row. */
#include <stdlib.h>
#include <string.h>

#include <sluice/library.h>

static uint8_t row(uint64_t handle, sluice_callback emit)
{
	static const char text[] = "{\"stream\":\"rows\",\"payload\":\"good\"}";
	return emit(handle, text, sizeof text - 1);
}

static uint8_t emit_between(const char *text, size_t len, uint64_t handle, sluice_callback emit)
{
	row(handle, emit);
	emit(handle, text, len);
	row(handle, emit);
	return 0;
}

/* The request's text is the envelope. */
static uint8_t given(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	return emit_between(request, len, handle, emit);
}

static uint8_t trailing_bytes(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	static const char text[] = "{\"stream\":\"rows\",\"payload\":1} 2";
	(void)request, (void)len;
	return emit_between(text, sizeof text - 1, handle, emit);
}

static uint8_t invalid_utf8(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	static const char text[] = "{\"stream\":\"rows\",\"payload\":\"\xff\"}";
	(void)request, (void)len;
	return emit_between(text, sizeof text - 1, handle, emit);
}

static uint8_t empty(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	(void)request, (void)len;
	return emit_between("", 0, handle, emit);
}

/* Emits as many bytes of payload as the request says. */
static uint8_t large(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	static const char head[] = "{\"stream\":\"rows\",\"payload\":";
	size_t size = (size_t)atol(request), at = sizeof head - 1;
	char *text = malloc(at + size + 1);
	(void)len;
	if (text == NULL)
		return 1;
	memcpy(text, head, at);
	memset(text + at, '1', size);
	text[at + size] = '}';
	emit_between(text, at + size + 1, handle, emit);
	free(text);
	return 0;
}

static const struct sluice_library_export exports[] = {
	{ "given", given }, { "trailing_bytes", trailing_bytes }, { "invalid_utf8", invalid_utf8 },
	{ "empty", empty }, { "large", large },
};

SLUICE_LIBRARY_SYMBOL = { SLUICE_LIBRARY_ABI, "bad_envelopes", "1.0", exports, 5 };
