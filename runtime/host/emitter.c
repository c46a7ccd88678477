/* emitter.c - see emitter.h */
#include "host/emitter.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"

#define RING_SIZE (256u * 1024) /* a power of two */
#define LARGE (RING_SIZE / 2)   /* larger frames do not go through the ring */
#define BATCH (64u * 1024)
#define BUDGET 16
#define BUDGET_NS (1600u * 1000) /* a budget that lasts longer than this: idle */
#define TICK_NS (500 * 1000)
#define QUIET_FRAMES 3 /* fewer than this in a tick: a quiet tick */
#define QUIET_TICKS 8  /* this many in a row: idle again */
#define LAST_WORDS_MS 1000 /* how long a dying process waits for the reader */
#define SMALL_WRITE 4096   /* does not block after poll has said writable */
#define ALTSTACK_SIZE (64 * 1024)

enum state { IDLE, LOAD };

/*
 * Offsets count bytes since the start and never wrap in practice; the ring
 * index is the offset modulo the size. `committed` belongs to the putting
 * thread, `flushed` to whoever has the turn. A signal handler may read both.
 */
struct sl_emitter {
	int fd;
	_Atomic size_t committed;
	_Atomic size_t flushed;
	atomic_int state;
	atomic_uint frames; /* put so far; shows the second thread the load */
	atomic_bool broken;
	atomic_bool quit;
	atomic_int dying; /* the signal, or 0 */

	/* The turn to write. `inside` is the putting thread, from before it waits
	 * for the turn until after it has given it back. A signal that comes in
	 * between must not write, because bytes may be on the wire that `flushed`
	 * does not count yet; it leaves its number in `dying` instead. */
	sem_t turn;
	_Atomic uintptr_t inside;

	/* the putting thread's own */
	size_t flushed_seen;
	int budget;
	uint64_t budget_from_ns;

	pthread_t second;
	bool has_second;
	sem_t load_began;

	char ring[RING_SIZE];
};

static struct sl_emitter *_Atomic the_emitter;

/* ---- writing, by whoever has the turn ---- */

/* A dying process does not wait forever, and writes so little at a time that it
 * does not block after poll has said writable. */
static bool writable_in_time(struct sl_emitter *e)
{
	struct pollfd p = { .fd = e->fd, .events = POLLOUT };
	return TEMP_FAILURE_RETRY(poll(&p, 1, LAST_WORDS_MS)) > 0;
}

static ssize_t write_once(struct sl_emitter *e, struct iovec *iov, int count)
{
	if (atomic_load(&e->dying) == 0)
		return writev(e->fd, iov, count);
	if (!writable_in_time(e)) {
		errno = ETIMEDOUT;
		return -1;
	}
	size_t n = iov[0].iov_len < SMALL_WRITE ? iov[0].iov_len : SMALL_WRITE;
	return write(e->fd, iov[0].iov_base, n);
}

/* Writes some of iov; returns how much, or -1 when nothing can be written any more. */
static ssize_t write_some(struct sl_emitter *e, struct iovec *iov, int count)
{
	for (;;) {
		ssize_t n = write_once(e, iov, count);
		if (n > 0)
			return n;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) { /* another process has set O_NONBLOCK */
			struct pollfd p = { .fd = e->fd, .events = POLLOUT };
			poll(&p, 1, -1);
			continue;
		}
		atomic_store(&e->broken, true);
		return -1;
	}
}

static int ring_pieces(struct sl_emitter *e, struct iovec *iov, size_t from, size_t len)
{
	size_t at = from % RING_SIZE, first = RING_SIZE - at;
	iov[0] = (struct iovec){ e->ring + at, len < first ? len : first };
	iov[1] = (struct iovec){ e->ring, len - iov[0].iov_len };
	return iov[1].iov_len > 0 ? 2 : 1;
}

static int write_ring(struct sl_emitter *e)
{
	size_t from = atomic_load(&e->flushed);
	size_t until = atomic_load(&e->committed);
	while (from != until) {
		struct iovec iov[2];
		ssize_t n = write_some(e, iov, ring_pieces(e, iov, from, until - from));
		if (n < 0)
			return -1;
		from += (size_t)n;
		atomic_store(&e->flushed, from);
	}
	return 0;
}

