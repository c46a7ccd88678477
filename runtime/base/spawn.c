/* spawn.c - see spawn.h */
#include "base/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/children.h"

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* The report pipe's descriptor in the child: right above those that are passed. */
#define REPORT_FD SL_SPAWN_FDS

extern char **environ;

/* X(identifier, the detail `stage`, what a message adds after the program) */
#define STAGES(X)                                      \
	X(FORK, "fork", ": fork")                      \
	X(SESSION, "session", ": session")             \
	X(DESCRIPTORS, "descriptors", ": descriptors") \
	X(DIRECTORY, "chdir", "")                      \
	X(EXEC, "exec", "")                            \
	X(INTERPRETER, "interpreter", ", the interpreter named in its first line")

enum stage {
#define ROW(id, name, said) STAGE_##id,
	STAGES(ROW)
#undef ROW
};

static const struct {
	const char *name, *said;
} stages[] = {
#define ROW(id, name, said) { name, said },
	STAGES(ROW)
#undef ROW
};

struct report {
	enum stage stage;
	int os;
};

/* ---- the walk along PATH: async-signal-safe ---- */

static const char *search_path(const char *const *env)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return DEFAULT_PATH;
}

/* Writes dir/name to file. Returns false if it does not fit. */
static bool join(char file[PATH_MAX], const char *dir, size_t len, const char *name)
{
	size_t size = strlen(name) + 1;
	if (len == 0) {
		dir = ".";
		len = 1;
	}
	if (len + 1 + size > PATH_MAX)
		return false;
	memcpy(file, dir, len);
	file[len] = '/';
	memcpy(file + len + 1, name, size);
	return true;
}

/* If the file exists although exec does not find it, its interpreter is missing. */
static struct report try_file(const char *file, const char *const *argv, const char *const *env)
{
	execve(file, (char *const *)argv, (char *const *)env);
	int os = errno;
	bool there = (os == ENOENT || os == ENOTDIR) && access(file, F_OK) == 0;
	return (struct report){ there ? STAGE_INTERPRETER : STAGE_EXEC, os };
}

static bool goes_on(int os)
{
	return os == ENOENT || os == ENOTDIR || os == EACCES;
}

static bool is_absent(struct report r)
{
	return r.stage == STAGE_EXEC && (r.os == ENOENT || r.os == ENOTDIR);
}

/* Returns only if nothing could be executed, with the reason to report. */
static struct report walk(const char *const *argv, const char *const *env)
{
	struct report first = { STAGE_EXEC, ENOENT }, too_long = { STAGE_EXEC, ENAMETOOLONG };
	char file[PATH_MAX];
	if (*argv[0] == '\0' || strchr(argv[0], '/') != NULL)
		return try_file(argv[0], argv, env);
	for (const char *dir = search_path(env), *end;; dir = end + 1) {
		end = strchrnul(dir, ':');
		bool fits = join(file, dir, (size_t)(end - dir), argv[0]);
		struct report r = fits ? try_file(file, argv, env) : too_long;
		if (is_absent(first) && !is_absent(r))
			first = r;
		if (*end == '\0' || !goes_on(r.os))
			return first;
	}
}

/* ---- in the child, which shares the parent's memory: async-signal-safe calls only ---- */

static void reset_signals(void)
{
	static const struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;
	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &standard, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The parent may have died before prctl was called, so its id is compared. */
static void die_with(pid_t parent, int sig)
{
	prctl(PR_SET_PDEATHSIG, sig);
	if (getppid() != parent)
		_exit(127);
}

static int settle(const struct sl_spawn *s, pid_t parent)
{
	static const struct rlimit none = { 0, 0 };
	if (s->own_session && setsid() < 0)
		return -1;
	if (s->death_signal != 0)
		die_with(parent, s->death_signal);
	if (s->no_core)
		setrlimit(RLIMIT_CORE, &none);
	return 0;
}

static bool is_passed(const struct sl_spawn *s, int i)
{
	return s->fds[i] >= 0 || i <= STDERR_FILENO;
}

static int lift(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, REPORT_FD + 1);
}

/* The descriptor that becomes number i, or -1. */
static int source(const struct sl_spawn *s, int i)
{
	int fd = s->fds[i];
	if (fd < 0)
		fd = open("/dev/null", i == STDIN_FILENO ? O_RDONLY : O_WRONLY);
	return fd < 0 ? -1 : lift(fd);
}

