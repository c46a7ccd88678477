/*
 * error.h - one typed error for every room (room: base)
 *
 * An error is a plain value: no ownership, copied by assignment. It has a kind
 * (from the one list below, which also gives Lua its strings and the command
 * its exit codes), an errno if a system call failed, a message for people, and
 * details: numbers and short texts that say where (stream, sequence, line,
 * ...). Texts are stored in a fixed area inside the struct and are cut, with
 * an ellipsis, when they do not fit.
 *
 * The first error wins: sl_fail() on an error that is already set changes
 * nothing, so that the consequences of a failure never hide it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * X(identifier, name in Lua, exit code of the command, who may report it)
 *
 * ANYONE: a worker may also report it, in a failure frame; RUNNER: only the runner
 * reports it, and from a worker it becomes export_failed. runtime/README.md lists the
 * steps for adding a kind under "How to add".
 */
#define SL_KINDS(X)                                          \
	X(EXPORT_FAILED, "export_failed", 1, ANYONE)         \
	X(CALLBACK_FAILED, "callback_failed", 1, ANYONE)     \
	X(USAGE, "usage", 2, ANYONE)                         \
	X(ROW_MALFORMED, "row_malformed", 3, ANYONE)         \
	X(ROW_INVALID, "row_invalid", 3, RUNNER)             \
	X(POLICY, "policy", 4, RUNNER)                       \
	X(EXPRESSION, "expression", 4, RUNNER)               \
	X(SINK, "sink", 4, RUNNER)                           \
	X(SINK_TIMEOUT, "sink_timeout", 4, RUNNER)           \
	X(SINK_MEMORY, "sink_memory", 4, RUNNER)             \
	X(ENGINE_STUCK, "engine_stuck", 4, RUNNER)           \
	X(UNHANDLED_STREAM, "unhandled_stream", 4, RUNNER)   \
	X(COMMIT, "commit", 4, RUNNER)                       \
	X(HANDSHAKE, "handshake", 5, RUNNER)                 \
	X(PROTOCOL, "protocol", 5, RUNNER)                   \
	X(FRAME_TOO_LARGE, "frame_too_large", 5, ANYONE)     \
	X(WORKER_EXITED, "worker_exited", 6, RUNNER)         \
	X(MEMORY_LIMIT, "memory_limit", 6, RUNNER)           \
	X(RESTART_LIMIT, "restart_limit", 6, RUNNER)         \
	X(STARTUP_TIMEOUT, "startup_timeout", 124, RUNNER)   \
	X(REQUEST_TIMEOUT, "request_timeout", 124, RUNNER)   \
	X(IDLE_TIMEOUT, "idle_timeout", 124, RUNNER)         \
	X(SHUTDOWN_TIMEOUT, "shutdown_timeout", 124, RUNNER) \
	X(SPAWN, "spawn", 126, ANYONE)                       \
	X(CANCELLED, "cancelled", 1, RUNNER)

enum sl_kind {
	SL_NONE,
#define SL_KIND_ENUM(id, name, code, who) SL_##id,
	SL_KINDS(SL_KIND_ENUM)
#undef SL_KIND_ENUM
	SL_KIND_COUNT
};

/* Numeric details, in bytes unless stated otherwise; absent ones are not shown. */
#define SL_DETAIL_NUMBERS(X)                                              \
	X(SEQUENCE, "sequence")       /* of the row within its stream */      \
	X(LINE, "line")               /* of the command's output, from 1 */   \
	X(OFFSET, "offset")           /* where in the byte stream or text */  \
	X(SIZE, "size")               /* what was offered */                  \
	X(LIMIT, "limit")             /* what is allowed */                   \
	X(STATUS, "status")           /* an export's or callback's status */  \
	X(EXIT_STATUS, "exit_status") /* of the worker process */             \
	X(SIGNAL, "signal")           /* that ended the worker process */     \
	X(TIMEOUT_MS, "timeout_ms")   /* the deadline that passed */