static void advance(struct iovec *iov, size_t n)
{
	size_t head = n < iov[0].iov_len ? n : iov[0].iov_len;
	iov[0].iov_base = (char *)iov[0].iov_base + head;
	iov[0].iov_len -= head;
	iov[1].iov_base = (char *)iov[1].iov_base + (n - head);
	iov[1].iov_len -= n - head;
}

static int write_pieces(struct sl_emitter *e, struct iovec iov[2])
{
	while (iov[0].iov_len + iov[1].iov_len > 0) {
		struct iovec *first = iov[0].iov_len > 0 ? iov : iov + 1;
		ssize_t n = write_some(e, first, first == iov ? 2 : 1);
		if (n < 0)
			return -1;
		advance(iov, (size_t)n);
	}
	return 0;
}

/* ---- the last words ---- */

static void die_of(int signal_number)
{
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* Takes the turn, without blocking forever: the second thread may be waiting for
 * a slow reader. */
static bool turn_in_time(struct sl_emitter *e)
{
	for (int ms = 0; ms < LAST_WORDS_MS; ms++) {
		if (sem_trywait(&e->turn) == 0)
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 1000 * 1000 }, NULL);
	}
	return false;
}

static bool is_inside(const struct sl_emitter *e)
{
	return atomic_load(&e->inside) == (uintptr_t)pthread_self();
}

/* The handler preserves errno, runs on its own stack, and calls nothing that is
 * unsafe here (sem_trywait is a compare-and-swap). */
static void on_fatal_signal(int signal_number)
{
	int saved = errno;
	struct sl_emitter *e = atomic_load(&the_emitter);
	if (e != NULL && !atomic_load(&e->broken)) {
		atomic_store(&e->dying, signal_number);
		if (is_inside(e)) {
			errno = saved;
			return; /* turn_give() dies of it */
		}
		if (turn_in_time(e))
			write_ring(e); /* and never give the turn back */
	}
	die_of(signal_number);
	errno = saved;
}

/* A fault inside the emitter comes again as soon as the handler returns, so it is
 * not left to turn_give(). */
static void on_fault(int signal_number)
{
	struct sl_emitter *e = atomic_load(&the_emitter);
	if (e != NULL && is_inside(e))
		die_of(signal_number);
	else
		on_fatal_signal(signal_number);
}

static void on_exit_flush(void)
{
	struct sl_emitter *e = atomic_load(&the_emitter);
	if (e == NULL || atomic_load(&e->broken) || is_inside(e))
		return;
	while (sem_wait(&e->turn) != 0)
		;
	write_ring(e);
	sem_post(&e->turn);
}

/* The child shares the pipe, but must not write the ring. */
static void on_forked_child(void)
{
	struct sl_emitter *e = atomic_load(&the_emitter);
	if (e == NULL)
		return;
	atomic_store(&the_emitter, NULL);
	atomic_store(&e->broken, true);
	e->has_second = false;
	close(e->fd);
}

static void on_broken_pipe(int signal_number)
{
	(void)signal_number; /* write reports EPIPE */
}

static void install(int signal_number, void (*handler)(int), int flags)
{
	struct sigaction old, action = { .sa_handler = handler, .sa_flags = flags };
	if (sigaction(signal_number, NULL, &old) != 0)
		return;
	if ((old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_DFL)
		return; /* the language's runtime, or the user, was here first */
	sigfillset(&action.sa_mask);
	sigaction(signal_number, &action, NULL);
}

/* For a handler that runs because the stack is full. */
static void give_signal_stack(void)
{
	static char room[ALTSTACK_SIZE];
	stack_t old, mine = { .ss_sp = room, .ss_size = sizeof room };
	if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE))
		sigaltstack(&mine, NULL);
}

static void install_handlers(void)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };
	static const int fatal[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGXCPU, SIGXFSZ,
		                     SIGALRM, SIGUSR1, SIGUSR2 };
	give_signal_stack();
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		install(faults[i], on_fault, SA_ONSTACK);
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		install(fatal[i], on_fatal_signal, SA_ONSTACK);
	/* Not SIG_IGN, because programs that the worker starts would inherit it. */
	install(SIGPIPE, on_broken_pipe, SA_ONSTACK | SA_RESTART);
	atexit(on_exit_flush);
	pthread_atfork(NULL, NULL, on_forked_child);
}

