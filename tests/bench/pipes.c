/* pipes.c - the job of ping.c and latency.lua, with two bare pipes and nothing else
 *
 *   pipes COUNT
 *
 * The child waits for a byte on the first pipe, then writes a stamped row to
 * the second every two milliseconds. The parent reads, looks at the clock, and
 * prints how many nanoseconds each row took. No program that reports a row to
 * another process can do less.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stamp.h"

static int child(int orders, int rows, long count)
{
	char row[STAMP_MAX];
	if (read(orders, row, 1) != 1)
		return 1;
	for (; count > 0; count--) {
		wait_gap();
		size_t len = stamp_write(row);
		if (write(rows, row, len) != (ssize_t)len)
			return 1;
	}
	return 0;
}

static int parent(int orders, int rows, long count)
{
	char row[STAMP_MAX + 1];
	long n = 0;
	uint64_t *took = calloc((size_t)count, sizeof *took);
	if (took == NULL || write(orders, "g", 1) != 1)
		return 1;
	for (ssize_t len; n < count && (len = read(rows, row, STAMP_MAX)) > 0; n++) {
		row[len] = '\0';
		took[n] = now_ns() - strtoull(strstr(row, "\"t\":") + 4, NULL, 10);
	}
	for (long i = 0; i < n; i++)
		printf("%llu\n", (unsigned long long)took[i]);
	free(took);
	return n == count ? 0 : 1;
}

int main(int argc, char **argv)
{
	int orders[2], rows[2];
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	if (count <= 0) {
		fputs("usage: pipes COUNT\n", stderr);
		return 2;
	}
	if (pipe(orders) != 0 || pipe(rows) != 0)
		return 1;
	pid_t pid = fork();
	if (pid < 0)
		return 1;
	return pid == 0 ? child(orders[0], rows[1], count) : parent(orders[1], rows[0], count);
}
