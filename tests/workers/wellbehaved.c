/* Behaves well: the native counterpart of counts.lua. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sluice/worker.h>

static int count(sluice_request *rq, void *user)
{
	long n = strtol(sluice_request_text(rq, NULL), NULL, 10);
	(void)user;
	for (long i = 1; i <= n; i++) {
		char json[32];
		int len = snprintf(json, sizeof json, "{\"i\":%ld}", i);
		int status = sluice_emit_row(rq, "rows", json, (size_t)len);
		if (status != SLUICE_OK)
			return status;
	}
	return sluice_set_metadata(rq, "{\"native\":true}", 15);
}

static int forever(sluice_request *rq, void *user)
{
	int status;
	(void)user;
	while ((status = sluice_emit_row(rq, "rows", "1", 1)) == SLUICE_OK)
		;
	return status;
}

static int echo(sluice_request *rq, void *user)
{
	size_t len;
	const char *text = sluice_request_text(rq, &len);
	(void)user;
	return sluice_reply(rq, text, len);
}

static int fail(sluice_request *rq, void *user)
{
	(void)user;
	sluice_emit_row(rq, "rows", "1", 1);
	sluice_fail(rq, "the disk is on fire");
	return 3;
}

static int status(sluice_request *rq, void *user)
{
	(void)user;
	return atoi(sluice_request_text(rq, NULL));
}

/* The request's text, quotes and all, is the payload, valid or not. */
static int raw(sluice_request *rq, void *user)
{
	const char *text = sluice_request_text(rq, NULL);
	(void)user;
	char *bytes = malloc(strlen(text) + 1);
	size_t len = 0;
	for (const char *p = text + 1; bytes != NULL && *p != '\0' && *p != '"'; p++)
		bytes[len++] = *p;
	int rc = bytes != NULL ? sluice_emit_row(rq, "rows", bytes, len) : 1;
	free(bytes);
	return rc;
}

/* A row of the size in the request; its refusal is ignored. */
static int large(sluice_request *rq, void *user)
{
	size_t size = (size_t)atol(sluice_request_text(rq, NULL));
	char *json = malloc(size + 1);
	(void)user;
	if (json == NULL)
		return 1;
	memset(json, '1', size);
	sluice_emit_row(rq, "rows", json, size);
	sluice_emit_row(rq, "rows", "2", 1);
	free(json);
	return 0;
}

/* A row that is refused, and then rows until it is asked to stop. */
static int large_and_forever(sluice_request *rq, void *user)
{
	large(rq, user);
	return forever(rq, user);
}

int main(void)
{
	static const struct sluice_export exports[] = {
		{ "count", SLUICE_ROWS, count, NULL }, { "forever", SLUICE_ROWS, forever, NULL },
		{ "echo", SLUICE_CALL, echo, NULL },   { "fail", SLUICE_ROWS, fail, NULL },
		{ "status", SLUICE_ROWS, status, NULL }, { "raw", SLUICE_ROWS, raw, NULL },
		{ "large", SLUICE_ROWS, large, NULL },
		{ "large_and_forever", SLUICE_ROWS, large_and_forever, NULL },
	};
	static const struct sluice_worker worker = { "wellbehaved", "1.0", exports, 8 };
	return sluice_worker_main(&worker);
}
