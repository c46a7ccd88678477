/* library_host.c - see library_host.h */
#include "host/library_host.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sluice/library.h>

#include "host/envelope.h"
#include "host/guardian.h"
#include "host/serve.h"

/* A callback has no place for a pointer of ours, so there is one host. A callback
 * in the wrong thread may look at the atomics only. */
static struct library_host {
	void *object;
	const struct sluice_library *library;
	struct sl_export_name *names;
	struct sl_json *json;
	struct sl_request *rq;
	pthread_t thread;
	uint64_t last_handle;
	_Atomic uint64_t handle; /* of the running request, or 0 */
	atomic_bool misused;     /* called in another thread */
} host;

/* ---- the callback ---- */

static uint8_t callback_failed(enum sluice_callback_status status, const char *what)
{
	SL_ERROR(err);
	sl_fail(&err, SL_CALLBACK_FAILED, 0, "a callback failed with status %d: %s", status, what);
	sl_error_number(&err, SL_D_STATUS, status);
	sl_request_fail(host.rq, &err);
	return (uint8_t)status;
}

static uint8_t refused(struct sl_error *err)
{
	sl_error_number(err, SL_D_STATUS, SLUICE_CALLBACK_REFUSED);
	sl_request_fail(host.rq, err);
	return SLUICE_CALLBACK_REFUSED;
}

static uint8_t refuse_text(struct sl_error *err)
{
	char what[sizeof err->message];
	memcpy(what, err->message, sizeof what);
	snprintf(err->message, sizeof err->message, "an envelope is not valid JSON: %.400s", what);
	return refused(err);
}

static uint8_t emit_envelope(const char *text, size_t len)
{
	SL_ERROR(err);
	struct sl_envelope envelope;
	if (sl_json_parse_copy(host.json, text, len, &err) != 0)
		return refuse_text(&err);
	if (sl_envelope_read(&envelope, host.json, text, len, &err) != 0)
		return refused(&err);
	switch (sl_envelope_emit(&envelope, host.rq, &err)) {
	case SL_EMITTED: return SLUICE_CALLBACK_OK;
	case SL_EMITTED_REFUSED: return refused(&err);
	default: return SLUICE_CALLBACK_STOP;
	}
}

static uint8_t callback(uint64_t handle, const char *text, size_t len)
{
	uint64_t live = atomic_load(&host.handle);
	bool elsewhere = live == 0 || !pthread_equal(host.thread, pthread_self());
	if (elsewhere && handle == live && live != 0)
		atomic_store(&host.misused, true);
	if (elsewhere)
		return handle == live && live != 0 ? SLUICE_CALLBACK_MISUSE : SLUICE_CALLBACK_STALE;
	if (sl_request_failure(host.rq)->kind != SL_NONE)
		return SLUICE_CALLBACK_REFUSED;
	if (handle != live)
		return callback_failed(SLUICE_CALLBACK_STALE, "the handle is stale");
	if (text == NULL)
		return callback_failed(SLUICE_CALLBACK_MISUSE, "the envelope is NULL");
	return emit_envelope(text, len);
}

/* ---- running ---- */

static void judge(struct sl_request *rq, const char *name, uint8_t status)
{
	SL_ERROR(err);
	if (atomic_exchange(&host.misused, false))
		callback_failed(SLUICE_CALLBACK_MISUSE, "called from a thread other than that of the export");
	if (status == 0)
		return;
	sl_fail(&err, SL_EXPORT_FAILED, 0, "export \"%s\" returned status %u", name, status);
	sl_error_number(&err, SL_D_STATUS, status);
	sl_request_fail(rq, &err);
}

static void run(void *user, struct sl_request *rq, uint32_t which)
{
	const struct sluice_library_export *export = &host.library->exports[which];
	size_t len;
	const char *text = sl_request_text(rq, &len);
	(void)user;
	host.rq = rq;
	atomic_store(&host.handle, ++host.last_handle);
	uint8_t status = export->run(text, len, host.last_handle, callback);
	atomic_store(&host.handle, 0);
	judge(rq, export->name, status);
	sl_json_trim(host.json, 64 * 1024);
}

/* ---- loading ---- */

static int cannot_load(struct sl_error *err, int os, const char *path, const char *why)
{
	return sl_fail(err, SL_SPAWN, os, "cannot load %s: %s", path, why);
}

/* dlopen would search the system's directories for a name without a slash. */
static void *open_object(const char *path)
{
	char *here;
	if (strchr(path, '/') != NULL)
		return dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (asprintf(&here, "./%s", path) < 0)
		return NULL;
	void *object = dlopen(here, RTLD_NOW | RTLD_LOCAL);
	free(here);
	return object;
}

static int check_library(const char *path, struct sl_error *err)
{
	const struct sluice_library *l = host.library;
	if (l->abi != SLUICE_LIBRARY_ABI)
		return sl_fail(err, SL_SPAWN, 0, "cannot load %s: it was built for version %u of "
		               "the library interface, not %d", path, l->abi, SLUICE_LIBRARY_ABI);
	if (l->export_count > SL_EXPORT_LIMIT || (l->exports == NULL && l->export_count > 0))
		return cannot_load(err, 0, path, "its table of exports is invalid");
	for (size_t i = 0; i < l->export_count; i++)
		if (l->exports[i].name == NULL || *l->exports[i].name == '\0'
		    || l->exports[i].run == NULL)
			return cannot_load(err, 0, path, "an export has no name or no function");
	return 0;
}

static int load(const char *path, struct sl_error *err)
{
	if (access(path, F_OK) != 0)
		return cannot_load(err, errno, path, strerror(errno));
	host.object = open_object(path);
	if (host.object == NULL)
		return cannot_load(err, 0, path, dlerror());
	host.library = dlsym(host.object, "sluice_library");
	if (host.library == NULL)
		return cannot_load(err, 0, path, "it has no symbol sluice_library");
	return check_library(path, err);
}

static int prepare(struct sl_error *err)
{
	const struct sluice_library *l = host.library;
	host.names = calloc(l->export_count + 1, sizeof *host.names);
	host.json = sl_json_new();
	if (host.names == NULL || host.json == NULL)
		return sl_fail(err, SL_SPAWN, ENOMEM, "no memory for the worker");
	for (size_t i = 0; i < l->export_count; i++) {
		host.names[i].name = sl_text_of(l->exports[i].name);
		host.names[i].type = SL_EXPORT_ROWS;
	}
	host.thread = pthread_self();
	/* Not from 1, so that a handle that the library makes up is not valid by chance. */
	host.last_handle = ((uint64_t)getpid() << 32) ^ (uint64_t)(uintptr_t)host.names;
	return 0;
}

/* The library stays loaded: its own threads may still be in it. */
int sl_library_host(const struct sl_transport *t, const char *path)
{
	SL_ERROR(err);
	int status;
	if (load(path, &err) != 0 || prepare(&err) != 0) {
		status = sl_serve_refuse(t, &err);
	} else {
		struct sl_service service = {
			.name = host.library->name,
			.version = host.library->version,
			.exports = host.names,
			.export_count = (uint32_t)host.library->export_count,
			.run = run,
			.orphaned = sl_guardian_end,
		};
		status = sl_serve(t, &service);
	}
	sl_json_free(host.json);
	free(host.names);
	return status;
}
