/* command.c - see command.h */
#include "host/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/children.h"
#include "base/spawn.h"
#include "wire/transport.h"

#define REQUEST_LIMIT (100u * 1024)
#define REQUEST_VARIABLE "SLUICE_REQUEST"

void sl_command_init(struct sl_command *c, char *const *argv)
{
	*c = (struct sl_command){ .argv = argv, .ok_status = { 1 }, .out = -1, .pidfd = -1 };
}

/* ---- SIGTERM to us ---- */

static volatile sig_atomic_t terminated;
static int wake_fd;

static void on_sigterm(int sig)
{
	static const uint64_t one = 1;
	int saved = errno;
	(void)sig;
	terminated = 1;
	(void)!write(wake_fd, &one, sizeof one);
	errno = saved;
}

static void handle_sigterm(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
}

bool sl_command_terminated(void)
{
	return terminated != 0;
}

_Noreturn void sl_command_pass_on(void)
{
	handle_sigterm(SIG_DFL);
	raise(SIGTERM);
	_exit(128 + SIGTERM);
}

/* ---- start ---- */

static void pass_request(const char *text, size_t len)
{
	if (len < REQUEST_LIMIT)
		setenv(REQUEST_VARIABLE, text, 1);
	else
		unsetenv(REQUEST_VARIABLE);
}

static int spawn(const struct sl_command *c, int out, pid_t *pid, struct sl_error *err)
{
	const struct sl_spawn s = {
		.argv = (const char *const *)c->argv,
		.fds = { STDIN_FILENO, out, STDERR_FILENO, -1, -1 },
		.death_signal = SIGKILL,
	};
	return sl_spawn(&s, pid, err);
}

int sl_command_start(struct sl_command *c, const char *request, size_t len, int wake,
                     struct sl_error *err)
{
	int ends[2];
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return sl_fail(err, SL_SPAWN, errno, "cannot create a pipe for the command");
	(void)fcntl(ends[0], F_SETPIPE_SZ, SL_PIPE_SIZE);
	pass_request(request, len);
	wake_fd = wake;
	handle_sigterm(on_sigterm);
	int rc = spawn(c, ends[1], &pid, err);
	close(ends[1]);
	if (rc != 0) {
		handle_sigterm(SIG_DFL);
		close(ends[0]);
		return -1;
	}
	c->out = ends[0];
	atomic_store(&c->pid, pid);
	c->pidfd = pidfd_open(pid, 0);
	return 0;
}

/* ---- end ---- */

void sl_command_reap(struct sl_command *c)
{
	pid_t pid = atomic_exchange(&c->pid, 0); /* before waitpid, after which the pid may be reused */
	TEMP_FAILURE_RETRY(waitpid(pid, &c->wait_status, 0));
	sl_children_disown(pid);
	if (c->pidfd >= 0)
		close(c->pidfd);
	c->pidfd = -1;
	if (!terminated)
		handle_sigterm(SIG_DFL);
}

static bool exits_within(const struct sl_command *c, int ms)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	return c->pidfd >= 0 && TEMP_FAILURE_RETRY(poll(&p, 1, ms)) > 0;
}

/* A launcher's group is not ours to end, only the command in it. */
static pid_t whom(pid_t command)
{
	return getpgrp() == getpid() ? 0 : command;
}

/* Ends all of the group except ourselves. */
static void terminate(pid_t command)
{
	handle_sigterm(SIG_IGN);
	kill(whom(command), SIGTERM);
	kill(whom(command), SIGCONT); /* a stopped process handles SIGTERM only then */
	handle_sigterm(on_sigterm);
}

/* What the command has started got the signal as well, and has this long to end by itself. */
#define TIDY_MS 500
#define LOOK_MS 2

static int left_in_group;

static void count_in_group(pid_t child)
{
	left_in_group += getpgid(child) == getpgrp() && !sl_child_is_zombie(child);
}

static void await_group(void)
{
	for (int ms = 0; ms < TIDY_MS; ms += LOOK_MS) {
		left_in_group = 0;
		sl_children_visit(count_in_group); /* we have adopted them, since their parent is gone */
		if (left_in_group == 0)
			return;
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000 }, NULL);
	}
}

void sl_command_end(struct sl_command *c, int grace_ms)
{
	pid_t command = atomic_load(&c->pid);
	terminate(command);
	bool in_time = exits_within(c, grace_ms);
	if (!in_time)
		kill(command, SIGKILL);
	sl_command_reap(c);
	if (in_time && whom(command) == 0)
		await_group();
}

static bool is_ok(const struct sl_command *c, int status)
{
	return c->ok_status[status / 64] >> status % 64 & 1;
}

int sl_command_judge(const struct sl_command *c, struct sl_error *err)
{
	char quoted[128];
	int status = c->wait_status;
	if (WIFEXITED(status) && is_ok(c, WEXITSTATUS(status)))
		return 0;
	sl_quote(quoted, sizeof quoted, c->argv[0], strlen(c->argv[0]));
	if (WIFSIGNALED(status)) {
		sl_fail(err, SL_EXPORT_FAILED, 0, "the command \"%s\" was killed by signal %d (%s)",
		        quoted, WTERMSIG(status), strsignal(WTERMSIG(status)));
		return sl_error_number(err, SL_D_SIGNAL, WTERMSIG(status));
	}
	sl_fail(err, SL_EXPORT_FAILED, 0, "the command \"%s\" exited with status %d", quoted,
	        WEXITSTATUS(status));
	return sl_error_number(err, SL_D_STATUS, WEXITSTATUS(status));
}
