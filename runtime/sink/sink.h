/*
 * sink.h - where rows go, in C (room: sink)
 *
 * Writers on descriptors and files, CSV, databases. Each is a userdata that
 * takes rows (taker.h); lualib makes sinks of them. The code that runs them
 * names none: it opens the room with a context of what the room needs from it.
 */
#pragma once

#include <stdbool.h>
#include <sys/queue.h>

#include <lua.h>

#include "base/error.h"
#include "file/stop.h"

LIST_HEAD(sl_writers, sl_writer);

struct sl_sinks { /* embedded; must not move; one for each Lua state */
	sl_stop *stop;             /* does the user want to wait no longer? */
	bool (*is_hurried)(void);  /* not even for a reader that does not read? */
	/* Has the deadline or limit of the current request or handler expired? */
	bool (*is_late)(const struct sl_sinks *s);
	/* Around work that takes time in proportion to a file: it is not charged to
	 * a handler's limit. */
	void (*pause)(struct sl_sinks *s);
	void (*resume)(struct sl_sinks *s);
	/* What this taker had accepted could not be written. Every run that gives
	 * it rows must be ended. */
	void (*on_lost)(struct sl_sinks *s, const void *taker, const struct sl_error *why);
	/* Push the method taker:row(row), which gives the taker a row. Raises. */
	void (*push_give)(lua_State *L);
	struct sl_writers dirty;   /* with bytes not yet written; the room's own */
};

/* Add core.writer, core.file, core.csv, core.sqlite, core.postgres, core.shapes and core.stats to the
 * module on top; the context has been filled in. Raises. */
void sl_sinks_open(lua_State *L, struct sl_sinks *s);

/* Must a wait for a database be given up? patient, for what decides about a commit: only a
 * second signal ends it; a first one, deadlines and limits do not. */
static inline bool sl_sinks_must_stop(const struct sl_sinks *s, bool patient)
{
	return s->is_hurried() || (!patient && (s->is_late(s) || s->stop(NULL, "") != 0));
}

/* Flush all writers: 0, or -1 if one fails (on_lost). */
int sl_sinks_flush(struct sl_sinks *s);

static inline bool sl_sinks_are_dirty(const struct sl_sinks *s)
{
	return !LIST_EMPTY(&s->dirty);
}
