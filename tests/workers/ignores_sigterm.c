/*
 * Ignores SIGTERM, SIGINT, SIGHUP and all orders: only SIGKILL ends it.
 * `stopped` also stops itself, so that no signal but SIGKILL and SIGCONT is
 * even delivered.
 */
#include <signal.h>
#include <unistd.h>

#include <sluice/worker.h>

static int deaf(sluice_request *rq, void *user)
{
	(void)user;
	sluice_emit_row(rq, "rows", "1", 1);
	for (;;)
		pause();
	return 0;
}

static int stopped(sluice_request *rq, void *user)
{
	(void)user;
	sluice_emit_row(rq, "rows", "1", 1);
	for (;;)
		raise(SIGSTOP);
	return 0;
}

int main(void)
{
	static const struct sluice_export exports[] = {
		{ "deaf", SLUICE_ROWS, deaf, NULL },
		{ "stopped", SLUICE_ROWS, stopped, NULL },
	};
	static const struct sluice_worker worker = { "ignores_sigterm", "1.0", exports, 2 };
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return sluice_worker_main(&worker);
}
