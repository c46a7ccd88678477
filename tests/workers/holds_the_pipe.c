/*
 * What is left of a worker and its pipe when it ends badly. For pipe transport
 * only: the descriptors are 3 and 4.
 */
#include <stdlib.h>
#include <unistd.h>

#include <sluice/worker.h>

#define PIPE_OUT 4

/* Closes its pipe and lives on. */
static int closes_pipe(sluice_request *rq, void *user)
{
	(void)user;
	sluice_emit_row(rq, "rows", "1", 1);
	close(PIPE_OUT);
	for (;;)
		pause();
	return 0;
}

/* Leaves a grandchild that holds the pipe open for a minute, in a session of its
 * own if user is set; then the worker exits. */
static int leaves_grandchild(sluice_request *rq, void *user)
{
	int held = dup(PIPE_OUT); /* not close-on-exec, and not closed on fork */
	sluice_emit_row(rq, "rows", "1", 1);
	if (fork() == 0) {
		if (user != NULL)
			setsid();
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	close(held);
	_exit(0);
}

/* Dies in the middle of a frame, after a row's header that promises 100 bytes. */
static int dies_mid_frame(sluice_request *rq, void *user)
{
	static const unsigned char header[24 + 3] = { 100, 0, 0, 0, 1, 17, 1, 0, 1, [24] = '1', '2', '3' };
	sluice_emit_row(rq, "rows", "1", 1);
	const size_t *cut = user;
	(void)!write(PIPE_OUT, header, *cut);
	_exit(0);
}

int main(void)
{
	static size_t in_header = 11, in_payload = 27;
	static char own_session[] = "setsid";
	static const struct sluice_export exports[] = {
		{ "closes_pipe", SLUICE_ROWS, closes_pipe, NULL },
		{ "leaves_grandchild", SLUICE_ROWS, leaves_grandchild, NULL },
		{ "leaves_daemon", SLUICE_ROWS, leaves_grandchild, own_session },
		{ "cuts_header", SLUICE_ROWS, dies_mid_frame, &in_header },
		{ "cuts_payload", SLUICE_ROWS, dies_mid_frame, &in_payload },
	};
	static const struct sluice_worker worker = { "holds_the_pipe", "1.0", exports, 5 };
	return sluice_worker_main(&worker);
}
