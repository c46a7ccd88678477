/*
 * main.c - the command
 *
 * `sluice worker` goes straight to the host room. Everything else is Lua: a
 * state with a memory limit, in which sluice.internal.cli.main reads the
 * command line.
 * This is the only file that prints or exits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/fixed.h"
#include "base/sweep.h"
#include "base/visible.h"
#include "file/durable.h"
#include "host/host.h"
#include "lua/allocator.h"
#include "lua/embedded.h"
#include "lua/popen.h"
#include "lua/search.h"
#include "script/core.h"
#include "script/interrupt.h"
#include "script/last_resort.h"
#include "script/protect.h"

#define EXIT_INTERNAL 4

/* ---- the process: leave nothing to inheritance ---- */

static bool is_ignored(int sig)
{
	struct sigaction now;
	return sigaction(sig, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* An inherited blocked SIGCHLD would hide every exit (FACTS, "Processes", 4).
 * Of what is inherited only nohup's ignored SIGHUP is kept. */
static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGHUP && is_ignored(sig))
			signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* A closed standard descriptor would be reused by the next pipe. The replacement
 * for stdin or stdout is opened for the wrong direction, so that reading or writing
 * fails as it would have, and no row is lost silently. */
static void open_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY);
}

/* Async-signal-safe, like everything that a signal handler calls. */
static void sweep(void)
{
	struct sl_swept swept = sl_sweep();
	SL_FIXED(text, 120);
	if (swept.left == 0)
		return;
	sl_fixed_text(&text, "sluice: processes that could not be killed: ");
	sl_fixed_number(&text, swept.left);
	sl_fixed_text(&text, ", such as ");
	sl_fixed_number(&text, swept.first);
	sl_fixed_text(&text, "\n");
	(void)!write(2, text.bytes, text.len);
}

