/*
 * death.h - words for a process that has ended (room: supervise)
 *
 * Pure: why the process, which is gone, ended the start or the request.
 */
#pragma once

#include "supervise/printed.h"
#include "supervise/session.h"

/* The first line that was printed where the hello was due, quoted, or "". room
 * is used for it if need be. */
const char *sl_death_first_line(const struct sl_session *s, const struct sl_printed *printed,
                                char room[SL_FIRST_LINE_SIZE]);

void sl_death_before_hello(const struct sl_session *s, const struct sl_printed *printed,
                           const struct sl_exit_report *e, struct sl_error *err);
void sl_death_in_request(const struct sl_session *s, const struct sl_exit_report *e,
                         struct sl_error *err);
