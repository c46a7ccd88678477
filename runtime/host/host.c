/* host.c - see host.h */
#include "host/host.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/visible.h"
#include "host/guardian.h"
#include "host/library_host.h"
#include "host/lines_host.h"
#include "host/lua_host.h"
#include "host/recording_host.h"
#include "host/serve.h"
#include "host/transport.h"

#define EXIT_USAGE 2
#define DEFAULT_STREAM "rows"

struct options {
	const char *transport; /* NULL: not given */
	bool lines, sweep, realtime;
	struct sl_lines_options with;
	const char *bad; /* the first option that requires --lines, --json or --files */
	char **worker; /* NULL at its end; empty: none */
};

/* ---- the command line ---- */

enum { OPT_TRANSPORT = 1, OPT_SWEEP, OPT_REPLAY, OPT_LINES, OPT_JSON, OPT_FILES, OPT_ADAPTER /* others need one of these */,
	OPT_STREAM = OPT_ADAPTER, OPT_STREAM_BY, OPT_ENVELOPES, OPT_AT, OPT_BAD_LINES, OPT_OK_STATUS };

static const struct option long_options[] = {
	{ "transport", required_argument, NULL, OPT_TRANSPORT },
	{ "sweep", no_argument, NULL, OPT_SWEEP },
	{ "replay", required_argument, NULL, OPT_REPLAY },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "files", no_argument, NULL, OPT_FILES },
	{ "stream", required_argument, NULL, OPT_STREAM },
	{ "stream-by", required_argument, NULL, OPT_STREAM_BY },
	{ "envelopes", no_argument, NULL, OPT_ENVELOPES },
	{ "at", required_argument, NULL, OPT_AT },
	{ "bad-lines", required_argument, NULL, OPT_BAD_LINES },
	{ "ok-status", required_argument, NULL, OPT_OK_STATUS },
	{ NULL, 0, NULL, 0 },
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n > m && strcmp(text + n - m, end) == 0;
}

static bool is_recording(const struct options *o)
{
	const char *worker = *o->worker;
	return !o->lines && worker != NULL && (ends_with(worker, ".rows") || ends_with(worker, ".rows.part"));
}

static int check_options(const struct options *o, struct sl_error *err)
{
	size_t len = strlen(o->with.stream);
	if (is_recording(o) && o->bad == NULL)
		return 0;
	if (o->realtime)
		return sl_fail(err, SL_USAGE, 0, "--replay needs a recording, a FILE.rows");
	if (!o->lines && o->bad != NULL)
		return sl_fail(err, SL_USAGE, 0, "--%s needs --lines, --json or --files", o->bad);
	if (o->with.files && *o->worker == NULL)
		return sl_fail(err, SL_USAGE, 0, "--files: no file is given");
	if (len == 0 || len > SL_STREAM_NAME_LIMIT)
		return sl_fail(err, SL_USAGE, 0, "--stream: expected a name of 1 to %d bytes",
		               SL_STREAM_NAME_LIMIT);
	if (!o->lines && *o->worker == NULL)
		return sl_fail(err, SL_USAGE, 0, "no worker: sluice worker [options] -- WORKER [ARG…]");
	return 0;
}

static int read_bad_lines(struct options *o, const char *word, struct sl_error *err)
{
	for (int i = 0; sl_bad_lines_names[i] != NULL; i++)
		if (strcmp(sl_bad_lines_names[i], word) == 0) {
			o->with.bad_lines = (enum sl_bad_lines)i;
			return 0;
		}
	return sl_fail(err, SL_USAGE, 0, "--bad-lines: expected fail, drop or reject, got \"%s\"", word);
}

static int read_replay(struct options *o, const char *word, struct sl_error *err)
{
	o->realtime = strcmp(word, "realtime") == 0;
	if (o->realtime || strcmp(word, "full") == 0)
		return 0;
	return sl_fail(err, SL_USAGE, 0, "--replay: expected full or realtime, got \"%s\"", word);
}

/* "0,1" */
static int read_ok_status(struct options *o, const char *word, struct sl_error *err)
{
	memset(o->with.ok_status, 0, sizeof o->with.ok_status);
	for (const char *p = word;; p++) {
		char *end;
		unsigned long status = *p >= '0' && *p <= '9' ? strtoul(p, &end, 10) : 256;
		if (status > 255 || (*end != ',' && *end != '\0'))
			return sl_fail(err, SL_USAGE, 0,
			               "--ok-status: expected exit statuses from 0 to 255, as in 0,1, got \"%s\"", word);
		o->with.ok_status[status / 64] |= UINT64_C(1) << status % 64;
		p = end;
		if (*p == '\0')
			return 0;
	}
}

