/* guess.c - see guess.h */
#include "host/guess.h"

#include <string.h>

#include "base/text.h"

#define LOOK 512 /* bytes to look at */

/* The length of the first line, as far as it is looked at. */
static size_t seen(const struct sl_guess *g)
{
	size_t len = g->len < LOOK ? g->len : LOOK;
	const char *end = memchr(g->text, '\n', len);
	return end != NULL ? (size_t)(end - g->text) : len;
}

#define MAGIC(bytes, way) { { bytes, sizeof bytes - 1 }, way }

static const struct magic {
	struct sl_text begins;
	const char *way;
} magics[] = {
	MAGIC("\xFF\xFE", "it is UTF-16: `iconv -f UTF-16 -t UTF-8` converts it to UTF-8"),
	MAGIC("\xFE\xFF", "it is UTF-16: `iconv -f UTF-16 -t UTF-8` converts it to UTF-8"),
	MAGIC("\x28\xB5\x2F\xFD", "it is compressed: `zstdcat` decompresses it"),
	MAGIC("\xFD" "7zXZ", "it is compressed: `xzcat` decompresses it"),
	MAGIC("BZh", "it is compressed: `bzcat` decompresses it"),
	MAGIC("\x7f" "ELF", "it is a program: a worker is named after --"),
	MAGIC("#!", "it is a program: a worker is named after --"),
	MAGIC("\x1e", "it begins with a record separator, as JSON text sequences do (RFC 7464): "
	              "`tr -d '\\036'` removes them"),
};

static const char *by_magic(const struct sl_guess *g)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		struct sl_text t = magics[i].begins;
		if (g->len >= t.len && memcmp(g->text, t.bytes, t.len) == 0)
			return magics[i].way;
	}
	return NULL;
}

/* ASCII with a zero before or after each byte. */
static const char *by_zeros(const struct sl_guess *g)
{
	const char *t = g->text;
	if (g->len < 4)
		return NULL;
	if (t[0] == '\0' && t[2] == '\0' && t[1] != '\0')
		return "it looks like UTF-16: `iconv -f UTF-16BE -t UTF-8` converts it to UTF-8";
	if (t[1] == '\0' && t[3] == '\0' && t[0] != '\0')
		return "it looks like UTF-16: `iconv -f UTF-16LE -t UTF-8` converts it to UTF-8";
	return NULL;
}

/* In whatever encoding: data with other control characters is binary, and a comma in it means nothing. */
static bool is_text(const struct sl_guess *g)
{
	for (size_t i = 0; i < seen(g); i++) {
		unsigned char c = (unsigned char)g->text[i];
		if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7f)
			return false;
	}
	return true;
}

static char first_visible(const struct sl_guess *g)
{
	for (size_t i = 0; i < g->len; i++)
		if (g->text[i] != ' ' && g->text[i] != '\t' && g->text[i] != '\r' && g->text[i] != '\n')
			return g->text[i];
	return '\0';
}

/* Are more brackets opened than closed, outside of strings? */
static bool is_open_ended(const struct sl_guess *g)
{
	bool in_string = false;
	long depth = 0;
	for (size_t i = 0; i < g->len; i++) {
		char c = g->text[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
	}
	return depth > 0;
}

static const char *separated(const struct sl_guess *g)
{
	char c = first_visible(g);
	if (c == '{' || c == '[')
		return NULL;
	if (memchr(g->text, '\t', seen(g)) != NULL)
		return "it looks like tab-separated values: `mlr --itsv --ojsonl cat` converts them to JSON lines";
	if (memchr(g->text, ',', seen(g)) != NULL)
		return "it looks like CSV: `mlr --icsv --ojsonl cat` converts it to JSON lines";
	if (memchr(g->text, ';', seen(g)) != NULL)
		return "it looks like CSV: `mlr --icsv --ifs ';' --ojsonl cat` converts it to JSON lines";
	return NULL;
}

static const char *guess(const struct sl_guess *g, enum sl_kind kind)
{
	char c = first_visible(g);
	const char *words = by_magic(g);
	words = words != NULL ? words : by_zeros(g);
	if (words != NULL || !is_text(g))
		return words;
	if (!g->json && c == '[' && (kind == SL_FRAME_TOO_LARGE || is_open_ended(g)))
		return "it begins like an array: --json turns each of its elements into a row";
	if (!g->json && c == '{' && is_open_ended(g))
		return "it looks like a document that spans several lines: --json reads such documents";
	return g->is_first ? separated(g) : NULL;
}

void sl_guess_add(const struct sl_guess *g, struct sl_error *err)
{
	const char *words = guess(g, err->kind);
	size_t used = strlen(err->message), room = sizeof err->message - used;
	if (words == NULL || strlen(words) + 3 > room)
		return;
	memcpy(err->message + used, "; ", 2);
	strcpy(err->message + used + 2, words);
}
