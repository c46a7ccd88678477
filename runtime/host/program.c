/* program.c - see program.h */
#include "host/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* ---- becoming it ---- */

static int try_file(const char *file, char *const *argv)
{
	execv(file, argv);
	int os = errno;
	if (os == ENOENT && access(file, F_OK) == 0)
		return SL_NO_INTERPRETER;
	return os;
}

/* dir/name into file: false when it does not fit. */
static bool join(char file[PATH_MAX], const char *dir, size_t len, const char *name)
{
	size_t name_len = strlen(name);
	if (len + name_len + 2 > PATH_MAX)
		return false;
	memcpy(file, dir, len);
	if (len > 0)
		file[len++] = '/';
	memcpy(file + len, name, name_len + 1);
	return true;
}

/* The errno worth telling is the first that is not "no such file". */
int sl_program_exec(char *const *argv)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];
	int why = ENOENT;
	if (strchr(argv[0], '/') != NULL || *argv[0] == '\0')
		return try_file(argv[0], argv);
	if (path == NULL)
		path = DEFAULT_PATH;
	for (const char *end;; path = end + 1) {
		end = strchrnul(path, ':');
		int os = join(file, path, (size_t)(end - path), argv[0]) ? try_file(file, argv)
		                                                         : ENAMETOOLONG;
		if (os != ENOENT && os != ENOTDIR && why == ENOENT)
			why = os;
		if (*end == '\0')
			return why;
	}
}

int sl_program_explain(const char *name, int os, struct sl_error *err)
{
	char quoted[128];
	bool interpreter = os == SL_NO_INTERPRETER;
	sl_quote(quoted, sizeof quoted, name, strlen(name));
	os = interpreter ? ENOENT : os;
	sl_fail(err, SL_SPAWN, os, "cannot start %s%s: %s%s", quoted,
	        interpreter ? ", the interpreter named in its first line" : "", strerror(os),
	        os == ENOEXEC ? " (no program for this machine, no script with a #! line)" : "");
	const char *stage = interpreter ? "interpreter" : "exec";
	return sl_error_text(err, SL_D_STAGE, stage, strlen(stage));
}

/* ---- starting it ---- */

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The parent may have died before prctl was called, so its id is compared. */
static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

static int place_descriptors(int out)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0)
		return -1;
	return dup2(out, STDOUT_FILENO) < 0 ? -1 : 0;
}

static void child(char *const *argv, int out, int report, pid_t parent)
{
	reset_signals();
	die_with(parent);
	int os = place_descriptors(out) == 0 ? sl_program_exec(argv) : errno;
	ssize_t ignored = write(report, &os, sizeof os);
	(void)ignored;
	_exit(127);
}

/* What the child had to say: 0 once it has become the program. */
static int read_report(int fd)
{
	int os = 0;
	ssize_t n;
	do
		n = read(fd, &os, sizeof os);
	while (n < 0 && errno == EINTR);
	return n == sizeof os ? os : 0;
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* No handler of this process may run in the child before its reset. */
static pid_t fork_child(char *const *argv, int out, int report)
{
	sigset_t all, before;
	pid_t parent = getpid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();
	if (pid == 0)
		child(argv, out, report, parent);
	int saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

int sl_program_start(char *const *argv, int out, int *pid, struct sl_error *err)
{
	int report[2];
	if (pipe2(report, O_CLOEXEC) != 0)
		return sl_program_explain(argv[0], errno, err);
	*pid = fork_child(argv, out, report[1]);
	int os = *pid < 0 ? errno : 0;
	close(report[1]);
	if (*pid > 0 && (os = read_report(report[0])) != 0)
		reap(*pid);
	close(report[0]);
	return os == 0 ? 0 : sl_program_explain(argv[0], os, err);
}
