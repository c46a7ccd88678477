/* A forked child that continues as if it were the worker. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sluice/worker.h>

/* A forked child has no second thread that could release the allocator locks it
 * may have held, and LeakSanitizer's check at exit would wait for them: only the
 * parent performs that check. */
static pid_t worker_pid;

__attribute__((visibility("default"))) int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return getpid() != worker_pid;
}

static void emit(sluice_request *rq, const char *json)
{
	for (int i = 0; i < 100; i++)
		sluice_emit_row(rq, "rows", json, 1);
}

/* The child's rows must not arrive, and the parent's buffered ones must not arrive twice. */
static int emits_in_child(sluice_request *rq, void *user)
{
	(void)user;
	emit(rq, "1");
	pid_t pid = fork();
	emit(rq, pid == 0 ? "2" : "3");
	if (pid == 0)
		exit(0);
	waitpid(pid, NULL, 0);
	return 0;
}

static int returns_in_child(sluice_request *rq, void *user)
{
	(void)user;
	emit(rq, "1");
	pid_t pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return 0;
}

int main(void)
{
	static const struct sluice_export exports[] = {
		{ "emits_in_child", SLUICE_ROWS, emits_in_child, NULL },
		{ "returns_in_child", SLUICE_ROWS, returns_in_child, NULL },
	};
	static const struct sluice_worker worker = { "forks", "1.0", exports, 2 };
	worker_pid = getpid();
	return sluice_worker_main(&worker);
}
