/* death.c - see death.h */
#include "supervise/death.h"

#include <stdio.h>
#include <string.h>

static void exit_words(char *out, size_t size, const struct sl_exit_report *e)
{
	if (e->signal != 0)
		snprintf(out, size, "was killed by signal %d (%s)", e->signal, strsignal(e->signal));
	else if (e->status >= 0)
		snprintf(out, size, "exited with status %d", e->status);
	else
		snprintf(out, size, "ended");
}

static void add_exit(struct sl_error *err, const struct sl_exit_report *e)
{
	if (e->signal != 0)
		sl_error_number(err, SL_D_SIGNAL, e->signal);
	else if (e->status >= 0)
		sl_error_number(err, SL_D_EXIT_STATUS, e->status);
}

const char *sl_death_first_line(const struct sl_session *s, const struct sl_printed *printed,
                                char room[SL_FIRST_LINE_SIZE])
{
	size_t len;
	const char *preamble = sl_decoder_preamble(&s->in, &len);
	if (printed->first_line[0] != '\0' || len == 0)
		return printed->first_line;
	const char *end = memchr(preamble, '\n', len);
	return sl_quote(room, SL_FIRST_LINE_SIZE, preamble, end != NULL ? (size_t)(end - preamble) : len);
}

void sl_death_before_hello(const struct sl_session *s, const struct sl_printed *printed,
                           const struct sl_exit_report *e, struct sl_error *err)
{
	char how[96], room[SL_FIRST_LINE_SIZE];
	const char *line = sl_death_first_line(s, printed, room);
	exit_words(how, sizeof how, e);
	if (line[0] != '\0') {
		sl_fail(err, SL_HANDSHAKE, 0,
		        "the worker does not speak the protocol: it printed \"%s\" and %s", line, how);
		sl_error_text(err, SL_D_OPTION, "--lines", 7);
	} else {
		sl_fail(err, e->signal != 0 ? SL_WORKER_EXITED : SL_HANDSHAKE, 0,
		        "the worker %s before it introduced itself", how);
	}
	add_exit(err, e);
}

void sl_death_in_request(const struct sl_session *s, const struct sl_exit_report *e,
                         struct sl_error *err)
{
	char how[96];
	SL_ERROR(cut);
	exit_words(how, sizeof how, e);
	bool whole = sl_session_end(s, &cut) == 0;
	if (!whole && e->status == 0)
		*err = cut;
	else if (e->timed_out)
		sl_fail(err, SL_WORKER_EXITED, 0,
		        "the worker closed its pipe before the request was over, and had to be killed");
	else if (s->state == SL_SESSION_SETTLING)
		sl_fail(err, SL_WORKER_EXITED, 0, "the worker %s after its %s, before the request was over",
		        how, sl_frame_kind_name(s->terminal));
	else
		sl_fail(err, SL_WORKER_EXITED, 0, "the worker %s before the request was over%s%s", how,
		        whole ? "" : "; ", whole ? "" : cut.message);
	add_exit(err, e);
}