/* ---- the turn of the putting thread ---- */

static void turn_take(struct sl_emitter *e)
{
	atomic_store(&e->inside, (uintptr_t)pthread_self());
	while (sem_wait(&e->turn) != 0)
		if (atomic_load(&e->dying) != 0) {
			atomic_store(&e->inside, 0);
			on_fatal_signal(atomic_load(&e->dying));
		}
}

static bool turn_try(struct sl_emitter *e)
{
	atomic_store(&e->inside, (uintptr_t)pthread_self());
	if (sem_trywait(&e->turn) == 0)
		return true;
	atomic_store(&e->inside, 0);
	return false;
}

static void turn_give(struct sl_emitter *e)
{
	sem_post(&e->turn);
	atomic_store(&e->inside, 0);
	int signal_number = atomic_load(&e->dying);
	if (signal_number != 0)
		on_fatal_signal(signal_number);
}

static int write_now(struct sl_emitter *e)
{
	turn_take(e);
	int rc = write_ring(e);
	turn_give(e);
	return rc;
}

/* ---- the second thread ---- */

static void flush_late(struct sl_emitter *e)
{
	if (sem_trywait(&e->turn) != 0)
		return; /* the putting thread is writing */
	write_ring(e);
	sem_post(&e->turn);
}

/* Runs until there is little traffic. Bytes that were there at the last tick and
 * are still there are late; under full load there are none, because batches
 * leave more often than that. */
static void watch_load(struct sl_emitter *e)
{
	unsigned frames = atomic_load(&e->frames);
	size_t mark = atomic_load(&e->committed);
	int quiet = 0;
	while (atomic_load(&e->state) == LOAD && !atomic_load(&e->quit)) {
		nanosleep(&(struct timespec){ .tv_nsec = TICK_NS }, NULL);
		bool blocked = atomic_load(&e->inside) != 0;
		if ((ptrdiff_t)(mark - atomic_load(&e->flushed)) > 0)
			flush_late(e);
		mark = atomic_load(&e->committed);
		unsigned now = atomic_load(&e->frames);
		quiet = !blocked && now - frames < QUIET_FRAMES ? quiet + 1 : 0;
		frames = now;
		if (quiet >= QUIET_TICKS)
			atomic_store(&e->state, IDLE);
	}
	/* A frame may have been committed before the putting thread could see IDLE:
	 * it sees IDLE after committing, or we see the frame after setting IDLE. */
	flush_late(e);
}

static void *second_main(void *arg)
{
	struct sl_emitter *e = arg;
	while (!atomic_load(&e->quit)) {
		while (sem_wait(&e->load_began) != 0)
			;
		watch_load(e);
	}
	return NULL;
}

/* Signals are for the user's threads: this one must be able to finish a write
 * while a handler waits for the turn. */
static int start_second(struct sl_emitter *e)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int rc = pthread_create(&e->second, NULL, second_main, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	e->has_second = rc == 0;
	return rc;
}

/* ---- putting ---- */

/* Without a second thread every frame is written at once: slower, but correct. */
static void enter_load(struct sl_emitter *e)
{
	if (!e->has_second && start_second(e) != 0)
		return;
	atomic_store(&e->state, LOAD);
	sem_post(&e->load_began);
}

static void spend(struct sl_emitter *e)
{
	if (--e->budget > 0)
		return;
	uint64_t now = (uint64_t)sl_now_ns();
	if (now - e->budget_from_ns < BUDGET_NS)
		enter_load(e);
	e->budget = BUDGET;
	e->budget_from_ns = now;
}

/* Called after a commit. The commit and this read of the state are both
 * sequentially consistent: see watch_load(). */
static int settle(struct sl_emitter *e)
{
	if (atomic_load(&e->state) == IDLE) {
		int rc = write_now(e);
		spend(e);
		return rc;
	}
	size_t committed = atomic_load_explicit(&e->committed, memory_order_relaxed);
	if (committed - e->flushed_seen < BATCH)
		return 0;
	e->flushed_seen = atomic_load(&e->flushed);
	if (committed - e->flushed_seen < BATCH || !turn_try(e))
		return 0; /* the second thread has just written, or is writing */
	int rc = write_ring(e);
	turn_give(e);
	return rc;
}