/* Moves everything above REPORT_FD. */
static int lift_all(const struct sl_spawn *s, int from[SL_SPAWN_FDS], int *report_fd)
{
	int high = lift(*report_fd);
	if (high < 0)
		return -1;
	*report_fd = high;
	for (int i = 0; i < SL_SPAWN_FDS; i++)
		if (is_passed(s, i) && (from[i] = source(s, i)) < 0)
			return -1;
	return 0;
}

static int place_all(const struct sl_spawn *s, const int from[SL_SPAWN_FDS], int *report_fd)
{
	for (int i = 0; i < SL_SPAWN_FDS; i++)
		if (!is_passed(s, i))
			close(i);
		else if (dup2(from[i], i) < 0) /* clears close-on-exec */
			return -1;
	if (dup3(*report_fd, REPORT_FD, O_CLOEXEC) < 0)
		return -1;
	*report_fd = REPORT_FD;
	return close_range(REPORT_FD + 1, ~0u, 0);
}

/* Returns only if it failed; *report_fd is where to report that. */
static struct report become(const struct sl_spawn *s, pid_t parent, int *report_fd)
{
	int from[SL_SPAWN_FDS];
	reset_signals();
	if (settle(s, parent) != 0)
		return (struct report){ STAGE_SESSION, errno };
	if (lift_all(s, from, report_fd) != 0 || place_all(s, from, report_fd) != 0)
		return (struct report){ STAGE_DESCRIPTORS, errno };
	if (s->cwd != NULL && chdir(s->cwd) != 0)
		return (struct report){ STAGE_DIRECTORY, errno };
	return walk(s->argv, s->env != NULL ? s->env : (const char *const *)environ);
}

_Noreturn static void child(const struct sl_spawn *s, pid_t parent, int report_fd)
{
	struct report r = become(s, parent, &report_fd);
	(void)!write(report_fd, &r, sizeof r);
	_exit(127);
}

/* ---- in the parent ---- */

static int explain(const char *program, const char *cwd, struct report r, struct sl_error *err)
{
	char quoted[256];
	bool directory = r.stage == STAGE_DIRECTORY;
	const char *what = directory ? cwd : program, *name = stages[r.stage].name;
	assert(what != NULL);
	sl_quote(quoted, sizeof quoted, what, strlen(what));
	sl_fail(err, SL_SPAWN, r.os, "cannot %s %s%s: %s%s", directory ? "enter the directory" : "start",
	        quoted, stages[r.stage].said, strerror(r.os),
	        r.os == ENOEXEC ? " (neither an executable for this machine nor a script with a #! line)" : "");
	return sl_error_text(err, SL_D_STAGE, name, strlen(name));
}

/* vfork, because a copy of our page tables takes longer the more memory we have, and each page that we write to
 * afterwards takes a fault. POSIX allows its child only to exec; Linux, whatever a signal handler may do (vfork(2)).
 * No handler of this process may run in the child before its reset. */
static pid_t fork_child(const struct sl_spawn *s, int report_fd)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t parent = getpid();
	pid_t pid = vfork();
	if (pid == 0)
		child(s, parent, report_fd);
	int saved = errno;
	if (pid > 0)
		sl_children_own(pid);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return pid;
}

/* Reads the child's report. Returns false if there is none: it has become the program. */
static bool read_report(int fd, struct report *r)
{
	return TEMP_FAILURE_RETRY(read(fd, r, sizeof *r)) == sizeof *r;
}

int sl_spawn(const struct sl_spawn *s, pid_t *pid, struct sl_error *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return explain(s->argv[0], s->cwd, (struct report){ STAGE_FORK, errno }, err);
	*pid = fork_child(s, ends[1]);
	struct report r = { STAGE_FORK, errno };
	close(ends[1]);
	bool failed = *pid < 0 || read_report(ends[0], &r);
	close(ends[0]);
	if (!failed)
		return 0;
	sl_children_disown(*pid);
	if (*pid > 0)
		TEMP_FAILURE_RETRY(waitpid(*pid, NULL, 0));
	return explain(s->argv[0], s->cwd, r, err);
}

int sl_exec(const char *const *argv, struct sl_error *err)
{
	return explain(argv[0], NULL, walk(argv, (const char *const *)environ), err);
}
