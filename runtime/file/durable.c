/* durable.c - see durable.h */
#include "file/durable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>


#define MARK ".sluice-"
#define RANDOM 6
#define NAME_ROOM (NAME_MAX - (int)sizeof MARK - RANDOM) /* of the target's name, after the dot */

#define PIECE (64 << 20) /* bytes copied between two calls of stop */

#define NAP_MS 5
#define DIRECTORY_WAIT_MS 1000 /* other programs may lock it for their own reasons */
#define BUSY_WAIT_MS 200       /* a child that is just being started may share a lock */

static int fail(const struct sl_durable *d, struct sl_error *err, int os, const char *what)
{
	return sl_fail(err, SL_SINK, os, "cannot %s %s", what, d->path);
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000L }, NULL);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- the list of open files ---- */

/* Changed under the lock; consistent at any time for a signal handler. */
static struct sl_durable *_Atomic opened;
static pthread_mutex_t opened_lock = PTHREAD_MUTEX_INITIALIZER;

static void enlist(struct sl_durable *d)
{
	pthread_mutex_lock(&opened_lock);
	atomic_store(&d->next, atomic_load(&opened));
	atomic_store(&opened, d);
	pthread_mutex_unlock(&opened_lock);
}

static void strike(struct sl_durable *d)
{
	pthread_mutex_lock(&opened_lock);
	struct sl_durable *_Atomic *at = &opened;
	while (atomic_load(at) != NULL && atomic_load(at) != d)
		at = &atomic_load(at)->next;
	if (atomic_load(at) == d)
		atomic_store(at, atomic_load(&d->next));
	pthread_mutex_unlock(&opened_lock);
}

void sl_durable_abandon_all(void)
{
	for (struct sl_durable *d = atomic_load(&opened); d != NULL; d = atomic_load(&d->next))
		unlinkat(d->place.dir, d->temporary, 0);
}

static void let_go(struct sl_durable *d)
{
	strike(d);
	close_fd(&d->fd);
	close_fd(&d->old);
	close_fd(&d->lock);
	sl_place_clear(&d->place);
	d->state = SL_DURABLE_CLOSED;
}

/* ---- temporaries of others ---- */

/* Writes the common prefix of one target's temporaries. Returns its length. */
static size_t print_prefix(const struct sl_durable *d, char prefix[NAME_MAX + 1])
{
	return (size_t)snprintf(prefix, NAME_MAX + 1, ".%.*s" MARK, NAME_ROOM, d->place.name);
}

/* Removes it if it is not locked. Returns true if it is. */
static bool sweep_one(int dir, const char *name)
{
	struct stat st;
	bool locked = false;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		locked = flock(fd, LOCK_EX | LOCK_NB) != 0;
		if (!locked)
			unlinkat(dir, name, 0);
		else
			locked = errno == EWOULDBLOCK; /* otherwise there are no locks here */
	}
	close(fd);
	return locked;
}

/* Returns true if another writer is using this target. */
static bool sweep(const struct sl_durable *d)
{
	char prefix[NAME_MAX + 1];
	size_t len = print_prefix(d, prefix);
	bool locked = false;
	int fd = openat(d->place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		close_fd(&fd);
		return false;
	}
	for (const struct dirent *e; (e = readdir(dir)) != NULL;)
		if (strncmp(e->d_name, prefix, len) == 0 && strlen(e->d_name) == len + RANDOM)
			locked = sweep_one(d->place.dir, e->d_name) || locked;
	closedir(dir);
	return locked;
}

static int sweep_all(const struct sl_durable *d, struct sl_error *err)
{
	for (int waited = 0; sweep(d); waited += NAP_MS) {
		if (waited >= BUSY_WAIT_MS)
			return sl_fail(err, SL_SINK, EBUSY, "cannot write %s: another process is writing it", d->path);
		nap();
	}
	return 0;
}

/* ---- our own ---- */

static void print_name(struct sl_durable *d)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char dice[RANDOM] = { 0 };
	size_t len = print_prefix(d, d->temporary);
	if (getrandom(dice, sizeof dice, GRND_NONBLOCK) < 0)
		dice[0] = (unsigned char)clock(); /* O_EXCL catches collisions */
	for (int i = 0; i < RANDOM; i++)
		d->temporary[len++] = letters[dice[i] % (sizeof letters - 1)];
	d->temporary[len] = '\0';
}

