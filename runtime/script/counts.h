/*
 * counts.h - what became of rows (room: script)
 */
#pragma once

#include <stdint.h>

/* What became of a row, and the letter for it in a run's fates(). Of a request that goes well, every row has one of
 * these; a row whose handling failed counts as rejected. */
enum sl_fate { SL_FATE_KEPT, SL_FATE_DROPPED, SL_FATE_REJECTED, SL_FATE_COUNT };

struct sl_counts {
	uint64_t rows, bytes;
	uint64_t fates[SL_FATE_COUNT]; /* together: rows, but for the one at hand */
	uint64_t invalid; /* of the dropped: by the schema */
};

#define SL_FATE_LETTERS "kdr"
#define SL_FATE_INVALID 'i' /* dropped, by the schema */

struct sl_run;
struct sl_script;

/* Add those of all streams of the run. */
void sl_counts_add_run(struct sl_counts *sum, const struct sl_run *run);

/* Of the runs whose outcome is awaited, else of the latest that had one
 * (async-signal-safe). s may be NULL. */
struct sl_counts sl_counts_of(const struct sl_script *s);
