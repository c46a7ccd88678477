/* recorder.c - see recorder.h */
#include "record/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* At most this many blocks wait for the thread. */
#define WAITING_MOST 16
/* If this many wait, a live recording stores blocks without packing them. */
#define WAITING_MANY 2
/* Worker and runner get cores first: with fair shares among three threads on two cores, the
 * one that packs never falls behind, and slows down the others. Not lower (SCHED_IDLE): it must
 * make progress on a busy machine, because the runner waits for it at the end. */
#define NICENESS 10
/* How long a partial block may wait. */
#define REST_NS SL_NS_PER_S
#define PART ".part"

struct waiting {
	STAILQ_ENTRY(waiting) next;
	struct sl_block block;
};

STAILQ_HEAD(blocks, waiting);

struct sl_recorder {
	char *path, *part;
	int fd;
	int64_t begun_ns;
	enum sl_recorder_pace pace;
	bool is_told;      /* the caller has set the time, told_ns */
	uint64_t told_ns;
	pthread_t thread;

	pthread_mutex_t lock;
	pthread_cond_t work, room; /* wakes the thread; wakes the caller that waits for it */
	struct waiting *filling;   /* NULL or not empty */
	int64_t due_ns;            /* when filling must be written */
	struct blocks queue, spare;
	unsigned waiting;          /* in the queue */
	bool writing, hurry, closing;
	int os;                    /* of the first write that failed */

	uint64_t number; /* used only by the thread, like out */
	char out[SL_BLOCK_SIZE];
};

/* ---- the thread ---- */

static int write_fully(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t k = TEMP_FAILURE_RETRY(write(fd, bytes, n));
		if (k < 0)
			return errno;
		bytes += k;
		n -= (size_t)k;
	}
	return 0;
}

static void queue_filling(struct sl_recorder *r)
{
	STAILQ_INSERT_TAIL(&r->queue, r->filling, next);
	r->filling = NULL;
	r->waiting++;
}

static void wait_for_work(struct sl_recorder *r)
{
	struct timespec until = { r->due_ns / SL_NS_PER_S, r->due_ns % SL_NS_PER_S };
	if (r->filling == NULL)
		pthread_cond_wait(&r->work, &r->lock);
	else
		pthread_cond_timedwait(&r->work, &r->lock, &until);
}

/* Waits for the next block; the lock is held. NULL: the end. */
static struct waiting *next_block(struct sl_recorder *r)
{
	for (;;) {
		if (r->waiting == 0 && r->filling != NULL && (r->hurry || r->closing || sl_now_ns() >= r->due_ns))
			queue_filling(r);
		struct waiting *w = STAILQ_FIRST(&r->queue);
		if (w != NULL) {
			STAILQ_REMOVE_HEAD(&r->queue, next);
			r->waiting--;
			return w;
		}
		if (r->closing)
			return NULL;
		wait_for_work(r);
	}
}

/* After a failed write nothing more is written: the file ends with a part of this block,
 * which a reader of a .part ignores. */
static int write_block(struct sl_recorder *r, const struct sl_block *b, enum sl_block_method method)
{
	struct sl_packed p;
	sl_block_pack(&p, b, r->number++, method, r->out);
	struct iovec parts[] = { { p.head, sizeof p.head }, { (char *)p.bytes, p.len } };
	ssize_t n = TEMP_FAILURE_RETRY(writev(r->fd, parts, 2));
	if (n < 0)
		return errno;
	size_t head = (size_t)n < sizeof p.head ? (size_t)n : sizeof p.head;
	size_t done = (size_t)n - head;
	int os = write_fully(r->fd, (const char *)p.head + head, sizeof p.head - head);
	return os != 0 ? os : write_fully(r->fd, p.bytes + done, p.len - done);
}

static bool is_behind(const struct sl_recorder *r)
{
	return r->pace == SL_RECORDER_LIVE && r->waiting >= WAITING_MANY;
}

