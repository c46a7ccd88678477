/*
 * kinds.h - every kind of frame, and the fields of the simple ones (room: wire)
 *
 * The lists here drive the enum and the names, what each end accepts and when,
 * both ends' tables of handlers (a kind without a handler does not compile),
 * and, for the messages in SL_SIMPLE_MESSAGES, the struct, the encoder, the
 * parser, and the probe and the fuzzer of the tests. PROTOCOL.md documents the
 * same for people, and tests/wire/protocol_spec.lua compares the two.
 * runtime/README.md lists the steps for adding one under "How to add".
 */
#pragma once

/*
 * X(identifier, code, name, sender, when, header)
 *
 * sender: WORKER or RUNNER. when: the states in which its receiver accepts it
 * (enum sl_when); stop, cancel and shutdown may arrive late. header: the ids that
 * its header carries (enum sl_header_ids).
 */
#define SL_FRAME_KINDS(X)                                            \
	X(HELLO, 1, hello, WORKER, OPENING, NONE)                    \
	X(CONFIGURE, 2, configure, RUNNER, OPENING, NONE)            \
	X(REQUEST, 3, request, RUNNER, IDLE, REQUEST)                \
	X(STOP, 4, stop, RUNNER, OPEN, REQUEST)                      \
	X(CANCEL, 5, cancel, RUNNER, OPEN, REQUEST)                  \
	X(SHUTDOWN, 6, shutdown, RUNNER, OPEN, NONE)                 \
	X(STREAMS, 7, streams, RUNNER, IDLE, REQUEST)                \
	X(STREAM, 16, stream, WORKER, ROWS, STREAM)                  \
	X(ROW, 17, row, WORKER, ROWS, ROW)                           \
	X(DIAGNOSTIC, 18, diagnostic, WORKER, RUNNING, REQUEST)      \
	X(PROGRESS, 19, progress, WORKER, RUNNING, REQUEST)          \
	X(SUMMARY, 20, summary, WORKER, ROWS, REQUEST)               \
	X(REPLY, 21, reply, WORKER, CALL, REQUEST)                   \
	X(FAILURE, 22, failure, WORKER, RUNNING_OR_OPENING, REQUEST) \
	X(READY, 23, ready, WORKER, SETTLING, REQUEST)               \
	X(PLACE, 24, place, WORKER, ROWS, REQUEST)                   \
	X(BAD_LINE, 25, bad_line, WORKER, ROWS, REQUEST)

/*
 * Messages that consist of their fields, one after the other:
 * X(identifier of the kind, name of the functions, struct, fields)
 */
#define SL_SIMPLE_MESSAGES(X)                                               \
	X(CONFIGURE, configure, sl_configure, SL_CONFIGURE_FIELDS)          \
	X(REQUEST, request, sl_request_message, SL_REQUEST_FIELDS)          \
	X(DIAGNOSTIC, diagnostic, sl_diagnostic, SL_DIAGNOSTIC_FIELDS)      \
	X(PROGRESS, progress, sl_progress, SL_PROGRESS_FIELDS)              \
	X(STREAMS, streams, sl_stream_names, SL_STREAMS_FIELDS)             \
	X(PLACE, place, sl_place, SL_PLACE_FIELDS)                          \
	X(BAD_LINE, bad_line, sl_bad_line, SL_BAD_LINE_FIELDS)

/* X(type, name); the types are those of message.h: SL_TYPE_text and so on. */
#define SL_CONFIGURE_FIELDS(X)                          \
	X(u8, version)                                  \
	X(u32, max_frame) /* the cap from now on, bytes */ \
	X(features, features) /* picked from those of hello */

#define SL_REQUEST_FIELDS(X)                        \
	X(type, type) /* what the caller expects */ \
	X(text, export_name)                        \
	X(text, json) /* exactly one JSON value */

#define SL_DIAGNOSTIC_FIELDS(X)                \
	X(text, code)    /* for programs */    \
	X(text, message) /* for people */

#define SL_PROGRESS_FIELDS(X)           \
	X(text, phase)                  \
	X(u64, current)                 \
	X(flag, has_total)              \
	X(u64, total) /* 0 without one */

/* These kinds belong to the features of the same names (feature.h). */
#define SL_STREAMS_FIELDS(X)                                \
	X(text, names) /* each with a NUL after it */

#define SL_PLACE_FIELDS(X)                                                   \
	X(text, file)  /* empty: the input has no name */                   \
	X(u64, line)   /* of the row that follows, from 1 */                \
	X(u64, step)   /* lines from a row to the next, in any stream */

#define SL_BAD_LINE_FIELDS(X)                                                \
	X(text, file)                                                       \
	X(u64, line)                                                        \
	X(text, reason) /* for people */                                    \
	X(text, bytes)  /* any bytes; empty if they are not wanted */       \
	X(u64, size)    /* how many bytes the line had */
