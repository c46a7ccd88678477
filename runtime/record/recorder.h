/*
 * recorder.h - what a worker does, into a file (room: record)
 *
 * The file is FILE.part, mode 0600, until its end, and FILE from then on; neither may
 * be there before. Bytes are copied into a block; full blocks, and once a second what
 * there is, go to a thread, which packs and writes them. When it does not keep up,
 * it stores what it has no time to pack, if the recording is live, and then the caller
 * waits. A write that failed sticks: what is added afterwards is lost, and _check says why.
 *
 * One thread calls these; ours has all signals blocked, and yields to others (nice).
 */
#pragma once

#include "record/block.h"

struct sl_recorder;

enum sl_recorder_pace {
	SL_RECORDER_LIVE, /* a run is not to be held up: the file may become larger */
	SL_RECORDER_SMALL /* all that can be packed is */
};

/* The file is there, and its thread. flags: of the file (block.h). NULL and *err: usage if it is
 * there already, else sink. */
struct sl_recorder *sl_recorder_open(const char *path, uint32_t flags, enum sl_recorder_pace pace, struct sl_error *err);

/* What is added from here on has this time, and not that of the clock; so has the end. */
void sl_recorder_set_time(struct sl_recorder *r, uint64_t time_ns);

/* Does nothing for a recorder that is NULL. */
void sl_recorder_add(struct sl_recorder *r, enum sl_record_kind kind, const void *bytes, size_t n);

/* 0, or -1 and *err (sink): it could not be written. */
int sl_recorder_check(struct sl_recorder *r, struct sl_error *err);

/* Wait until all that was added is in the file, then the same. */
int sl_recorder_flush(struct sl_recorder *r, struct sl_error *err);

/* The end: flushed, renamed, and freed. 0, or -1 and *err (sink); then FILE.part
 * stays as it is. Accepts NULL. */
int sl_recorder_close(struct sl_recorder *r, struct sl_error *err);

/* In place of the end: FILE.part is removed, and the recorder freed. Accepts NULL. */
void sl_recorder_abandon(struct sl_recorder *r);
