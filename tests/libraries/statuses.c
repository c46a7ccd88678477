/* Exports and callbacks with every status. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/library.h>

#define ROW "{\"stream\":\"rows\",\"payload\":1}"

static uint64_t old_handle;

static uint8_t emit_row(uint64_t handle, sluice_callback emit)
{
	return emit(handle, ROW, strlen(ROW));
}

/* Returns the number in the request. */
static uint8_t returns(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	(void)len;
	emit_row(handle, emit);
	return (uint8_t)strtol(request, NULL, 10);
}

static uint8_t keeps_handle(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	(void)request, (void)len;
	old_handle = handle;
	return emit_row(handle, emit);
}

/* The callback's status is 1 (stale); the export's own status must not be taken for it. */
static uint8_t stale(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	(void)request, (void)len, (void)handle;
	return emit_row(old_handle, emit) == SLUICE_CALLBACK_STALE ? 77 : 78;
}

static uint8_t null_text(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	(void)request, (void)len;
	emit(handle, NULL, 5);
	return 0;
}

struct elsewhere {
	uint64_t handle;
	sluice_callback emit;
};

static void *thread_main(void *arg)
{
	struct elsewhere *e = arg;
	emit_row(e->handle, e->emit);
	return NULL;
}

static uint8_t other_thread(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	struct elsewhere e = { handle, emit };
	pthread_t thread;
	(void)request, (void)len;
	if (pthread_create(&thread, NULL, thread_main, &e) == 0)
		pthread_join(thread, NULL);
	return 0;
}

/* Emits until a callback asks it to stop, and returns that status. */
static uint8_t forever(const char *request, size_t len, uint64_t handle, sluice_callback emit)
{
	uint8_t status;
	(void)request, (void)len;
	while ((status = emit_row(handle, emit)) == SLUICE_CALLBACK_OK)
		;
	return status;
}

static const struct sluice_library_export exports[] = {
	{ "returns", returns },     { "keeps_handle", keeps_handle }, { "stale", stale },
	{ "null_text", null_text }, { "other_thread", other_thread }, { "forever", forever },
};

SLUICE_LIBRARY_SYMBOL = { SLUICE_LIBRARY_ABI, "statuses", "1.0", exports, 6 };
