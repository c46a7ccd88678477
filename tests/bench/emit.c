/* emit.c - a worker with next to no cost of its own
 *
 *   emit FILE           each line of the file is a row; the file is mapped, not read
 *   emit --rows COUNT   rows made on the fly: a long stream without a file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sluice/worker.h>

#include "rows.h"

static const char *map_file(const char *path, size_t *len)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return NULL;
	*len = (size_t)st.st_size;
	const char *text = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return text != MAP_FAILED ? text : NULL;
}

static int emit_file(sluice_request *rq, void *user)
{
	size_t len;
	const char *at = map_file(user, &len);
	if (at == NULL) {
		sluice_fail(rq, strerror(errno));
		return 1;
	}
	const char *text = at, *end = at + len;
	int status = SLUICE_OK;
	while (at < end && status == SLUICE_OK) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline != NULL ? newline : end;
		status = sluice_emit_row(rq, "rows", at, (size_t)(stop - at));
		at = stop + 1;
	}
	munmap((void *)text, len);
	return status;
}

static int emit_rows(sluice_request *rq, void *user)
{
	char row[ROW_MAX];
	uint64_t count = strtoull(user, NULL, 10);
	int status = SLUICE_OK;
	for (uint64_t n = 0; n < count && status == SLUICE_OK; n++)
		status = sluice_emit_row(rq, "rows", row, row_write(row, n));
	return status;
}

int main(int argc, char **argv)
{
	bool made = argc == 3 && strcmp(argv[1], "--rows") == 0;
	if (argc != 2 && !made) {
		fputs("usage: emit FILE | emit --rows COUNT\n", stderr);
		return 2;
	}
	struct sluice_export export = { "rows", SLUICE_ROWS, made ? emit_rows : emit_file,
		                        argv[argc - 1] };
	struct sluice_worker worker = { "emit", "1", &export, 1 };
	return sluice_worker_main(&worker);
}
