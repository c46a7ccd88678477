/* again.c - see again.h */
#include "script/again.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lauxlib.h>

#include "base/children.h"
#include "base/clock.h"
#include "script/interrupt.h"
#include "script/state.h"

#define GRACE_MS 2000

int sl_again_fork(lua_State *L)
{
	const struct sl_script *s = sl_script_of(L);
	pid_t parent = getpid();
	if (s != NULL && s->supervisor != NULL)
		return luaL_error(L, "fork: this process has already had a worker");
	fflush(NULL); /* so that buffered output is not written twice */
	pid_t pid = fork();
	if (pid < 0) {
		luaL_pushfail(L);
		lua_pushstring(L, strerror(errno));
		return 2;
	}
	if (pid > 0)
		sl_children_own(pid);
	if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent))
		_exit(128 + SIGTERM);
	lua_pushinteger(L, pid);
	return 1;
}

/* Wait for the process, at most ms; without one, just wait. A signal ends the wait. */
static void wait_for(pid_t pid, int64_t ms)
{
	struct pollfd p = { .fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1, .events = POLLIN };
	poll(&p, 1, (int)ms);
	if (p.fd >= 0)
		close(p.fd);
}

/* Has it ended? Then it has also been reaped. */
static bool has_ended(pid_t pid, int *status)
{
	if (pid <= 0 || waitpid(pid, status, WNOHANG) != pid)
		return false;
	sl_children_disown(pid);
	return true;
}

static int push_status(lua_State *L, int status)
{
	bool exited = WIFEXITED(status);
	lua_pushstring(L, exited ? "exited" : "signalled");
	lua_pushinteger(L, exited ? WEXITSTATUS(status) : WTERMSIG(status));
	return 2;
}

int sl_again_await(lua_State *L) /* [pid or nil, ms] */
{
	pid_t pid = (pid_t)luaL_optinteger(L, 1, 0);
	int status;
	if (sl_interrupt_count() == 0)
		wait_for(pid, luaL_checkinteger(L, 2));
	if (has_ended(pid, &status))
		return push_status(L, status);
	if (sl_interrupt_count() == 0)
		return 0;
	lua_pushliteral(L, "interrupted");
	return 1;
}

int sl_again_end(lua_State *L) /* [pid] */
{
	pid_t pid = (pid_t)luaL_checkinteger(L, 1);
	int64_t until_ns = sl_now_ns() + GRACE_MS * SL_NS_PER_MS;
	int status;
	kill(pid, SIGTERM);
	while (!has_ended(pid, &status)) {
		int64_t left_ms = (until_ns - sl_now_ns()) / SL_NS_PER_MS;
		if (left_ms <= 0)
			kill(pid, SIGKILL);
		wait_for(pid, left_ms > 0 ? left_ms : GRACE_MS);
	}
	return push_status(L, status);
}

int sl_again_stamp(lua_State *L) /* [path] */
{
	struct stat st;
	char text[120];
	if (stat(luaL_checkstring(L, 1), &st) != 0)
		return 0;
	snprintf(text, sizeof text, "%ju:%ju:%jd:%jd.%09ld:%jd.%09ld", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
	         (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec,
	         st.st_ctim.tv_nsec);
	lua_pushstring(L, text);
	return 1;
}