static int make_room(struct sl_emitter *e, size_t committed, size_t need)
{
	if (RING_SIZE - (committed - e->flushed_seen) >= need)
		return 0;
	e->flushed_seen = atomic_load(&e->flushed);
	if (RING_SIZE - (committed - e->flushed_seen) >= need)
		return 0;
	int rc = write_now(e);
	e->flushed_seen = atomic_load(&e->flushed);
	return rc;
}

static void ring_copy(struct sl_emitter *e, size_t offset, const void *bytes, size_t len)
{
	size_t at = offset % RING_SIZE, first = RING_SIZE - at;
	if (len <= first) {
		memcpy(e->ring + at, bytes, len);
		return;
	}
	memcpy(e->ring + at, bytes, first);
	memcpy(e->ring, (const char *)bytes + first, len - first);
}

/* Too large for the ring: writes what is before it, then the frame from where it is. */
static int put_large(struct sl_emitter *e, struct iovec iov[2])
{
	turn_take(e);
	int rc = write_ring(e);
	if (rc == 0)
		rc = write_pieces(e, iov);
	turn_give(e);
	return rc;
}

static int put(struct sl_emitter *e, struct iovec iov[2], bool hold)
{
	size_t head = iov[0].iov_len, need = head + iov[1].iov_len;
	if (atomic_load_explicit(&e->broken, memory_order_relaxed))
		return -1;
	if (need > LARGE)
		return put_large(e, iov);
	size_t committed = atomic_load_explicit(&e->committed, memory_order_relaxed);
	if (make_room(e, committed, need) != 0)
		return -1;
	ring_copy(e, committed, iov[0].iov_base, head);
	if (iov[1].iov_len > 0)
		ring_copy(e, committed + head, iov[1].iov_base, iov[1].iov_len);
	unsigned frames = atomic_load_explicit(&e->frames, memory_order_relaxed);
	atomic_store_explicit(&e->frames, frames + 1, memory_order_relaxed);
	atomic_store(&e->committed, committed + need);
	return hold ? 0 : settle(e);
}

int sl_emitter_put(struct sl_emitter *e, const struct sl_header *head, const char *payload,
                   bool hold)
{
	unsigned char bytes[SL_HEADER_SIZE];
	sl_header_put(bytes, head);
	struct iovec iov[2] = { { bytes, sizeof bytes }, { (char *)payload, head->length } };
	return put(e, iov, hold);
}

int sl_emitter_put_frames(struct sl_emitter *e, const char *bytes, size_t len, bool hold)
{
	struct iovec iov[2] = { { (char *)bytes, len }, { NULL, 0 } };
	return put(e, iov, hold);
}

int sl_emitter_flush(struct sl_emitter *e)
{
	if (atomic_load(&e->broken))
		return -1;
	int rc = write_now(e);
	atomic_store(&e->state, IDLE);
	e->flushed_seen = atomic_load(&e->flushed);
	e->budget = BUDGET;
	e->budget_from_ns = (uint64_t)sl_now_ns();
	return rc;
}

/* ---- life ---- */

struct sl_emitter *sl_emitter_new(int fd)
{
	static atomic_flag installed = ATOMIC_FLAG_INIT;
	struct sl_emitter *e = calloc(1, sizeof *e);
	if (e == NULL)
		return NULL;
	e->fd = fd;
	e->budget = BUDGET;
	e->budget_from_ns = (uint64_t)sl_now_ns();
	sem_init(&e->turn, 0, 1);
	sem_init(&e->load_began, 0, 0);
	atomic_store(&the_emitter, e);
	if (!atomic_flag_test_and_set(&installed))
		install_handlers();
	return e;
}

void sl_emitter_free(struct sl_emitter *e)
{
	if (e == NULL)
		return;
	struct sl_emitter *mine = e;
	atomic_compare_exchange_strong(&the_emitter, &mine, NULL);
	atomic_store(&e->quit, true);
	if (e->has_second) {
		sem_post(&e->load_began);
		pthread_join(e->second, NULL);
	}
	sem_destroy(&e->load_began);
	sem_destroy(&e->turn);
	free(e);
}
