/* pidfd.c - pidfd_open() for valgrind, which does not know the system call
 *
 *   LD_PRELOAD=build/bench/pidfd.so valgrind --tool=callgrind build/sluice ...
 *
 * Gives the reading end of a pipe that a thread closes when the process is
 * a zombie: readable then, as the real one is.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_alive(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *name_end = strrchr(text, ')');
	return name_end != NULL && name_end[2] != 'Z';
}

static void *watch(void *packed)
{
	intptr_t pid_and_fd = (intptr_t)packed;
	while (is_alive((pid_t)(pid_and_fd >> 16)))
		nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
	close((int)(pid_and_fd & 0xFFFF));
	return NULL;
}

__attribute__((visibility("default"))) int pidfd_open(pid_t pid, unsigned flags)
{
	int ends[2];
	pthread_t thread;
	sigset_t all, old;
	(void)flags;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&thread, NULL, watch, (void *)((intptr_t)pid << 16 | ends[1]));
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_detach(thread);
	return ends[0];
}
