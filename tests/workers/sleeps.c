/*
 * Emits rows with pauses, or goes silent. The request is a number of
 * milliseconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sluice/worker.h>

static void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&t, NULL);
}

static long pause_of(sluice_request *rq)
{
	return strtol(sluice_request_text(rq, NULL), NULL, 10);
}

/* A row, then a pause, forever. */
static int slowly(sluice_request *rq, void *user)
{
	int status = SLUICE_OK;
	(void)user;
	for (long i = 0; status == SLUICE_OK; i++) {
		char json[32];
		int len = snprintf(json, sizeof json, "%ld", i);
		status = sluice_emit_row(rq, "rows", json, (size_t)len);
		sleep_ms(pause_of(rq));
	}
	return status;
}

/* One row, then a silence that no order ends. */
static int deaf(sluice_request *rq, void *user)
{
	(void)user;
	sluice_emit_row(rq, "rows", "1", 1);
	for (long left = pause_of(rq); left > 0; left -= 100)
		sleep_ms(100);
	return 0;
}

/* Many rows at once, then a silence: the last of them must not be held back by it. */
static int burst(sluice_request *rq, void *user)
{
	(void)user;
	for (int i = 0; i < 1000; i++)
		sluice_emit_row(rq, "rows", "1", 1);
	sleep_ms(pause_of(rq));
	return 0;
}

/* Polls for orders during its silence. */
static int politely(sluice_request *rq, void *user)
{
	(void)user;
	sluice_emit_row(rq, "rows", "1", 1);
	while (sluice_stopped(rq) == SLUICE_OK)
		sleep_ms(5);
	return sluice_stopped(rq);
}

/* With an argument, the silence comes first. */
int main(int argc, char **argv)
{
	static const struct sluice_export exports[] = {
		{ "slowly", SLUICE_ROWS, slowly, NULL },
		{ "deaf", SLUICE_ROWS, deaf, NULL },
		{ "burst", SLUICE_ROWS, burst, NULL },
		{ "politely", SLUICE_ROWS, politely, NULL },
	};
	static const struct sluice_worker worker = { "sleeps", "1.0", exports, 4 };
	if (argc > 1)
		sleep_ms(strtol(argv[1], NULL, 10));
	return sluice_worker_main(&worker);
}
