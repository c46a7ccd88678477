/*
 * stats_place.h - the places of stats (room: schema, for stats*.c only)
 */
#pragma once

#include "json/json.h"
#include "schema/distinct.h"
#include "schema/extremes.h"
#include "schema/frequent.h"
#include "schema/stats.h"

#define SL_STATS_TYPES (SL_JSON_OBJECT + 1)

struct sl_stats_place {
	struct sl_stats_place *parent, *next;  /* next: of the same parent */
	struct sl_stats_place *first, **last;  /* fields */
	struct sl_stats_place *items;          /* elements of arrays */
	char *name;                            /* of a field */
	size_t len;
	uint64_t word; /* its first eight bytes */
	uint64_t hash; /* of parent and name */
	unsigned depth;

	uint64_t visit;   /* of the last object that had it */
	size_t pending;   /* index of its value in the pending list */
	uint64_t row;     /* the last that had it */
	uint64_t rows;    /* how many had it */
	uint64_t counts[SL_STATS_TYPES];
	uint64_t large;   /* decimals that are integers */

	size_t min_items, max_items;
	struct sl_numbers numbers;
	struct sl_strings strings;
	struct sl_frequent frequent;
	struct sl_distinct *distinct; /* NULL: frequent has them all */
};

struct sl_stats_pending { /* a field's value, until it is certain to be the last of its name */
	struct sl_stats_place *place;
	struct sl_json_value value;
};

struct sl_stats {
	struct sl_stats_place *root;
	uint64_t rows, bytes;
	uint64_t objects;             /* visited so far */
	struct sl_stats_place **slots; /* fields, by hash */
	size_t slot_count, places;
	struct sl_distinct *omitted;  /* NULL: none */
	struct sl_stats_pending *pending;
	size_t pending_count, pending_capacity;
};

/* The parent's field of this name, which is in a document, made if need be. NULL and *is_short: no memory; NULL
 * alone: it is omitted. guess, which may be NULL, is tried first, because names usually come in the same order. */
struct sl_stats_place *sl_stats_field(struct sl_stats *s, struct sl_stats_place *parent, const char *name, size_t len,
                                      struct sl_stats_place *guess, bool *is_short);
struct sl_stats_place *sl_stats_items(struct sl_stats *s, struct sl_stats_place *parent, bool *is_short);

/* Count a scalar among the distinct and the frequent ones: 0, or -1: no memory. */
int sl_stats_count(struct sl_stats_place *p, struct sl_json_value v);

/* Decodes the bytes of a frequent integer, which sort in the order of their values. */
int64_t sl_stats_integer(const char bytes[sizeof(int64_t)]);