static void *recorder_main(void *arg)
{
	struct sl_recorder *r = arg;
	struct waiting *w;
	(void)!nice(NICENESS); /* on Linux, affects only this thread */
	pthread_mutex_lock(&r->lock);
	while ((w = next_block(r)) != NULL) {
		bool lost = r->os != 0;
		enum sl_block_method method = is_behind(r) ? SL_BLOCK_STORED : SL_BLOCK_LZ4;
		r->writing = true;
		pthread_mutex_unlock(&r->lock);
		int os = lost ? 0 : write_block(r, &w->block, method);
		pthread_mutex_lock(&r->lock);
		r->writing = false;
		if (r->os == 0)
			r->os = os;
		STAILQ_INSERT_HEAD(&r->spare, w, next);
		pthread_cond_signal(&r->room);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* ---- adding ---- */

static bool new_filling(struct sl_recorder *r)
{
	while (r->waiting >= WAITING_MOST)
		pthread_cond_wait(&r->room, &r->lock);
	struct waiting *w = STAILQ_FIRST(&r->spare);
	if (w != NULL)
		STAILQ_REMOVE_HEAD(&r->spare, next);
	else
		w = malloc(sizeof *w);
	if (w == NULL) {
		r->os = r->os != 0 ? r->os : ENOMEM;
		return false;
	}
	w->block.len = 0;
	w->block.kinds = 0;
	r->filling = w;
	r->due_ns = sl_now_ns() + REST_NS;
	pthread_cond_signal(&r->work);
	return true;
}

static bool may_be_cut(enum sl_record_kind kind)
{
	return kind == SL_RECORD_WORKER || kind == SL_RECORD_RUNNER || kind == SL_RECORD_STDOUT ||
	       kind == SL_RECORD_STDERR;
}

static bool has_room(const struct sl_recorder *r, enum sl_record_kind kind, size_t n)
{
	size_t least = SL_RECORD_HEADER_SIZE + (may_be_cut(kind) && n > 0 ? 1 : n);
	return SL_BLOCK_SIZE - r->filling->block.len >= least;
}

void sl_recorder_set_time(struct sl_recorder *r, uint64_t time_ns)
{
	r->is_told = true;
	r->told_ns = time_ns;
}

void sl_recorder_add(struct sl_recorder *r, enum sl_record_kind kind, const void *bytes, size_t n)
{
	const char *from = bytes;
	if (r == NULL)
		return;
	uint64_t time_ns = r->is_told ? r->told_ns : (uint64_t)(sl_now_ns() - r->begun_ns);
	pthread_mutex_lock(&r->lock);
	do {
		if (r->filling != NULL && !has_room(r, kind, n)) {
			queue_filling(r);
			pthread_cond_signal(&r->work);
		}
		if (r->os != 0 || (r->filling == NULL && !new_filling(r)))
			break;
		long took = sl_block_add(&r->filling->block, kind, time_ns, from, n);
		from += took;
		n -= (size_t)took;
	} while (n > 0);
	pthread_mutex_unlock(&r->lock);
}

/* ---- the file ---- */

static int unwritten(const struct sl_recorder *r, int os, struct sl_error *err)
{
	sl_fail(err, SL_SINK, os, "the recording %s could not be written", r->part);
	return sl_error_text(err, SL_D_FILE, r->part, strlen(r->part));
}

int sl_recorder_check(struct sl_recorder *r, struct sl_error *err)
{
	if (r == NULL)
		return 0;
	pthread_mutex_lock(&r->lock);
	int os = r->os;
	pthread_mutex_unlock(&r->lock);
	return os == 0 ? 0 : unwritten(r, os, err);
}

int sl_recorder_flush(struct sl_recorder *r, struct sl_error *err)
{
	if (r == NULL)
		return 0;
	pthread_mutex_lock(&r->lock);
	r->hurry = true;
	pthread_cond_signal(&r->work);
	while (r->filling != NULL || r->waiting > 0 || r->writing)
		pthread_cond_wait(&r->room, &r->lock);
	r->hurry = false;
	pthread_mutex_unlock(&r->lock);
	return sl_recorder_check(r, err);
}

/* An existing file is kept: it may be all that is left of a run. */
static int refuse_existing(const char *path, struct sl_error *err)
{
	struct stat st;
	if (lstat(path, &st) != 0)
		return 0;
	return sl_fail(err, SL_USAGE, 0, "the recording %s already exists; remove it, or choose another name", path);
}

static int open_part(struct sl_recorder *r, uint32_t flags, struct sl_error *err)
{
	unsigned char head[SL_FILE_HEADER_SIZE];
	if (refuse_existing(r->path, err) != 0 || refuse_existing(r->part, err) != 0)
		return -1;
	r->fd = open(r->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (r->fd < 0 && errno == EEXIST)
		return sl_fail(err, SL_USAGE, 0, "cannot write the recording %s: another process is writing it", r->part);
	if (r->fd < 0)
		return unwritten(r, errno, err);
	fchmod(r->fd, 0600); /* regardless of the umask */
	sl_file_header_put(head, flags);
	r->number = sl_block_first(flags);
	int os = write_fully(r->fd, (const char *)head, sizeof head);
	return os == 0 ? 0 : unwritten(r, os, err);
}

static int start_thread(struct sl_recorder *r)
{
	sigset_t all, old;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, &monotonic);
	pthread_cond_init(&r->room, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&r->thread, NULL, recorder_main, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

static void free_blocks(struct blocks *list)
{
	struct waiting *w;
	while ((w = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, next);
		free(w);
	}
}

static void free_recorder(struct sl_recorder *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free_blocks(&r->queue);
	free_blocks(&r->spare);
	free(r->filling);
	free(r->path);
	free(r->part);
	free(r);
}

static struct sl_recorder *new_recorder(const char *path)
{
	struct sl_recorder *r = calloc(1, sizeof *r);
	if (r == NULL)
		return NULL;
	STAILQ_INIT(&r->queue);
	STAILQ_INIT(&r->spare);
	r->fd = -1;
	r->begun_ns = sl_now_ns();
	r->path = strdup(path);
	r->part = malloc(strlen(path) + sizeof PART);
	if (r->path != NULL && r->part != NULL) {
		strcpy(stpcpy(r->part, path), PART);
		return r;
	}
	free_recorder(r);
	return NULL;
}

struct sl_recorder *sl_recorder_open(const char *path, uint32_t flags, enum sl_recorder_pace pace, struct sl_error *err)
{
	struct sl_recorder *r = new_recorder(path);
	if (r == NULL) {
		sl_fail(err, SL_SINK, ENOMEM, "no memory to record %s", path);
		return NULL;
	}
	r->pace = pace;
	int rc = open_part(r, flags, err);
	if (rc == 0 && (rc = start_thread(r)) != 0)
		sl_fail(err, SL_SINK, rc, "cannot start a thread to record %s", path);
	if (rc == 0)
		return r;
	if (r->fd >= 0)
		unlink(r->part);
	free_recorder(r);
	return NULL;
}

/* Does not replace another file, if the file system supports that. */
static int rename_part(const struct sl_recorder *r)
{
	if (renameat2(AT_FDCWD, r->part, AT_FDCWD, r->path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	return rename(r->part, r->path) == 0 ? 0 : errno;
}

static int put_in_place(struct sl_recorder *r, struct sl_error *err)
{
	int fd = r->fd;
	r->fd = -1;
	if (close(fd) != 0)
		return unwritten(r, errno, err);
	int os = rename_part(r);
	if (os == 0)
		return 0;
	sl_fail(err, SL_SINK, os, "the recording %s could not be renamed to %s", r->part, r->path);
	return sl_error_text(err, SL_D_FILE, r->part, strlen(r->part));
}

static void end_thread(struct sl_recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->closing = true;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->work);
	pthread_cond_destroy(&r->room);
	pthread_mutex_destroy(&r->lock);
}

int sl_recorder_close(struct sl_recorder *r, struct sl_error *err)
{
	if (r == NULL)
		return 0;
	sl_recorder_add(r, SL_RECORD_END, NULL, 0);
	end_thread(r);
	int rc = r->os == 0 ? put_in_place(r, err) : unwritten(r, r->os, err);
	free_recorder(r);
	return rc;
}

void sl_recorder_abandon(struct sl_recorder *r)
{
	if (r == NULL)
		return;
	end_thread(r);
	unlink(r->part);
	free_recorder(r);
}
