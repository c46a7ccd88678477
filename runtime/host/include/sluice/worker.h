/*
 * sluice/worker.h - write a sluice worker in C or C++
 *
 * A worker is a program that serves requests and emits rows. Describe its
 * exports in a table, hand the table to sluice_worker_main(), and let the
 * program be started by the runner:
 *
 *     #include <stdio.h>
 *     #include <sluice/worker.h>
 *
 *     static int count(sluice_request *rq, void *user)
 *     {
 *             (void)user;
 *             for (int i = 0; i < 3; i++) {
 *                     char json[32];
 *                     int n = snprintf(json, sizeof json, "{\"n\":%d}", i);
 *                     int status = sluice_emit_row(rq, "rows", json, (size_t)n);
 *                     if (status != SLUICE_OK)
 *                             return status;
 *             }
 *             return 0;
 *     }
 *
 *     int main(void)
 *     {
 *             static const struct sluice_export exports[] = {
 *                     { "count", SLUICE_ROWS, count, NULL },
 *             };
 *             static const struct sluice_worker worker = { "counter", "1.0", exports, 1 };
 *             return sluice_worker_main(&worker);
 *     }
 *
 *     cc counter.c $(pkg-config --cflags --libs sluice-worker)
 *     sluice filter 'n > 0' -- ./a.out
 *
 * Payloads, metadata and replies are JSON texts that the worker makes: exactly
 * one value each, in UTF-8. The library does not check them; the runner
 * validates each one and fails the request with `row_malformed` if it is not JSON.
 *
 * Emit from one thread at a time. stdout and stderr are free for messages: the
 * runner collects them as diagnostics. The library handles those fatal signals
 * that have no other handler, so that rows already emitted still arrive, and
 * then lets the process die of the signal. A forked child cannot emit anything.
 */
#ifndef SLUICE_WORKER_H
#define SLUICE_WORKER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_API __attribute__((visibility("default")))

/* One call of an export; valid until the export returns. */
typedef struct sluice_request sluice_request;

enum sluice_export_type {
	SLUICE_ROWS = 1, /* emits rows, then ends with a summary */
	SLUICE_CALL = 2  /* returns one JSON value: sluice_reply() */
};

struct sluice_export {
	const char *name;
	enum sluice_export_type type;
	/* 0: success. Anything else fails the request as `export_failed` with
	 * this status, unless the runner asked for the end, sluice_fail() was
	 * called or a row was refused: then that decides the outcome. */
	int (*run)(sluice_request *rq, void *user);
	void *user;
};

struct sluice_worker {
	const char *name;
	const char *version;
	const struct sluice_export *exports;
	size_t export_count;
};

/* What emitting returns. Return anything other than SLUICE_OK from run. */
enum sluice_status {
	SLUICE_OK = 0,
	SLUICE_STOP = -1,      /* the runner has enough: end early. The row was not sent */
	SLUICE_CANCELLED = -2, /* the runner has abandoned the request */
	SLUICE_TOO_LARGE = -3, /* more bytes than sluice_max_frame(); the request fails,
	                        * whatever run returns */
	SLUICE_BAD_STREAM = -4, /* the name is empty, too long or not UTF-8, or there are
	                         * too many streams; the request fails */
	SLUICE_MISUSE = -5,    /* NULL where text is required, a reply from an export of rows,
	                        * or a row or metadata from a call; the request fails */
	SLUICE_NO_MEMORY = -6
};

/* "stop", "too large", ...; "unknown" for other numbers. */
SLUICE_API const char *sluice_status_name(int status);

/* Serve requests until the runner is done; returns the status to exit with. If
 * the program was not started by a runner, prints so on stderr and returns 2. */
SLUICE_API int sluice_worker_main(const struct sluice_worker *worker);

/* The request's JSON text, NUL-terminated, borrowed until run returns. len may
 * be NULL. */
SLUICE_API const char *sluice_request_text(const sluice_request *rq, size_t *len);

/* The name of the running export, for a function that implements several. */
SLUICE_API const char *sluice_request_export(const sluice_request *rq);

/* Emit a row; its sequence is the number of rows already on its stream. May
 * block while the runner is busy. stream is NUL-terminated; json is borrowed
 * for the call. */
SLUICE_API int sluice_emit_row(sluice_request *rq, const char *stream, const char *json, size_t len);

/* Emit a message beside the rows. It is sent even after SLUICE_STOP. */
SLUICE_API int sluice_emit_diagnostic(sluice_request *rq, const char *code, const char *message);

/* Report progress; total 0: unknown. Call it as often as you like: updates that
 * come too fast are dropped. */
SLUICE_API int sluice_emit_progress(sluice_request *rq, const char *phase, uint64_t current,
                                    uint64_t total);

/* SLUICE_OK, SLUICE_STOP or SLUICE_CANCELLED, without emitting anything: check
 * it now and then when rows are rare. It costs nothing. */
SLUICE_API int sluice_stopped(const sluice_request *rq);

/* The largest row, reply or metadata that the runner accepts, in bytes. */
SLUICE_API uint32_t sluice_max_frame(const sluice_request *rq);

/* JSON that is sent with the summary; the last call wins. */
SLUICE_API int sluice_set_metadata(sluice_request *rq, const char *json, size_t len);

/* Sets the value of a SLUICE_CALL export; null if it is never called. */
SLUICE_API int sluice_reply(sluice_request *rq, const char *json, size_t len);

/* Fails the request as `export_failed` with this message, whatever run
 * returns; a non-zero status that run returns is kept as a detail. */
SLUICE_API void sluice_fail(sluice_request *rq, const char *message);

#ifdef __cplusplus
}
#endif

#endif
