/* validate.c - the JSON room alone: is each line of a file one JSON value?
 *
 *   validate FILE       prints how many lines there are; 1 if one is not JSON
 *
 * The upper limit for a runner that trusts nobody: no process, no frame, no Lua.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json/json.h"

#define LINE_MAX_BYTES (2u << 20)

static char room[LINE_MAX_BYTES + SL_JSON_PADDING];

/* Validates the whole lines at the start of text; returns their length in bytes, or -1. */
static ssize_t validate(struct sl_json *j, const char *text, size_t len, long *lines)
{
	const char *at = text, *end = text + len, *newline;
	struct sl_error err;
	sl_error_clear(&err);
	while ((newline = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (sl_json_parse(j, at, (size_t)(newline - at), &err) != 0) {
			fprintf(stderr, "validate: line %ld: %s\n", *lines + 1, err.message);
			return -1;
		}
		++*lines;
		at = newline + 1;
	}
	return at - text;
}

static int validate_file(struct sl_json *j, int fd, long *lines)
{
	size_t have = 0;
	for (ssize_t n; (n = read(fd, room + have, LINE_MAX_BYTES - have)) > 0;) {
		have += (size_t)n;
		ssize_t done = validate(j, room, have, lines);
		if (done < 0)
			return -1;
		have -= (size_t)done;
		memmove(room, room + done, have);
	}
	return have == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	long lines = 0;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	struct sl_json *j = sl_json_new();
	if (fd < 0 || j == NULL) {
		fputs("usage: validate FILE\n", stderr);
		return 2;
	}
	int rc = validate_file(j, fd, &lines);
	sl_json_free(j);
	close(fd);
	return rc == 0 && printf("%ld\n", lines) > 0 ? 0 : 1;
}
