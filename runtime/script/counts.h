/*
 * counts.h - what became of rows (room: script)
 */
#pragma once

#include <stdint.h>

/* What became of a row. In a successful request every row has one of these; a row whose handling failed counts as
 * rejected. */
enum sl_fate { SL_FATE_KEPT, SL_FATE_DROPPED, SL_FATE_REJECTED, SL_FATE_COUNT };

struct sl_counts {
	uint64_t rows, bytes;
	uint64_t fates[SL_FATE_COUNT]; /* their sum is rows, except for the row at hand */
	uint64_t invalid; /* of the dropped rows, those dropped by the schema */
};

#define SL_FATE_LETTERS "kdr"   /* by fate, for a run's fates() */
#define SL_FATE_INVALID 'i' /* dropped, by the schema */

struct sl_run;
struct sl_script;

/* Add the counts of all streams of the run. */
void sl_counts_add_run(struct sl_counts *sum, const struct sl_run *run);

/* The counts of the active runs or, if there are none, of the latest that had an
 * outcome (async-signal-safe). s may be NULL. */
struct sl_counts sl_counts_of(const struct sl_script *s);
