/*
 * at_hand.h - the row that is being handled (room: script)
 *
 * There is at most one in a Lua state. It stands on the C stack of the callback
 * that brought it (delivery.c); rows as userdata and expressions look here, so
 * that a look-up uses the document that the supervisor has parsed already.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "script/state.h"

struct sl_at_hand {
	const struct sl_row *row;
	uint64_t first;  /* its serial as it came */
	bool deciding;   /* its handlers run: they may reject it (row.c) */
	bool rejected;   /* for script->reason; only the first one counts */
	/* The row as it is now: as it came, or with the payload that map gave. */
	uint64_t serial;
	const struct sl_json *json; /* its document; NULL: not parsed, or large */
	const char *text;
	size_t len;
};

/* Of a large row, as it came; NULL: it is another, or none. */
static inline struct sl_outline *sl_at_hand_outline(const struct sl_at_hand *h)
{
	return h->serial == h->first && h->json == NULL ? h->row->outline : NULL;
}
