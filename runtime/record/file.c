/* file.c - see file.h */
#include "record/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static long read_at(void *ctx, uint64_t offset, void *out, size_t n)
{
	const struct sl_record_file *f = ctx;
	size_t got = 0;
	while (got < n) {
		ssize_t k = TEMP_FAILURE_RETRY(pread(f->fd, (char *)out + got, n - got, (off_t)(offset + got)));
		if (k < 0)
			return -1;
		if (k == 0)
			break;
		got += (size_t)k;
	}
	return (long)got;
}

static bool is_part(const char *path)
{
	size_t n = strlen(path), suffix = sizeof SL_RECORD_PART - 1;
	return n > suffix && strcmp(path + n - suffix, SL_RECORD_PART) == 0;
}

int sl_record_file_name(const struct sl_record_file *f, struct sl_error *err)
{
	char path[256];
	SL_ERROR(named);
	sl_quote(path, sizeof path, f->path, strlen(f->path));
	sl_fail(&named, err->kind, 0, "%s: %s", path, err->message);
	strcpy(err->message, named.message);
	return sl_error_text(err, SL_D_FILE, f->path, strlen(f->path));
}

int sl_record_file_open(struct sl_record_file *f, const char *path, struct sl_error *err)
{
	*f = (struct sl_record_file){ .path = path };
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0) {
		sl_fail(err, SL_SPAWN, errno, "cannot read the recording %s", path);
		return sl_error_text(err, SL_D_FILE, path, strlen(path));
	}
	if (sl_record_open(&f->reader, read_at, f, is_part(path), err) != 0)
		return sl_record_file_name(f, err);
	return 0;
}

void sl_record_file_close(struct sl_record_file *f)
{
	sl_record_close(&f->reader);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