static int parse_options(struct options *o, int argc, char **argv, struct sl_error *err)
{
	int c, which = 0;
	*o = (struct options){ .with.stream = DEFAULT_STREAM, .with.ok_status = { 1 } };
	optind = 1;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:", long_options, &which)) != -1) {
		if (c >= OPT_ADAPTER && c != ':' && c != '?' && o->bad == NULL)
			o->bad = long_options[which].name;
		switch (c) {
		case OPT_TRANSPORT: o->transport = optarg; break;
		case OPT_SWEEP: o->sweep = true; break;
		case OPT_REPLAY:
			if (read_replay(o, optarg, err) != 0)
				return -1;
			break;
		case OPT_LINES: o->lines = true; break;
		case OPT_JSON: o->lines = o->with.json = true; break;
		case OPT_FILES: o->lines = o->with.files = true; break;
		case OPT_STREAM: o->with.stream = optarg; break;
		case OPT_STREAM_BY: o->with.stream_by = optarg; break;
		case OPT_ENVELOPES: o->with.envelopes = true; break;
		case OPT_AT: o->with.at = optarg; break;
		case OPT_BAD_LINES:
			if (read_bad_lines(o, optarg, err) != 0)
				return -1;
			break;
		case OPT_OK_STATUS:
			if (read_ok_status(o, optarg, err) != 0)
				return -1;
			break;
		default:
			return sl_fail(err, SL_USAGE, 0, "%s: %s", argv[optind - 1],
			               c == ':' ? "a value is missing" : "unknown option");
		}
	}
	o->worker = argv + optind;
	return check_options(o, err);
}

/* ---- the transport ---- */

static int choose_transport(enum sl_transport_kind *kind, const struct options *o,
                            struct sl_error *err)
{
	if (o->transport != NULL)
		return sl_transport_from_name(kind, o->transport, err);
	if (getenv(SL_TRANSPORT_VARIABLE) != NULL || isatty(STDIN_FILENO) || isatty(STDOUT_FILENO))
		return sl_transport_from_environment(kind, err);
	*kind = SL_TRANSPORT_STDIO;
	return 0;
}

/* ---- native programs ---- */

/* Returns only if it failed: then this process speaks in the program's place. */
static int exec_native(enum sl_transport_kind kind, char **argv)
{
	SL_ERROR(err);
	struct sl_transport t;
	setenv(SL_TRANSPORT_VARIABLE, sl_transport_names[kind], 1);
	sl_exec((const char *const *)argv, &err);
	if (sl_transport_claim(&t, kind, NULL) != 0)
		return sl_error_exit_code(&err);
	return sl_serve_refuse(&t, &err);
}

/* ---- choosing ---- */

static int serve_lines(struct options *o, const struct sl_transport *t,
                       enum sl_transport_kind kind)
{
	SL_ERROR(err);
	o->with.words = *o->worker != NULL ? o->worker : NULL;
	if (o->with.words != NULL || kind != SL_TRANSPORT_STDIO)
		return sl_lines_host(t, &o->with);
	sl_fail(&err, SL_USAGE, 0, "--lines needs a command with stdio transport: stdin is in use");
	return sl_serve_refuse(t, &err);
}

static int serve(struct options *o, enum sl_transport_kind kind, struct sl_error *err)
{
	assert(o->worker != NULL);
	const char *worker = *o->worker;
	assert(o->lines || worker != NULL); /* check_options has seen to it */
	bool is_lua = !o->lines && ends_with(worker, ".lua");
	bool is_library = !o->lines && ends_with(worker, ".so");
	struct sl_transport t;
	if (is_recording(o))
		return sl_transport_claim(&t, kind, err) == 0 ? sl_recording_host(&t, kind, worker, o->realtime) : -1;
	if (!o->lines && !is_lua && !is_library)
		return exec_native(kind, o->worker);
	if (!is_library)
		sl_guardian_prepare();
	if (sl_transport_claim(&t, kind, err) != 0)
		return -1;
	if (is_lua)
		return sl_lua_host(&t, o->worker);
	return is_library ? sl_library_host(&t, worker) : serve_lines(o, &t, kind);
}

/* Our parent may have blocked signals, but a worker must be able to end. */
static void unblock_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int sl_host_main(int argc, char **argv)
{
	struct options o;
	enum sl_transport_kind kind;
	SL_ERROR(err);
	int status = -1;
	unblock_signals();
	if (parse_options(&o, argc - 1, argv + 1, &err) == 0
	    && choose_transport(&kind, &o, &err) == 0)
		status = serve(&o, kind, &err);
	sl_guardian_leave(o.sweep);
	if (status >= 0)
		return status;
	sl_visible_print_line(stderr, "sluice worker: ", err.message, strlen(err.message));
	return EXIT_USAGE;
}