/* End at once, and leave nothing behind. */
static void die(int sig)
{
	sl_durable_abandon_all();
	sweep();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* The third signal, and SIGQUIT, are for what nothing else can stop. */
static void on_signal(int sig)
{
	int saved = errno;
	if (sig == SIGQUIT || sl_script_interrupt(sig) > 2)
		die(sig);
	errno = saved;
}

/* Without SA_RESTART: a write to a reader that does not read must end. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = on_signal };
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (!is_ignored(signals[i]))
			sigaction(signals[i], &action, NULL);
}

/* ---- where things are ---- */

static char executable[4096];

static void find_executable(const char *name)
{
	ssize_t n = readlink("/proc/self/exe", executable, sizeof executable - 1);
	if (n < 0)
		n = snprintf(executable, sizeof executable, "%s", name);
	executable[n < (ssize_t)sizeof executable ? n : (ssize_t)sizeof executable - 1] = '\0';
	sl_core_set_executable(executable);
}

#define CALLER_OF_REQUIRE 2

/* The searcher of `require` for our own modules; no other searcher is tried for them. */
static int search_embedded(lua_State *L) /* [name] */
{
	const char *name = luaL_checkstring(L, 1);
	if (strcmp(name, "sluice") != 0 && strncmp(name, "sluice.", 7) != 0)
		return 0;
	for (const struct sl_embedded *e = sl_embedded_modules; e->name != NULL; e++) {
		if (strcmp(e->name, name) != 0)
			continue;
		if (luaL_loadbufferx(L, (const char *)e->bytes, e->len, name, "b") != LUA_OK)
			return lua_error(L);
		lua_pushliteral(L, "(in sluice)");
		return 2;
	}
	luaL_where(L, CALLER_OF_REQUIRE);
	lua_pushfstring(L, "%smodule '%s' not found: sluice has no module of that name", lua_tostring(L, -1), name);
	return lua_error(L);
}

#define BEHIND_PRELOAD 2

/* Third-party modules that we need come from Lua's directories. */
static void set_own_path(lua_State *L)
{
	lua_getglobal(L, LUA_LOADLIBNAME);
	lua_getfield(L, -1, "searchers"); /* [package, searchers] */
	for (lua_Integer i = luaL_len(L, -1); i >= BEHIND_PRELOAD; i--) {
		lua_rawgeti(L, -1, i);
		lua_rawseti(L, -2, i + 1);
	}
	lua_pushcfunction(L, search_embedded);
	lua_rawseti(L, -2, BEHIND_PRELOAD);
	lua_pop(L, 1);
	sl_search_push_system(L, SL_SEARCH_LUA); /* [package, path] */
	lua_setfield(L, -2, "path");
	sl_search_push_system(L, SL_SEARCH_C);
	lua_setfield(L, -2, "cpath");
	lua_pop(L, 1);
}

/* From now on the path belongs to scripts. */
static void give_path_to_scripts(lua_State *L)
{
	lua_getglobal(L, "require");
	lua_pushliteral(L, "sluice.internal.modules");
	lua_call(L, 1, 1);
	lua_getfield(L, -1, "separate");
	sl_search_push_user(L, SL_SEARCH_LUA);
	sl_search_push_user(L, SL_SEARCH_C);
	lua_call(L, 2, 0);
	lua_pop(L, 1);
}

static int push_texts(lua_State *L, const struct sl_embedded *first)
{
	lua_newtable(L);
	for (const struct sl_embedded *e = first; e->name != NULL; e++) {
		lua_pushlstring(L, (const char *)e->bytes, e->len);
		lua_setfield(L, -2, e->name);
	}
	return 1;
}

/* For cli/ready.lua, if a run asks for one: the texts of the ready scripts, by name. */
static int push_scripts(lua_State *L)
{
	return push_texts(L, sl_embedded_scripts);
}

/* For cli/manual.lua: the pages of the manual, by names such as "sluice-run.1". */
static int push_pages(lua_State *L)
{
	return push_texts(L, sl_embedded_pages);
}

/* ---- the command ---- */

struct command {
	int argc;
	char **argv;
	int exit_code;
	bool sigpipe; /* die of SIGPIPE, because the reader of our output has gone */
};

static void push_arguments(lua_State *L, const struct command *c)
{
	lua_createtable(L, c->argc > 0 ? c->argc - 1 : 0, 1);
	for (int i = 0; i < c->argc; i++) {
		lua_pushstring(L, c->argv[i]);
		lua_rawseti(L, -2, i);
	}
	lua_pushvalue(L, -1);
	lua_setglobal(L, "arg");
}

static void open_libraries(lua_State *L)
{
	lua_gc(L, LUA_GCSTOP); /* until main.lua restarts it: little of what is made before is garbage */
	luaL_openlibs(L);
	sl_popen_open(L);
	/* The garbage of a row dies young. (None of the known bugs of 5.4.4 is in
	 * this mode; a script may choose the other one.) */
	lua_gc(L, LUA_GCGEN, 0, 0);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	lua_pushcfunction(L, luaopen_sluice_core);
	lua_setfield(L, -2, "sluice.core");
	lua_pop(L, 1);
	set_own_path(L);
	give_path_to_scripts(L);
}

static int run_command(lua_State *L) /* [command] */
{
	struct command *c = lua_touserdata(L, 1);
	open_libraries(L);
	lua_getglobal(L, "require");
	lua_pushliteral(L, "sluice.internal.cli.main");
	lua_call(L, 1, 1);
	lua_getfield(L, -1, "main");
	push_arguments(L, c);
	lua_pushcfunction(L, push_scripts);
	lua_pushcfunction(L, push_pages);
	lua_call(L, 3, 1); /* [..., result] */
	if (lua_type(L, -1) == LUA_TSTRING)
		c->sigpipe = strcmp(lua_tostring(L, -1), "SIGPIPE") == 0;
	else
		c->exit_code = (int)luaL_checkinteger(L, -1);
	return 0;
}

static int add_traceback(lua_State *L) /* [error] */
{
	luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
	return 1;
}

/* A bug of ours, or memory that ran out outside of any handler. */
static void report_internal(lua_State *L)
{
	const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "unknown";
	bool all = getenv("SLUICE_DEBUG") != NULL;
	size_t len = all ? strlen(text) : strcspn(text, "\n");
	sl_visible_print_line(stderr, "sluice: internal error: ", text, len);
}

static int panic(lua_State *L)
{
	report_internal(L);
	_exit(EXIT_INTERNAL);
}

static int run_lua(struct command *c)
{
	struct sl_allocator memory;
	sl_allocator_init(&memory, SL_SCRIPT_MEMORY_LIMIT);
	lua_State *L = lua_newstate(sl_allocator_alloc, &memory);
	if (L == NULL) {
		fprintf(stderr, "sluice: internal error: no memory for Lua\n");
		return EXIT_INTERNAL;
	}
	lua_atpanic(L, panic);
	lua_pushcfunction(L, add_traceback);
	lua_pushcfunction(L, run_command);
	lua_pushlightuserdata(L, c);
	if (lua_pcall(L, 1, 0, 1) != LUA_OK) {
		report_internal(L);
		c->exit_code = EXIT_INTERNAL;
	}
	sl_protect_close(L);
	sl_allocator_clear(&memory);
	return c->exit_code;
}

static bool wants_worker(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "worker") != 0)
		return false;
	return argc < 3 || (strcmp(argv[2], "--help") != 0 && strcmp(argv[2], "-h") != 0);
}

int main(int argc, char **argv)
{
	struct command c = { .argc = argc, .argv = argv };
	reset_signals();
	open_standard_descriptors();
	if (wants_worker(argc, argv))
		return sl_host_main(argc, argv);
	find_executable(argc > 0 ? argv[0] : "sluice");
	sl_sweep_prepare();
	atexit(sweep); /* os.exit in a script comes this way too */
	catch_signals();
	sl_last_resort_enable(sweep);
	int code = run_lua(&c);
	if (!c.sigpipe)
		return code;
	sweep();
	signal(SIGPIPE, SIG_DFL);
	raise(SIGPIPE);
	return 128 + SIGPIPE; /* SIGPIPE was blocked after all */
}