/* Users who may not read the target must not be able to read the temporary, so its
 * final mode is set later, if there is one. */
static mode_t first_mode(const struct sl_durable *d, int mode)
{
	return d->place.exists || mode != SL_DURABLE_MODE ? 0600 : 0666;
}

/* Locks it and checks that it still exists: without the directory's lock, another
 * writer may have swept it before it was locked. */
static bool lock_temporary(const struct sl_durable *d)
{
	struct stat st;
	if (flock(d->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		return false;
	return fstat(d->fd, &st) == 0 && st.st_nlink > 0;
}

static int make_temporary(struct sl_durable *d, int mode, struct sl_error *err)
{
	for (int tries = 0; tries < 100; tries++) {
		print_name(d);
		d->fd = openat(d->place.dir, d->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		               first_mode(d, mode));
		if (d->fd < 0 && errno != EEXIST)
			return fail(d, err, errno, "create a file next to");
		if (d->fd >= 0 && lock_temporary(d)) {
			d->state = SL_DURABLE_OPEN;
			enlist(d);
			return 0;
		}
		close_fd(&d->fd);
	}
	return fail(d, err, EEXIST, "create a file next to");
}

/* Best effort; durable.h says why. */
static void lock_directory(const struct sl_durable *d)
{
	for (int waited = 0; waited < DIRECTORY_WAIT_MS; waited += NAP_MS) {
		if (flock(d->place.dir, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return;
		nap();
	}
}

static int claim(struct sl_durable *d, int mode, struct sl_error *err)
{
	lock_directory(d);
	int rc = sweep_all(d, err);
	if (rc == 0) /* another writer may have committed since sl_place_find() */
		rc = sl_place_look(&d->place, d->path, err);
	if (rc == 0)
		rc = make_temporary(d, mode, err);
	flock(d->place.dir, LOCK_UN);
	return rc;
}

static int set_mode(struct sl_durable *d, int mode, struct sl_error *err)
{
	const struct stat *was = &d->place.was;
	if (d->place.exists && fchown(d->fd, was->st_uid, was->st_gid) != 0) {
		/* Then we own it, like any new file. */
	}
	if (mode == SL_DURABLE_MODE && !d->place.exists)
		return 0;
	if (mode == SL_DURABLE_MODE)
		mode = (int)(was->st_mode & 0777);
	return fchmod(d->fd, (mode_t)mode) == 0 ? 0 : fail(d, err, errno, "set the mode of");
}

static int keep_lock(struct sl_durable *d, struct sl_error *err)
{
	d->lock = fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
	return d->lock >= 0 ? 0 : fail(d, err, errno, "lock");
}

/* ---- the old content ---- */

/* Copies a range to the same place in the new file. Returns 0 or the errno. */
static int copy_by_hand(const struct sl_durable *d, off_t from, off_t to)
{
	char block[64 * 1024];
	while (from < to && d->stop(NULL, d->path) == 0) {
		size_t wanted = to - from < (off_t)sizeof block ? (size_t)(to - from) : sizeof block;
		ssize_t n = pread(d->old, block, wanted, from);
		if (n == 0)
			return 0;
		n = n < 0 ? n : pwrite(d->fd, block, (size_t)n, from);
		if (n < 0 && errno != EINTR)
			return errno;
		from += n > 0 ? n : 0;
	}
	return 0;
}

static bool cannot_copy(int os)
{
	return os == EXDEV || os == EINVAL || os == ENOSYS || os == EOPNOTSUPP || os == EPERM;
}

/* The same inside the kernel, if possible. */
static int copy_part(const struct sl_durable *d, off_t from, off_t to)
{
	off_t there = from;
	while (from < to && d->stop(NULL, d->path) == 0) {
		size_t piece = to - from < PIECE ? (size_t)(to - from) : PIECE;
		ssize_t n = copy_file_range(d->old, &from, d->fd, &there, piece, 0);
		if (n == 0)
			return 0; /* it has become shorter: commit will notice */
		if (n < 0 && errno != EINTR)
			return cannot_copy(errno) ? copy_by_hand(d, from, to) : errno;
	}
	return 0;
}

/* Finds where the next data after `at` begins and ends. Returns false if there is none.
 * A file system without holes has data everywhere. */
static bool next_data(int fd, off_t size, off_t *at, off_t *end)
{
	off_t data = lseek(fd, *at, SEEK_DATA);
	if (data < 0 && errno == ENXIO)
		return false;
	*at = data < 0 ? *at : data;
	*end = lseek(fd, *at, SEEK_HOLE);
	if (*end <= *at || *end > size)
		*end = size;
	return *at < size;
}

/* Keeps holes. Returns 0 or the errno. */
static int copy_data(const struct sl_durable *d)
{
	off_t size = d->place.was.st_size, at = 0, end = 0;
	for (; next_data(d->old, size, &at, &end); at = end) {
		int os = copy_part(d, at, end);
		if (os != 0 || d->stop(NULL, d->path) != 0)
			return os;
	}
	return ftruncate(d->fd, size) == 0 ? 0 : errno;
}

/* Shares blocks, or copies. */
static int copy_old(const struct sl_durable *d)
{
	int os = ioctl(d->fd, FICLONE, d->old) == 0 ? 0 : copy_data(d);
	if (os == 0 && lseek(d->fd, 0, SEEK_END) < 0)
		os = errno;
	return os;
}

static int take_over(struct sl_durable *d, struct sl_error *err)
{
	d->old = openat(d->place.dir, d->place.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (d->old < 0 || fstat(d->old, &d->place.was) != 0)
		return fail(d, err, errno, "read");
	int os = copy_old(d);
	if (os != 0)
		return fail(d, err, os, "copy");
	return d->stop(err, d->path);
}

/* ---- the interface ---- */

int sl_durable_begin(struct sl_durable *d, const char *path, bool append, int mode,
                     sl_stop *stop, struct sl_error *err)
{
	*d = (struct sl_durable){
		.fd = -1, .lock = -1, .old = -1, .append = append, .path = path, .stop = stop,
	};
	if (sl_place_find(&d->place, path, err) != 0)
		return -1;
	if (claim(d, mode, err) == 0 && keep_lock(d, err) == 0 && set_mode(d, mode, err) == 0 &&
	    (!append || !d->place.exists || take_over(d, err) == 0))
		return 0;
	if (d->state == SL_DURABLE_OPEN)
		unlinkat(d->place.dir, d->temporary, 0);
	let_go(d);
	return -1;
}

int sl_durable_write(struct sl_durable *d, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(d->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int check_before_commit(const struct sl_durable *d, struct sl_error *err)
{
	struct stat st;
	if (fstat(d->fd, &st) != 0 || st.st_nlink == 0)
		return sl_fail(err, SL_SINK, 0, "cannot write %s: its temporary file has been removed", d->path);
	if (d->append && sl_place_changed(&d->place))
		return sl_fail(err, SL_SINK, 0, "cannot append to %s: it has changed since the run began", d->path);
	return 0;
}

int sl_durable_prepare(struct sl_durable *d, struct sl_error *err)
{
	if (check_before_commit(d, err) != 0)
		return -1;
	if (fsync(d->fd) != 0)
		return fail(d, err, errno, "sync");
	int fd = d->fd;
	d->fd = -1;
	if (close(fd) != 0)
		return fail(d, err, errno, "close");
	close_fd(&d->old);
	d->state = SL_DURABLE_PREPARED;
	return 0;
}

/* A file to append to that did not exist when the run began must not exist now either,
 * if the file system can check that. */
static int rename_over(const struct sl_durable *d)
{
	int dir = d->place.dir;
	if (d->append && !d->place.exists) {
		if (renameat2(dir, d->temporary, dir, d->place.name, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EINVAL && errno != ENOSYS)
			return errno;
	}
	return renameat(dir, d->temporary, dir, d->place.name) == 0 ? 0 : errno;
}

int sl_durable_commit(struct sl_durable *d, struct sl_error *err)
{
	int os = rename_over(d);
	if (os != 0)
		return sl_fail(err, SL_COMMIT, os, "cannot replace %s", d->path);
	os = fsync(d->place.dir) == 0 || errno == EINVAL ? 0 : errno; /* EINVAL: it cannot be synced */
	let_go(d);
	if (os != 0)
		return sl_fail(err, SL_COMMIT, os, "%s is in place, but its directory could not be synced", d->path);
	return 0;
}

int sl_durable_rollback(struct sl_durable *d, struct sl_error *err)
{
	if (d->state == SL_DURABLE_CLOSED)
		return 0;
	int os = unlinkat(d->place.dir, d->temporary, 0) == 0 || errno == ENOENT ? 0 : errno;
	let_go(d);
	return os == 0 ? 0 : fail(d, err, os, "remove the temporary file of");
}
