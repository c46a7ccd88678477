/* ping.c - a worker that emits COUNT rows, one every two milliseconds, each
 * with the time at which it was emitted
 *
 *   ping COUNT
 */
#include <stdlib.h>

#include <sluice/worker.h>

#include "stamp.h"

static int ping(sluice_request *rq, void *user)
{
	char row[STAMP_MAX];
	int status = SLUICE_OK;
	for (long n = strtol(user, NULL, 10); n > 0 && status == SLUICE_OK; n--) {
		wait_gap();
		size_t len = stamp_write(row);
		status = sluice_emit_row(rq, "ping", row, len);
	}
	return status;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: ping COUNT\n", stderr);
		return 2;
	}
	struct sluice_export export = { "ping", SLUICE_ROWS, ping, argv[1] };
	struct sluice_worker worker = { "ping", "1", &export, 1 };
	return sluice_worker_main(&worker);
}
