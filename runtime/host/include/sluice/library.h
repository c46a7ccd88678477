/*
 * sluice/library.h - a worker as a shared library
 *
 * For code that can be called but should not own a process: the C counterpart
 * of an in-process callback. The library has one symbol, `sluice_library`, a
 * table of exports; `sluice run POLICY.lua -- ./scan.so` loads it in a process
 * of its own and calls them. It links nothing of sluice.
 *
 *     #include <sluice/library.h>
 *
 *     static uint8_t hello(const char *request, size_t len, uint64_t handle,
 *                          sluice_callback emit)
 *     {
 *             static const char row[] = "{\"stream\":\"rows\",\"payload\":1}";
 *             (void)request, (void)len;
 *             return emit(handle, row, sizeof row - 1) == SLUICE_CALLBACK_OK ? 0 : 1;
 *     }
 *
 *     static const struct sluice_library_export exports[] = { { "hello", hello } };
 *     SLUICE_LIBRARY_SYMBOL = { SLUICE_LIBRARY_ABI, "greeter", "1.0", exports, 1 };
 *
 *     cc -shared -fPIC -o greeter.so greeter.c
 *
 * The callback takes one envelope in UTF-8, exactly one of
 *
 *     {"stream": "rows", "payload": …}                  any JSON value, null included
 *     {"diagnostic": {"code": "…", "message": "…"}}
 *     {"progress": {"phase": "…", "current": 3, "total": 7}}      total optional
 *     {"metadata": …}                                   the last one wins
 *
 * and copies what it needs before it returns. A payload is forwarded byte for
 * byte.
 *
 * Outcomes: an export that returns 0 succeeds; another status is
 * `export_failed` with that status. If a callback returned a status other than
 * OK or STOP, that decides the outcome, whatever the export returns:
 * `callback_failed` with the callback's status, or, for an envelope that was
 * refused, `row_malformed` or `frame_too_large`. The two kinds of status are
 * never mixed up. Only a stale handle that another thread passes decides
 * nothing, because it belongs to no running request.
 */
#ifndef SLUICE_LIBRARY_H
#define SLUICE_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_LIBRARY_ABI 1

/* What the callback returns. */
enum sluice_callback_status {
	SLUICE_CALLBACK_OK = 0,
	SLUICE_CALLBACK_STALE = 1,   /* the handle does not belong to the running request */
	SLUICE_CALLBACK_MISUSE = 2,  /* NULL, or not the thread that the export was called in */
	SLUICE_CALLBACK_STOP = 3,    /* the runner has enough, or has given up: return soon */
	SLUICE_CALLBACK_REFUSED = 4  /* not an envelope, or too large; later ones are refused too */
};

typedef uint8_t (*sluice_callback)(uint64_t handle, const char *envelope, size_t len);

struct sluice_library_export {
	const char *name;
	/* request: the JSON text of the request, len bytes and a NUL, valid
	 * until the export returns. handle: to pass to the callback, valid as long. */
	uint8_t (*run)(const char *request, size_t len, uint64_t handle, sluice_callback emit);
};

struct sluice_library {
	uint32_t abi; /* SLUICE_LIBRARY_ABI */
	const char *name, *version;
	const struct sluice_library_export *exports;
	size_t export_count;
};

/* This declaration makes the symbol visible, and gives it C linkage in C++. */
extern const struct sluice_library sluice_library __attribute__((visibility("default")));

#define SLUICE_LIBRARY_SYMBOL const struct sluice_library sluice_library

#ifdef __cplusplus
}
#endif

#endif
