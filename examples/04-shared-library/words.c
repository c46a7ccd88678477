/* A worker as a shared library: the words of a text and how often each occurs.
 * The request is a JSON string of plain words. It is not linked with sluice. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <sluice/library.h>

enum { MOST_WORDS = 1000, LONGEST_WORD = 63 };

struct word {
	char text[LONGEST_WORD + 1];
	unsigned count;
};

static size_t count_word(struct word *words, size_t known, const char *text, size_t len)
{
	size_t i = 0;
	if (len > LONGEST_WORD)
		len = LONGEST_WORD;
	while (i < known && (strlen(words[i].text) != len || memcmp(words[i].text, text, len) != 0))
		i++;
	if (i == MOST_WORDS)
		return known;
	if (i == known)
		words[i] = (struct word){ .count = 0 };
	memcpy(words[i].text, text, len);
	words[i].count++;
	return i == known ? known + 1 : known;
}

static size_t count_words(struct word *words, const char *text, size_t len)
{
	size_t known = 0, start = 0;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && isalpha((unsigned char)text[i]))
			continue;
		if (i > start)
			known = count_word(words, known, text + start, i - start);
		start = i + 1;
	}
	return known;
}

static uint8_t count(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	static struct word words[MOST_WORDS];
	char envelope[256];
	if (*request != '"')
		return 2; /* our own status: the request is not a string */
	size_t known = count_words(words, request, len);
	for (size_t i = 0; i < known; i++) {
		int n = snprintf(envelope, sizeof envelope,
		                 "{\"stream\":\"words\",\"payload\":{\"word\":\"%s\",\"count\":%u}}",
		                 words[i].text, words[i].count);
		if (emit(handle, envelope, (size_t)n) != SLUICE_CALLBACK_OK)
			return 1;
	}
	int n = snprintf(envelope, sizeof envelope, "{\"metadata\":{\"distinct\":%zu}}", known);
	return emit(handle, envelope, (size_t)n) == SLUICE_CALLBACK_OK ? 0 : 1;
}

static const struct sluice_library_export exports[] = { { "count", count } };

SLUICE_LIBRARY_SYMBOL = { SLUICE_LIBRARY_ABI, "words", "1.0", exports, 1 };
