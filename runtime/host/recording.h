/*
 * recording.h - what is in a recording, and which part of it answers a request (room: host)
 *
 * The index: its processes, and the requests that they got, each with the places where the
 * answer begins and ends. It is made from the blocks that hold anything other than a worker's
 * bytes. The other blocks are checked, but not unpacked: all of them before anything is played, if the
 * recording holds several requests or processes; otherwise those that come after the answer, because
 * the rest is checked while it is played, and no outcome is final before its end.
 */
#pragma once

#include "json/json.h"
#include "record/file.h"
#include "wire/message.h"
#include "wire/transport.h"

struct sl_answer { /* to a request, or what comes before the first */
	struct sl_record_place from, until;
	bool has_until;       /* otherwise it goes on to the end of the process's records */
	bool until_shutdown;  /* there the process was told to leave */
	uint64_t time_ns;     /* when it begins */
};

struct sl_asked {
	struct sl_answer answer;
	uint64_t id;
	enum sl_export_type type;
	struct sl_buffer export_name, json;
	uint64_t hash; /* of the value: most mismatches need no closer look */
	struct sl_buffer streams; /* names that the worker was sent, each with a NUL; all others came as "*" */
	bool chooses;             /* it was sent some, maybe none */
	bool stopped;  /* the runner asked for an early end */
	unsigned used; /* how often it has been the answer */
};

struct sl_recording { /* embedded */
	struct sl_record_file file;
	struct sl_asked *asked;
	size_t count;
	struct sl_json *one, *other; /* for comparing */
	struct sl_answer opening; /* of the first process that said hello, otherwise of the first */
	enum sl_transport_kind transport; /* of that process */
	bool has_process;
	struct sl_error not_started; /* why there is none */
};

/* 0, or -1 and *err; _close either way. */
int sl_recording_open(struct sl_recording *r, const char *path, struct sl_error *err);
void sl_recording_close(struct sl_recording *r);

/* Finds the recorded request that answers this one; *differs if its value is another. NULL and
 * *err (usage), which lists the recorded requests. */
struct sl_asked *sl_recording_find(struct sl_recording *r, uint64_t id,
                                   const struct sl_request_message *m, bool *differs,
                                   struct sl_error *err);
