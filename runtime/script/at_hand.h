/*
 * at_hand.h - the row that is being handled (room: script)
 *
 * There is at most one in a Lua state. It is on the C stack of the callback that
 * delivers it (delivery.c); rows as userdata and expressions look here, so that
 * a look-up uses the document that the supervisor has already parsed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lua.h>

#include "script/state.h"

struct sl_at_hand {
	const struct sl_row *row;
	uint64_t first;  /* its serial when it was received */
	bool deciding;   /* its handlers run and may reject it (row.c) */
	bool rejected;   /* for script->reason; only the first reason counts */
	/* The row as it is now: as received, or with the payload from map. */
	uint64_t serial;
	const struct sl_json *json; /* its document; NULL: not parsed, or large */
	const char *text;
	size_t len;
};

/* The outline of a large row, as received; NULL: the row is not large, or map has replaced it. */
static inline struct sl_outline *sl_at_hand_outline(const struct sl_at_hand *h)
{
	return h->serial == h->first && h->json == NULL ? h->row->outline : NULL;
}
