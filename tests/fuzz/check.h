/* check.h - what every fuzzer needs: a failed CHECK aborts the run */
#ifndef TESTS_FUZZ_CHECK_H
#define TESTS_FUZZ_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what)                                                                       \
	do {                                                                              \
		if (!(what)) {                                                            \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                          \
		}                                                                         \
	} while (0)

/* The input, consumed from the front; zeros once it is used up. */
struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

/* At most n bytes; *got is how many. */
static inline const char *take_bytes(struct input *in, size_t n, size_t *got)
{
	const char *p = (const char *)in->at;
	*got = n < in->left ? n : in->left;
	in->at += *got;
	in->left -= *got;
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
