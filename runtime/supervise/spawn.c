/* spawn.c - see spawn.h */
#include "supervise/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAGES(X)                               \
	X(FORK, "fork")                         \
	X(SESSION, "session")                   \
	X(DESCRIPTORS, "descriptors")           \
	X(DIRECTORY, "chdir")                   \
	X(EXEC, "exec")                         \
	X(INTERPRETER, "interpreter")

enum stage {
#define ROW(id, name) STAGE_##id,
	STAGES(ROW)
#undef ROW
};

static const char *const stage_names[] = {
#define ROW(id, name) name,
	STAGES(ROW)
#undef ROW
};

struct report {
	int stage;
	int os;
};

/* Where the status pipe stands in the child: just above what is passed. */
#define STATUS_FD SL_SPAWN_FDS

/* ---- in the child: async-signal-safe calls only ---- */

static void report_and_exit(int fd, enum stage stage, int os)
{
	struct report r = { stage, os };
	ssize_t ignored = write(fd, &r, sizeof r);
	(void)ignored;
	_exit(127);
}

static void reset_signals(void)
{
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Own session and group; die with the parent; leave no core file behind. The
 * parent may have died before prctl was called, so its id is compared. */
static int settle(pid_t parent)
{
	if (setsid() < 0)
		return -1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	return 0;
}

/* First everything moves out of the way of 0..STATUS_FD, then into place. */
static int place_descriptors(const struct sl_spawn *s, int *status)
{
	int from[SL_SPAWN_FDS];
	int high = fcntl(*status, F_DUPFD_CLOEXEC, STATUS_FD + 1);
	if (high < 0)
		return -1;
	*status = high;
	for (int i = 0; i < SL_SPAWN_FDS; i++) {
		int fd = s->fds[i];
		if (fd < 0 && i <= 2)
			fd = open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
		from[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, STATUS_FD + 1);
		if (fd >= 0 && from[i] < 0)
			return -1;
	}
	for (int i = 0; i < SL_SPAWN_FDS; i++) {
		if (from[i] < 0)
			close(i);
		else if (dup2(from[i], i) < 0) /* clears close-on-exec */
			return -1;
	}
	if (dup3(high, STATUS_FD, O_CLOEXEC) < 0)
		return -1;
	*status = STATUS_FD;
	return close_range(STATUS_FD + 1, ~0u, 0);
}

/* exec said ENOENT although the file is there: its interpreter is not. */
static enum stage exec_stage(const char *path, int os)
{
	struct stat st;
	return os == ENOENT && stat(path, &st) == 0 ? STAGE_INTERPRETER : STAGE_EXEC;
}

/* Try each candidate. A file that was found but refused is a better answer
 * than the last directory's "no such file", as in a shell. */
static void exec_first(const struct sl_spawn *s, char *const *paths, int status)
{
	int os = ENOENT;
	enum stage stage = STAGE_EXEC;
	for (; *paths != NULL; paths++) {
		execve(*paths, (char *const *)s->argv, (char *const *)s->env);
		if (errno == ENOENT || errno == ENOTDIR) {
			if (exec_stage(*paths, errno) == STAGE_INTERPRETER)
				report_and_exit(status, STAGE_INTERPRETER, ENOENT);
			continue;
		}
		os = errno;
		stage = exec_stage(*paths, os);
		if (os != EACCES)
			break;
	}
	report_and_exit(status, stage, os);
}

static void child(const struct sl_spawn *s, char *const *paths, int status, pid_t parent)
{
	reset_signals();
	if (settle(parent) != 0)
		report_and_exit(status, STAGE_SESSION, errno);
	if (place_descriptors(s, &status) != 0)
		report_and_exit(status, STAGE_DESCRIPTORS, errno);
	if (s->cwd != NULL && chdir(s->cwd) != 0)
		report_and_exit(status, STAGE_DIRECTORY, errno);
	exec_first(s, paths, status);
}

/* ---- in the parent ---- */

static const char *search_path(const char *const *env)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/usr/local/bin:/usr/bin:/bin";
}

static char *joined(const char *dir, size_t dir_len, const char *name)
{
	if (dir_len == 0) {
		dir = ".";
		dir_len = 1;
	}
	char *path = malloc(dir_len + strlen(name) + 2);
	if (path == NULL)
		return NULL;
	memcpy(path, dir, dir_len);
	path[dir_len] = '/';
	strcpy(path + dir_len + 1, name);
	return path;
}

static void free_paths(char **paths)
{
	for (char **p = paths; p != NULL && *p != NULL; p++)
		free(*p);
	free(paths);
}

/* The files that `name` may mean, best first. NULL: no memory. */
static char **candidates(const char *name, const char *search)
{
	size_t count = 2;
	for (const char *p = search; *p != '\0'; p++)
		count += *p == ':';
	char **paths = calloc(count + 1, sizeof *paths);
	if (paths == NULL)
		return NULL;
	if (strchr(name, '/') != NULL || *name == '\0') {
		paths[0] = strdup(name);
		return paths;
	}
	for (size_t i = 0;; i++) {
		size_t len = strcspn(search, ":");
		paths[i] = joined(search, len, name);
		if (paths[i] == NULL || search[len] == '\0')
			return paths;
		search += len + 1;
	}
}

static int explain(const struct sl_spawn *s, const struct report *r, struct sl_error *err)
{
	const char *why = strerror(r->os);
	switch (r->stage) {
	case STAGE_DIRECTORY:
		sl_fail(err, SL_SPAWN, r->os, "cannot enter the directory %s: %s", s->cwd, why);
		break;
	case STAGE_INTERPRETER:
		sl_fail(err, SL_SPAWN, r->os, "cannot start %s, the interpreter named in its first line: %s",
		        s->argv[0], why);
		break;
	case STAGE_EXEC:
		sl_fail(err, SL_SPAWN, r->os, "cannot start %s: %s%s", s->argv[0], why,
		        r->os == ENOEXEC ? " (no program for this machine, no script with a #! line)" : "");
		break;
	default:
		sl_fail(err, SL_SPAWN, r->os, "cannot start %s: %s: %s", s->argv[0],
		        stage_names[r->stage], why);
	}
	const char *name = stage_names[r->stage];
	return sl_error_text(err, SL_D_STAGE, name, strlen(name));
}

/* What the child had to say: nothing (0), once it has become the program. */
static int read_report(int fd, struct report *r)
{
	ssize_t n;
	do
		n = read(fd, r, sizeof *r);
	while (n < 0 && errno == EINTR);
	return n == sizeof *r;
}

static pid_t fork_child(const struct sl_spawn *s, char *const *paths, const int status[2])
{
	/* No handler of this process may run in the child before its reset. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		child(s, paths, status[1], parent);
	int saved = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

int sl_spawn(const struct sl_spawn *s, pid_t *pid, struct sl_error *err)
{
	int status[2] = { -1, -1 };
	struct report r = { STAGE_FORK, 0 };
	char **paths = candidates(s->argv[0], search_path(s->env));
	if (paths == NULL || pipe2(status, O_CLOEXEC) != 0)
		goto fail;
	*pid = fork_child(s, paths, status);
	if (*pid < 0)
		goto fail;
	close(status[1]);
	bool failed = read_report(status[0], &r);
	close(status[0]);
	free_paths(paths);
	if (!failed)
		return 0;
	while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
		;
	return explain(s, &r, err);
fail:
	r.os = errno;
	free_paths(paths);
	if (status[0] >= 0) {
		close(status[0]);
		close(status[1]);
	}
	return explain(s, &r, err);
}
