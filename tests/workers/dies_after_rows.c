/* Emits as many rows as the request says, then ends as the export's name says. */
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <sluice/worker.h>

static void emit_rows(sluice_request *rq)
{
	long n = strtol(sluice_request_text(rq, NULL), NULL, 10);
	for (long i = 0; i < n; i++) {
		char json[32];
		int len = snprintf(json, sizeof json, "%ld", i);
		sluice_emit_row(rq, "rows", json, (size_t)len);
	}
}

static int by_signal(sluice_request *rq, void *user)
{
	emit_rows(rq);
	raise(*(const int *)user);
	return 0;
}

static int by_exit(sluice_request *rq, void *user)
{
	emit_rows(rq);
	exit(*(const int *)user);
}

static int at_once(sluice_request *rq, void *user)
{
	emit_rows(rq);
	_exit(*(const int *)user);
}

static int recurse(volatile int *depth)
{
	volatile int here[1024];
	here[0] = *depth + 1;
	return here[0] > 0 ? recurse(here) + here[1] : 0;
}

static int by_overflow(sluice_request *rq, void *user)
{
	volatile int depth = 0;
	(void)user;
	emit_rows(rq);
	return recurse(&depth);
}

int main(void)
{
	static int segv = SIGSEGV, abrt = SIGABRT, term = SIGTERM, kill9 = SIGKILL, fpe = SIGFPE;
	static int zero = 0, three = 3;
	static const struct sluice_export exports[] = {
		{ "segv", SLUICE_ROWS, by_signal, &segv },  { "abort", SLUICE_ROWS, by_signal, &abrt },
		{ "term", SLUICE_ROWS, by_signal, &term },  { "kill", SLUICE_ROWS, by_signal, &kill9 },
		{ "fpe", SLUICE_ROWS, by_signal, &fpe },    { "exit0", SLUICE_ROWS, by_exit, &zero },
		{ "exit3", SLUICE_ROWS, by_exit, &three },  { "_exit0", SLUICE_ROWS, at_once, &zero },
		{ "overflow", SLUICE_ROWS, by_overflow, NULL },
	};
	static const struct sluice_worker worker = { "dies_after_rows", "1.0", exports, 9 };
	return sluice_worker_main(&worker);
}
