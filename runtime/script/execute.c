/* execute.c - see execute.h */
#include "script/execute.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/children.h"
#include "base/clock.h"
#include "script/state.h"

#define SHELL    "/bin/sh"
#define LOOK_MS  5   /* the polling interval if the system has no pidfds */
#define GRACE_MS 500 /* between SIGTERM and SIGKILL */

extern char **environ;

/* 0 or the errno. The child does not ignore the signals that we ignore. */
static int start(const char *command, pid_t *pid)
{
	char *argv[] = { "sh", "-c", (char *)command, NULL };
	posix_spawnattr_t attr;
	sigset_t ours;
	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	int os = posix_spawnattr_init(&attr);
	if (os != 0)
		return os;
	posix_spawnattr_setsigdefault(&attr, &ours);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	os = posix_spawn(pid, SHELL, NULL, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	return os;
}

/* Wait until it has ended, a signal has come, or ms have passed (-1: no limit). */
static void doze(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	poll(&p, pidfd >= 0, pidfd >= 0 ? ms : LOOK_MS);
}

/* A signal may come between the check and the doze, so a doze must not last forever. */
#define LONGEST_DOZE_MS 100

static int wait_for(const struct sl_limit *limit, pid_t pid)
{
	int64_t asked_ns = 0;
	int status = -1, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	for (;;) {
		pid_t ended = waitpid(pid, &status, WNOHANG);
		if (ended == pid || (ended < 0 && errno != EINTR))
			break;
		if (sl_limit_is_ending(limit) && asked_ns == 0) {
			asked_ns = sl_now_ns();
			kill(pid, SIGTERM);
		} else if (asked_ns != 0 && sl_now_ns() > asked_ns + GRACE_MS * SL_NS_PER_MS) {
			kill(pid, SIGKILL);
		}
		doze(pidfd, LONGEST_DOZE_MS);
	}
	if (pidfd >= 0)
		close(pidfd);
	return status;
}

int sl_execute(lua_State *L) /* [command?] */
{
	const struct sl_script *s = lua_touserdata(L, lua_upvalueindex(1));
	const char *command = luaL_optstring(L, 1, NULL);
	pid_t pid = 0;
	if (command == NULL) {
		lua_pushboolean(L, access(SHELL, X_OK) == 0);
		return 1;
	}
	errno = start(command, &pid);
	if (errno != 0)
		return luaL_fileresult(L, 0, NULL);
	sl_children_own(pid);
	int status = wait_for(&s->limit, pid);
	sl_children_disown(pid);
	return luaL_execresult(L, status);
}
