/*
 * recorder.h - records what a worker does to a file (room: record)
 *
 * The file is FILE.part, mode 0600, until it is complete, and FILE from then on; neither
 * may exist before. Bytes are copied into a block; full blocks, and once a second a partial
 * one, go to a thread, which packs and writes them. If it does not keep up, a live recording
 * stores blocks that it has no time to pack; beyond that, the caller waits. After a failed
 * write, everything added is lost, and _check says why.
 *
 * Only one thread may call these; our own thread has all signals blocked and a low priority (nice).
 */
#pragma once

#include "record/block.h"

struct sl_recorder;

enum sl_recorder_pace {
	SL_RECORDER_LIVE, /* do not slow down the run: the file may become larger */
	SL_RECORDER_SMALL /* pack everything that can be packed */
};

/* Creates the file and the thread. flags: of the file (block.h). Returns NULL and *err: usage if
 * the file exists already, otherwise sink. */
struct sl_recorder *sl_recorder_open(const char *path, uint32_t flags, enum sl_recorder_pace pace, struct sl_error *err);

/* Everything added from here on, including the end, gets this time instead of the clock's. */
void sl_recorder_set_time(struct sl_recorder *r, uint64_t time_ns);

/* Does nothing if r is NULL. */
void sl_recorder_add(struct sl_recorder *r, enum sl_record_kind kind, const void *bytes, size_t n);

/* Returns 0, or -1 and *err (sink) if a write failed. */
int sl_recorder_check(struct sl_recorder *r, struct sl_error *err);

/* Waits until everything added is in the file, then does the same. */
int sl_recorder_flush(struct sl_recorder *r, struct sl_error *err);

/* Writes the end, flushes, renames and frees. Returns 0, or -1 and *err (sink), and
 * FILE.part is kept. Accepts NULL. */
int sl_recorder_close(struct sl_recorder *r, struct sl_error *err);

/* Instead of _close: removes FILE.part and frees the recorder. Accepts NULL. */
void sl_recorder_abandon(struct sl_recorder *r);
