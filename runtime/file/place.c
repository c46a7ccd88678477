/* place.c - see place.h */
#include "file/place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#define MOST_LINKS 40 /* the kernel's limit */

#define INSTEAD "rows for standard output go to the sink sluice.sink.stdout"

static int fail(struct sl_error *err, int os, const char *path)
{
	return sl_fail(err, SL_SINK, os, "cannot write %s", path);
}

/* ---- from a path to a directory and a name ---- */

/* Copies the last part of path to p->name. Returns 0, or an errno. */
static int take_name(struct sl_file_place *p, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t len = strlen(name);
	if (len > NAME_MAX)
		return ENAMETOOLONG;
	if (len == 0 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return *path == '\0' ? ENOENT : EISDIR;
	memcpy(p->name, name, len + 1);
	return 0;
}

/* Opens the directory of path, relative to p->dir. Returns 0, or an errno. Truncates
 * path. */
static int enter(struct sl_file_place *p, char *path)
{
	char *slash = strrchr(path, '/');
	if (slash != NULL)
		slash[slash == path ? 1 : 0] = '\0';
	int dir = openat(p->dir, slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno;
	sl_place_clear(p);
	p->dir = dir;
	return 0;
}

static bool in_proc(const struct sl_file_place *p)
{
	struct statfs fs;
	return fstatfs(p->dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* Follows links until a name is not one. Links are read here, not by the kernel,
 * because a new file must be made beside the one that the last of them names. */
static int follow(struct sl_file_place *p, const char *path, struct sl_error *err)
{
	char step[PATH_MAX];
	size_t len = strlen(path);
	if (len >= sizeof step)
		return fail(err, ENAMETOOLONG, path);
	memcpy(step, path, len + 1);
	for (int links = 0; links <= MOST_LINKS; links++) {
		int os = take_name(p, step);
		if (os == 0)
			os = enter(p, step);
		if (os != 0)
			return fail(err, os, path);
		if (in_proc(p))
			return sl_fail(err, SL_SINK, 0, "cannot write %s: it leads into /proc; " INSTEAD, path);
		ssize_t n = readlinkat(p->dir, p->name, step, sizeof step - 1);
		if (n < 0)
			return errno == EINVAL || errno == ENOENT ? 0 : fail(err, errno, path);
		step[n] = '\0';
	}
	return fail(err, ELOOP, path);
}

/* ---- can it be replaced? ---- */

static bool is_mount_point(const struct sl_file_place *p)
{
	struct statx x;
	return statx(p->dir, p->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x) == 0 &&
	       (x.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* In a sticky directory such as /tmp, users can remove only their own files. */
static bool is_protected(const struct sl_file_place *p)
{
	struct stat dir;
	uid_t me = geteuid();
	return fstat(p->dir, &dir) == 0 && (dir.st_mode & S_ISVTX) != 0 && me != 0 &&
	       me != dir.st_uid && me != p->was.st_uid;
}

static int check_replaceable(const struct sl_file_place *p, const char *path, struct sl_error *err)
{
	if (S_ISDIR(p->was.st_mode))
		return fail(err, EISDIR, path);
	if (!S_ISREG(p->was.st_mode))
		return sl_fail(err, SL_SINK, 0, "cannot write %s: it is not a regular file, and only regular files can "
		               "be replaced as a whole; " INSTEAD, path);
	if (faccessat(p->dir, p->name, W_OK, AT_EACCESS) != 0)
		return fail(err, errno, path);
	if (is_protected(p))
		return fail(err, EPERM, path);
	if (is_mount_point(p))
		return sl_fail(err, SL_SINK, EBUSY, "cannot write %s: it is a mount point; "
		               "mount its directory instead", path);
	return 0;
}

int sl_place_look(struct sl_file_place *p, const char *path, struct sl_error *err)
{
	p->exists = fstatat(p->dir, p->name, &p->was, AT_SYMLINK_NOFOLLOW) == 0;
	if (p->exists)
		return check_replaceable(p, path, err);
	return errno == ENOENT ? 0 : fail(err, errno, path);
}

/* ---- the interface ---- */

int sl_place_find(struct sl_file_place *p, const char *path, struct sl_error *err)
{
	*p = (struct sl_file_place){ .dir = AT_FDCWD };
	if (follow(p, path, err) == 0 && sl_place_look(p, path, err) == 0)
		return 0;
	sl_place_clear(p);
	p->dir = -1;
	return -1;
}

void sl_place_clear(struct sl_file_place *p)
{
	if (p->dir >= 0)
		close(p->dir);
	p->dir = -1;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool sl_place_changed(const struct sl_file_place *p)
{
	struct stat now;
	const struct stat *was = &p->was;
	if (fstatat(p->dir, p->name, &now, AT_SYMLINK_NOFOLLOW) != 0)
		return p->exists || errno != ENOENT;
	return !p->exists || now.st_dev != was->st_dev || now.st_ino != was->st_ino ||
	       now.st_size != was->st_size || !same_time(now.st_mtim, was->st_mtim);
}
