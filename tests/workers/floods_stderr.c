/* Writes as many MiB to stderr (or stdout) as the request says, with rows in between. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sluice/worker.h>

static int flood(sluice_request *rq, void *user)
{
	static char text[64 * 1024];
	long n = strtol(sluice_request_text(rq, NULL), NULL, 10) * 16;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 80 == 79 ? '\n' : 'e';
	for (long i = 0; i < n; i++) {
		if (write(*(const int *)user, text, sizeof text) < 0)
			return 1;
		int status = sluice_emit_row(rq, "rows", "1", 1);
		if (status != SLUICE_OK)
			return status;
	}
	return 0;
}

int main(void)
{
	static int out = STDOUT_FILENO, err = STDERR_FILENO;
	static const struct sluice_export exports[] = {
		{ "stderr", SLUICE_ROWS, flood, &err },
		{ "stdout", SLUICE_ROWS, flood, &out },
	};
	static const struct sluice_worker worker = { "floods_stderr", "1.0", exports, 2 };
	return sluice_worker_main(&worker);
}