/* Text details. */
#define SL_DETAIL_TEXTS(X)                                              \
	X(STREAM, "stream")                                                 \
	X(FILE, "file")           /* that the line is in */                 \
	X(EXPORT, "export")                                                 \
	X(HANDLER, "handler")     /* the policy's function that failed */   \
	X(URL, "url")             /* of a database, without its password */ \
	X(TABLE, "table")         /* that rows go to */                     \
	X(COLUMN, "column")       /* of it */                               \
	X(KEY, "key")             /* of the row in it */                    \
	X(CODE, "code")           /* of the database: SQLSTATE, or SQLite's */ \
	X(OPTION, "option")       /* the option that fixes it */            \
	X(STAGE, "stage")         /* of spawning: "exec", "chdir", ... */   \
	X(TEXT, "text")           /* the offending text, cut */             \
	X(TRACEBACK, "traceback")

enum sl_detail {
#define SL_DETAIL_ENUM(id, name) SL_D_##id,
	SL_DETAIL_NUMBERS(SL_DETAIL_ENUM)
	SL_DETAIL_NUMBER_COUNT,
	SL_D_BEFORE_TEXTS = SL_DETAIL_NUMBER_COUNT - 1,
	SL_DETAIL_TEXTS(SL_DETAIL_ENUM)
#undef SL_DETAIL_ENUM
	SL_DETAIL_COUNT
};

struct sl_error {
	enum sl_kind kind;
	int os; /* errno, or 0 */
	char message[512];
	int64_t number[SL_DETAIL_NUMBER_COUNT];
	uint32_t have;     /* bit per detail that is set */
	uint16_t text[SL_DETAIL_COUNT - SL_DETAIL_NUMBER_COUNT]; /* into room */
	uint16_t used;     /* bytes of room in use */
	char room[2048];
};

/* Makes *err empty: kind SL_NONE. Call it before any other function here, or zero the
 * error, which has the same effect. */
void sl_error_clear(struct sl_error *err);

/* Declares an empty error; an initialiser would also zero the whole room. */
#define SL_ERROR(name)        \
	struct sl_error name; \
	sl_error_clear(&name)

/*
 * Sets *err, unless it is already set; always returns -1, so that a failing
 * function can end in `return sl_fail(...)`. err may be NULL. The message is
 * a sentence without a full stop; the presenter appends os as text.
 */
int sl_fail(struct sl_error *err, enum sl_kind kind, int os,
            const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Add a detail to an error that was just set. Both return -1 like sl_fail.
 * The text is copied and cut to fit; it need not be terminated. */
int sl_error_number(struct sl_error *err, enum sl_detail detail, int64_t value);
int sl_error_text(struct sl_error *err, enum sl_detail detail,
                  const char *text, size_t len);

/* The detail, if it is set. The text is borrowed from err. */
bool sl_error_get_number(const struct sl_error *err, enum sl_detail detail,
                         int64_t *value);
const char *sl_error_get_text(const struct sl_error *err, enum sl_detail detail);

/* "frame_too_large" and back (SL_NONE for an unknown name). */
const char *sl_kind_name(enum sl_kind kind);
enum sl_kind sl_kind_from_name(const char *name, size_t len);
/* Whether a worker may report it. */
bool sl_kind_is_anyones(enum sl_kind kind);

/* "sequence" and back (SL_DETAIL_COUNT for an unknown name). */
const char *sl_detail_name(enum sl_detail detail);
enum sl_detail sl_detail_from_name(const char *name, size_t len);
bool sl_detail_is_text(enum sl_detail detail);

/* The command's exit code for this error. 127 means that the program was not
 * found; a missing directory or interpreter also gives ENOENT, but not 127.
 * The command itself handles signals from the user. */
int sl_error_exit_code(const struct sl_error *err);

/* Writes `text` to out, escaped as in visible.h and cut on a UTF-8 boundary to fit
 * into `size` bytes, including the NUL: for quoting outside text in a message.
 * Returns out. */
char *sl_quote(char *out, size_t size, const char *text, size_t len);
