/* generate.c - the data set as JSON lines on stdout
 *
 *   generate COUNT          that many rows
 *   generate COUNT SIZE     that many objects of SIZE bytes each
 */
#include <stdio.h>
#include <stdlib.h>

#include "rows.h"

static void write_rows(uint64_t count)
{
	char row[ROW_MAX];
	for (uint64_t n = 0; n < count; n++) {
		size_t len = row_write(row, n);
		row[len] = '\n';
		fwrite(row, 1, len + 1, stdout);
	}
}

static void write_large(uint64_t count, size_t size)
{
	char *row = malloc(size + 1);
	for (uint64_t n = 0; row != NULL && n < count; n++) {
		row_write_large(row, size, n);
		row[size] = '\n';
		fwrite(row, 1, size + 1, stdout);
	}
	free(row);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 3) {
		fputs("usage: generate COUNT [SIZE]\n", stderr);
		return 2;
	}
	uint64_t count = strtoull(argv[1], NULL, 10);
	if (argc == 2)
		write_rows(count);
	else
		write_large(count, strtoull(argv[2], NULL, 10));
	return fclose(stdout) == 0 ? 0 : 1;
}
