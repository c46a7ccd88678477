/*
 * words.h - how a probe is spoken to: commands in, one a line; answers out
 *
 * A line is words with blanks between them. Bytes and texts are hex, "-" when
 * there are none. Each answer ends with the line `done`. Nothing here
 * allocates, so that a probe can count what the code under test does.
 */
#ifndef TESTS_SUPPORT_WORDS_H
#define TESTS_SUPPORT_WORDS_H

#include <stdint.h>

#include "base/error.h"
#include "wire/feature.h"

#define WORDS_MOST 5000

struct command {
	const char *name;
	void (*run)(void);
};

/* Each line of stdin; the table ends with a name that is NULL. */
void run_commands(const struct command *table);

/* The command that the words are now. */
void run_command(const struct command *table);

/* The words of this line. A missing one ends the probe. Texts are decoded in
 * place: once each; borrowed until the next line. */
int word_count(void);
const char *word(int i);
uint64_t number(int i);
struct sl_text text(int i);
void drop_words(int n);

/* The names from this word on (texts), copied to where they stay. */
const struct sl_features *features_from(int i);
_Noreturn void misused(const char *what);

/* " 616263", or " -". */
void put_hex(const char *bytes, size_t n);
void put_text(struct sl_text t);

/* `NAME KIND OS MESSAGE [DETAIL=NUMBER | DETAIL= TEXT]...` and the line's end. */
void put_error(const char *name, const struct sl_error *err);

/* `ok`, or the error. */
void answer(int rc, const struct sl_error *err);

#endif
