/*
 * worker.h - inside a worker's handle (room: supervise, private)
 *
 * worker.c owns the handle and its generations, request.c what happens to a
 * request, death.c the words for a process that has ended.
 */
#ifndef SL_SUPERVISE_WORKER_H
#define SL_SUPERVISE_WORKER_H

#include "supervise/process.h"

/* Restart intensity: so many generations that went wrong, in so long a time. */
#define SL_RESTART_LIMIT_COUNT 16
#define SL_RESTART_WINDOW_S 60

struct sl_pending {
	struct sl_request_options options; /* texts are copies, owned */
	struct sl_events events;
	int64_t begun_ns, deadline_ns;
	bool dispatched;
	bool stop_wanted;
};

struct sl_worker {
	struct sl_supervisor *supervisor; /* NULL: orphaned */
	struct sl_worker *next, **link;
	struct sl_worker_options options; /* deep copy */
	struct sl_process *process;
	bool leaving; /* shutdown was asked for */

	bool busy; /* a request is running */
	struct sl_pending request;
	int depth; /* of callbacks running */
	struct sl_error cancel; /* wanted by a callback */

	uint64_t last_id;
	uint64_t served; /* requests of this generation */
	uint64_t mishaps; /* generations that went wrong */
	int64_t mishap_ns[SL_RESTART_LIMIT_COUNT]; /* when, a ring */
	struct sl_error start_error;
	struct sl_exit_report exit;
	struct sl_buffer last_tail; /* of the latest generation that ended */
	struct sl_worker_stats stats;
};

enum sl_manner { /* what becomes of a process when something ends */
	SL_KEEP,     /* it is in good order */
	SL_LEAVE,    /* it may leave in its own time */
	SL_TERMINATE /* it has had its time */
};

/* worker.c */
int sl_worker_start_process(struct sl_worker *w, struct sl_error *err);
void sl_worker_let_go(struct sl_worker *w, enum sl_manner manner);
void sl_worker_retire_if_due(struct sl_worker *w); /* after a request */
void sl_worker_note_mishap(struct sl_worker *w);
void sl_worker_note_exit(struct sl_worker *w);
bool sl_worker_has_live_process(struct sl_worker *w);

/* request.c */
extern const struct sl_process_events sl_worker_process_events;
void sl_pending_clear(struct sl_pending *r);

/* death.c: the first line that w's process printed where its hello was due,
 * quoted (room is used for it if need be), or ""; and why the process, which is
 * gone, ended the start or the request. */
const char *sl_death_first_line(const struct sl_worker *w, char *room, size_t size);
void sl_death_before_hello(const struct sl_worker *w, struct sl_error *err);
void sl_death_in_request(const struct sl_worker *w, struct sl_error *err);

#endif
