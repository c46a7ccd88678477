/*
 * words.h - the interface of a probe: commands in, one per line; answers out
 *
 * A line is words separated by blanks. Bytes and texts are hex, "-" when
 * empty. Each answer ends with the line `done`. Nothing here
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

/* Runs the command on each line of stdin; the table ends with a NULL name. */
void run_commands(const struct command *table);

/* Runs the command in the current words. */
void run_command(const struct command *table);

/* The words of the current line. A missing one ends the probe. Texts are decoded in
 * place, so each may be read only once, and are borrowed until the next line. */
int word_count(void);
const char *word(int i);
uint64_t number(int i);
struct sl_text text(int i);
void drop_words(int n);

/* The names (texts) from this word on, copied to permanent storage. */
const struct sl_features *features_from(int i);
_Noreturn void misused(const char *what);

/* " 616263", or " -". */
void put_hex(const char *bytes, size_t n);
void put_text(struct sl_text t);

/* Prints `NAME KIND OS MESSAGE [DETAIL=NUMBER | DETAIL= TEXT]...` and a newline. */
void put_error(const char *name, const struct sl_error *err);

/* Prints `ok`, or the error. */
void answer(int rc, const struct sl_error *err);

#endif
