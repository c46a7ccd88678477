/* peak.c - the peak memory of each process of a command, by itself
 *
 *   peak FILE COMMAND [ARG...]
 *
 * Writes a line to FILE for each process that ends: VmHWM in KiB, its
 * executable, its first argument. wait4() would not do: its figures include
 * the processes that a child has waited for, and the child's memory before
 * exec. So each process is traced, and inspected just before it ends. Its
 * system calls and signals are left alone. The exit status is the command's.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS (PTRACE_O_TRACEEXIT | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK \
                 | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	return fopen(path, "r");
}

/* A number of /proc/PID/status, or -1. */
static long status_field(pid_t pid, const char *name)
{
	char line[256];
	long value = -1;
	size_t len = strlen(name);
	FILE *f = open_proc(pid, "status");
	while (f != NULL && value < 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			value = strtol(line + len + 1, NULL, 10);
	if (f != NULL)
		fclose(f);
	return value;
}

static void first_argument(pid_t pid, char *out, size_t size)
{
	char text[4096] = { 0 };
	FILE *f = open_proc(pid, "cmdline");
	size_t n = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0;
	size_t skip = strlen(text) + 1;
	snprintf(out, size, "%s", skip < n ? text + skip : "");
	if (f != NULL)
		fclose(f);
}

static void report(FILE *out, pid_t pid)
{
	char link[64], exe[PATH_MAX] = { 0 }, argument[PATH_MAX];
	if (status_field(pid, "Tgid") != pid)
		return; /* a thread: its process has its own end */
	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	if (readlink(link, exe, sizeof exe - 1) < 0)
		return;
	first_argument(pid, argument, sizeof argument);
	fprintf(out, "%ld\t%s\t%s\n", status_field(pid, "VmHWM"), exe, argument);
}

/* The signal to pass on when a process stopped; stops caused by the tracing are
 * not signals at all. */
static int signal_of(int status)
{
	int event = status >> 16, signal_number = WSTOPSIG(status);
	return event != 0 || signal_number == SIGSTOP || signal_number == SIGTRAP ? 0 : signal_number;
}

static int trace(FILE *out, pid_t first)
{
	int status, outcome = 1;
	pid_t pid;
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		if (pid == first && !WIFSTOPPED(status))
			outcome = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (!WIFSTOPPED(status))
			continue;
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8))
			report(out, pid);
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal_of(status));
	}
	return outcome;
}

static int begin(char **argv)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	execvp(argv[0], argv);
	perror(argv[0]);
	return 127;
}

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[1], "we") : NULL;
	if (out == NULL) {
		fputs("usage: peak FILE COMMAND [ARG...]\n", stderr);
		return 2;
	}
	pid_t pid = fork();
	if (pid == 0)
		return begin(argv + 2);
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid
	    || ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(long)OPTIONS) != 0) {
		perror("peak: tracing");
		return 1;
	}
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	int outcome = trace(out, pid);
	return fclose(out) == 0 ? outcome : 1;
}
