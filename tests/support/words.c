/* words.c - see words.h */
#include "support/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MOST (8u * 1024 * 1024)

static char line[LINE_MOST];
static char *words[WORDS_MOST];
static int count;

_Noreturn void misused(const char *what)
{
	printf("misused %s\n", what);
	exit(2);
}

int word_count(void)
{
	return count;
}

const char *word(int i)
{
	if (i >= count)
		misused(words[0]);
	return words[i];
}

uint64_t number(int i)
{
	return strtoull(word(i), NULL, 0);
}

static unsigned nibble(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* Decoded bytes never take more room than their digits. */
struct sl_text text(int i)
{
	word(i);
	char *hex = words[i];
	size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
	for (size_t k = 0; k < n; k++)
		hex[k] = (char)(nibble(hex[2 * k]) << 4 | nibble(hex[2 * k + 1]));
	return (struct sl_text){ hex, n };
}

void drop_words(int n)
{
	count -= n;
	memmove(words, words + n, (size_t)count * sizeof *words);
}

const struct sl_features *features_from(int i)
{
	static char room[SL_FEATURE_LIMIT][SL_FEATURE_NAME_LIMIT + 1];
	static const char *names[SL_FEATURE_LIMIT];
	static struct sl_features features = { names, 0 };
	for (features.count = 0; i < count; i++) {
		struct sl_text name = text(i);
		if (features.count == SL_FEATURE_LIMIT || name.len > SL_FEATURE_NAME_LIMIT)
			misused("too many features, or too long ones");
		char *copy = memcpy(room[features.count], name.bytes, name.len);
		copy[name.len] = '\0';
		names[features.count++] = copy;
	}
	return &features;
}

static void split(char *rest)
{
	count = 0;
	for (char *w = strtok(rest, " \n"); w != NULL; w = strtok(NULL, " \n")) {
		if (count == WORDS_MOST)
			misused("too many words");
		words[count++] = w;
	}
}

void run_command(const struct command *table)
{
	for (const struct command *c = table; c->name != NULL; c++)
		if (strcmp(c->name, word(0)) == 0) {
			c->run();
			return;
		}
	misused(word(0));
}

void run_commands(const struct command *table)
{
	static char answers[64 * 1024]; /* otherwise stdio would allocate a buffer */
	setvbuf(stdout, answers, _IOFBF, sizeof answers);
	while (fgets(line, sizeof line, stdin) != NULL) {
		split(line);
		if (count > 0) {
			run_command(table);
			puts("done");
		}
	}
}

/* ---- answers ---- */

void put_hex(const char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	putchar(' ');
	if (n == 0)
		putchar('-');
	for (size_t i = 0; i < n; i++) {
		putchar(digits[(unsigned char)bytes[i] >> 4]);
		putchar(digits[bytes[i] & 15]);
	}
}

void put_text(struct sl_text t)
{
	put_hex(t.bytes, t.len);
}

void put_error(const char *name, const struct sl_error *err)
{
	printf("%s %s %d", name, sl_kind_name(err->kind), err->os);
	put_hex(err->message, strlen(err->message));
	for (int d = 0; d < SL_DETAIL_COUNT; d++) {
		int64_t n;
		const char *t = sl_error_get_text(err, (enum sl_detail)d);
		if (sl_error_get_number(err, (enum sl_detail)d, &n)) {
			printf(" %s=%" PRId64, sl_detail_name((enum sl_detail)d), n);
		} else if (t != NULL) {
			printf(" %s=", sl_detail_name((enum sl_detail)d));
			put_hex(t, strlen(t));
		}
	}
	putchar('\n');
}

void answer(int rc, const struct sl_error *err)
{
	if (rc == 0)
		puts("ok");
	else
		put_error("error", err);
}
