/*
 * death.h - describes the end of a process (room: supervise)
 *
 * Pure: explains how a process that is gone ended the start or the request.
 */
#pragma once

#include "supervise/printed.h"
#include "supervise/session.h"

/* The first line that was printed instead of a hello, quoted, or "". It may be
 * stored in room. */
const char *sl_death_first_line(const struct sl_session *s, const struct sl_printed *printed,
                                char room[SL_FIRST_LINE_SIZE]);

void sl_death_before_hello(const struct sl_session *s, const struct sl_printed *printed,
                           const struct sl_exit_report *e, struct sl_error *err);
void sl_death_in_request(const struct sl_session *s, const struct sl_exit_report *e,
                         struct sl_error *err);
