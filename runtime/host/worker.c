/* worker.c - see sluice/worker.h: serve.h as a C library */
#include <sluice/worker.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/visible.h"
#include "host/serve.h"

#define EXIT_USAGE 2

struct sluice_request {
	struct sl_request *rq;
	const struct sluice_export *export;
};

/* ---- statuses ---- */

const char *sluice_status_name(int status)
{
	static const char *const names[] = { "ok", "stop", "cancelled", "too large",
		                             "bad stream", "misuse", "no memory" };
	int count = sizeof names / sizeof *names;
	return status <= 0 && -status < count ? names[-status] : "unknown";
}

static int misuse(const sluice_request *rq, const char *what)
{
	SL_ERROR(err);
	sl_fail(&err, SL_EXPORT_FAILED, 0, "misuse of the worker library: %s", what);
	sl_error_number(&err, SL_D_STATUS, SLUICE_MISUSE);
	sl_request_fail(rq->rq, &err);
	return SLUICE_MISUSE;
}

/* A refused row is lost if the export goes on, so the failure sticks. */
static int refused(const sluice_request *rq, const struct sl_error *err)
{
	sl_request_fail(rq->rq, err);
	return err->kind == SL_FRAME_TOO_LARGE ? SLUICE_TOO_LARGE : SLUICE_BAD_STREAM;
}

static int emitted(enum sl_emitted e)
{
	return e == SL_EMITTED_STOP ? SLUICE_STOP : e == SL_EMITTED_CANCEL ? SLUICE_CANCELLED : SLUICE_OK;
}

/* ---- what exports call ---- */

const char *sluice_request_text(const sluice_request *rq, size_t *len)
{
	size_t unused;
	return sl_request_text(rq->rq, len != NULL ? len : &unused);
}

const char *sluice_request_export(const sluice_request *rq)
{
	return rq->export->name;
}

int sluice_emit_row(sluice_request *rq, const char *stream, const char *json, size_t len)
{
	if (stream == NULL || json == NULL)
		return misuse(rq, "a row without a stream or without JSON");
	if (rq->export->type != SLUICE_ROWS)
		return misuse(rq, "a row from a call: use sluice_reply()");
	struct sl_text payload = { json, len };
	struct sl_error err;
	err.kind = SL_NONE; /* the whole of it is cleared only when it is used */
	err.have = err.used = 0;
	enum sl_emitted e = sl_request_row(rq->rq, sl_text_of(stream), payload, &err);
	return e == SL_EMITTED_REFUSED ? refused(rq, &err) : emitted(e);
}

int sluice_emit_diagnostic(sluice_request *rq, const char *code, const char *message)
{
	if (code == NULL || message == NULL)
		return misuse(rq, "a diagnostic without a code or a message");
	return emitted(sl_request_diagnostic(rq->rq, sl_text_of(code), sl_text_of(message)));
}

int sluice_emit_progress(sluice_request *rq, const char *phase, uint64_t current, uint64_t total)
{
	struct sl_progress m = {
		.phase = sl_text_of(phase != NULL ? phase : ""),
		.current = current,
		.has_total = total != 0,
		.total = total,
	};
	return emitted(sl_request_progress(rq->rq, &m));
}

int sluice_stopped(const sluice_request *rq)
{
	switch (sl_request_order(rq->rq)) {
	case SL_ORDER_STOP: return SLUICE_STOP;
	case SL_ORDER_CANCEL: return SLUICE_CANCELLED;
	default: return SLUICE_OK;
	}
}

uint32_t sluice_max_frame(const sluice_request *rq)
{
	return sl_request_cap(rq->rq);
}

static int set_result(sluice_request *rq, enum sluice_export_type type, const char *json,
                      size_t len)
{
	if (json == NULL)
		return misuse(rq, "metadata or a reply without JSON");
	if (rq->export->type != type)
		return misuse(rq, type == SLUICE_CALL ? "a reply from an export of rows"
		                                      : "metadata from a call");
	return sl_request_result(rq->rq, json, len) == 0 ? SLUICE_OK : SLUICE_NO_MEMORY;
}

int sluice_set_metadata(sluice_request *rq, const char *json, size_t len)
{
	return set_result(rq, SLUICE_ROWS, json, len);
}

int sluice_reply(sluice_request *rq, const char *json, size_t len)
{
	return set_result(rq, SLUICE_CALL, json, len);
}

void sluice_fail(sluice_request *rq, const char *message)
{
	SL_ERROR(err);
	sl_fail(&err, SL_EXPORT_FAILED, 0, "%s", message != NULL ? message : "failed");
	sl_request_fail(rq->rq, &err);
}

/* ---- serving ---- */

static void run(void *user, struct sl_request *rq, uint32_t which)
{
	const struct sluice_worker *worker = user;
	sluice_request mine = { rq, &worker->exports[which] };
	int status = mine.export->run(&mine, mine.export->user);
	if (status == 0)
		return;
	if (status == sluice_stopped(&mine)) { /* it asked, and obeys */
		sl_request_obey(rq);
		return;
	}
	SL_ERROR(err);
	sl_fail(&err, SL_EXPORT_FAILED, 0, "export \"%s\" returned status %d", mine.export->name,
	        status);
	sl_request_fail(rq, &err);
	if (sl_request_failure(rq)->kind == SL_EXPORT_FAILED)
		sl_error_number(sl_request_failure(rq), SL_D_STATUS, status);
}

/* A broken table is a bug: tell the author which export it is. */
static int check_table(const struct sluice_worker *worker, struct sl_error *err)
{
	for (size_t i = 0; i < worker->export_count; i++) {
		const struct sluice_export *e = &worker->exports[i];
		if (e->name == NULL || *e->name == '\0' || e->run == NULL
		    || (e->type != SLUICE_ROWS && e->type != SLUICE_CALL))
			return sl_fail(err, SL_SPAWN, 0,
			               "export %zu of the worker's table has no name, type or function",
			               i + 1);
	}
	return 0;
}

static struct sl_export_name *names_of(const struct sluice_worker *worker, struct sl_error *err)
{
	if (check_table(worker, err) != 0)
		return NULL;
	struct sl_export_name *names = calloc(worker->export_count + 1, sizeof *names);
	if (names == NULL) {
		sl_fail(err, SL_SPAWN, ENOMEM, "no memory for the worker");
		return NULL;
	}
	for (size_t i = 0; i < worker->export_count; i++) {
		names[i].name = sl_text_of(worker->exports[i].name);
		names[i].type = (enum sl_export_type)worker->exports[i].type;
	}
	return names;
}

static int serve(const struct sl_transport *t, const struct sluice_worker *worker)
{
	SL_ERROR(err);
	struct sl_export_name *names = names_of(worker, &err);
	if (names == NULL)
		return sl_serve_refuse(t, &err);
	struct sl_service service = {
		.name = worker->name,
		.version = worker->version,
		.exports = names,
		.export_count = (uint32_t)worker->export_count,
		.run = run,
		.user = (void *)worker,
	};
	int status = sl_serve(t, &service);
	free(names);
	return status;
}

int sluice_worker_main(const struct sluice_worker *worker)
{
	SL_ERROR(err);
	struct sl_transport t;
	enum sl_transport_kind kind;
	if (sl_transport_from_environment(&kind, &err) != 0
	    || sl_transport_claim(&t, kind, &err) != 0) {
		sl_visible_print_line(stderr, "", err.message, strlen(err.message));
		return EXIT_USAGE;
	}
	return serve(&t, worker);
}
