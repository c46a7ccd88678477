# sluice: `make demo` runs the main job, `make test` all tests; both install
# what is missing with apt. `make help` lists the rest.

VERSION  := 0.1.0
PREFIX   ?= /usr/local
BUILD    ?= build
# Fat objects, so that programs that link our libraries need no link-time optimization.
CFLAGS   ?= -O3 -g -flto=auto -ffat-lto-objects
CXXFLAGS ?= $(CFLAGS)
LUA      ?= lua5.4

BUILD_PACKAGES := gcc g++ pkg-config liblua5.4-dev libuv1-dev libsimdjson-dev zlib1g-dev liblz4-dev \
	libre2-dev libxxhash-dev libsqlite3-dev libpq-dev libpq5 lua-argparse lua-filesystem lua-cjson lua5.4 mandoc
TEST_PACKAGES  := lua-busted clang libclang-rt-14-dev valgrind tmux jq python3 ripgrep git procps \
	util-linux iproute2 man-db locales sqlite3 postgresql-15 postgresql-client-15 zsh fish \
	openssh-server openssh-client parallel miller sqlite-utils systemd shellcheck

# ---- what is built -------------------------------------------------------

LIBS     := lua5.4 libuv simdjson zlib liblz4 re2
HEADERS  := sqlite3 libpq # libraries that are loaded when a run needs them
WARNINGS := -Wall -Wextra -Werror
INCLUDES := -Iruntime -Iruntime/host/include
DEFINES  := -D_GNU_SOURCE -DSLUICE_VERSION='"$(VERSION)"'
OURS      = $(WARNINGS) $(INCLUDES) $(DEFINES) -fPIC -fvisibility=hidden -pthread -MMD -MP
CC_ALL    = $(CC) -std=c11 $(OURS) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
CXX_ALL   = $(CXX) -std=c++17 -fno-exceptions -fno-rtti $(OURS) $(CPPFLAGS) $(CXXFLAGS)
LINK_LIBS = $(PKG_LIBS) -lm -lrt -ldl

# Run once, and only when something is compiled.
PKG_CFLAGS = $(eval PKG_CFLAGS := $(shell pkg-config --cflags $(LIBS) $(HEADERS)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $(shell pkg-config --libs $(LIBS)))$(PKG_LIBS)

# `make V=1` shows the commands.
Q    := $(if $(V),,@)
say   = $(if $(V),,@echo "  $(1)	$(2)")

objects   = $(patsubst %,$(BUILD)/%.o,$(wildcard $(addprefix runtime/,$(1))))
WIRE     := $(call objects,base/*.c wire/*.c)
ROOMS    := $(WIRE) $(call objects,json/*.c json/*.cpp host/*.c lua/*.c file/*.c record/*.c expression/*.c supervise/*.c schema/*.c schema/*.cpp sink/*.c script/*.c)
NATIVE   := $(WIRE) $(call objects,host/emitter.c host/serve.c host/emit.c host/control.c host/transport.c host/worker.c)
MAIN     := $(call objects,main.c)

SLUICE   := $(BUILD)/sluice
MODULE   := $(BUILD)/lua/sluice/core.so
WORKER_A := $(BUILD)/lib/libsluice-worker.a
WORKER_SO := $(BUILD)/lib/libsluice-worker.so

.DEFAULT_GOAL := all
.PHONY: all demo test asan tsan fuzz bench bench-smoke lint deps install uninstall clean help
.DELETE_ON_ERROR:

all: $(SLUICE) $(MODULE) $(WORKER_A) $(WORKER_SO) $(BUILD)/lib/sluice-worker.pc

$(BUILD)/%.c.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC_ALL) -c -o $@ $<

$(BUILD)/%.cpp.o: %.cpp Makefile
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX_ALL) -c -o $@ $<

# The manual as text, for `sluice help`, which works without a man program.
MAN_PAGES := $(wildcard runtime/man/*.[1357])
MAN_TEXTS := $(MAN_PAGES:runtime/man/%=$(BUILD)/man/%.txt)

$(BUILD)/man/%.txt: runtime/man/% Makefile
	@mkdir -p $(@D)
	$(Q)mandoc -Tutf8 -I os=sluice -O width=78 $< > $@

# The command embeds lualib, compiled, because reading Lua took half of its start-up time. It also
# embeds the ready scripts, so that it finds them by name wherever it is installed, and the manual.
LUA_FILES := $(filter-out %.meta.lua,$(shell find lualib -name '*.lua'))
# For editors only.
ANNOTATIONS := $(shell find lualib -name '*.meta.lua')
SCRIPTS   := $(wildcard scripts/*.lua)
EMBEDDED  := $(BUILD)/embedded.c

$(EMBEDDED): runtime/lua/embed.lua $(LUA_FILES) $(SCRIPTS) $(MAN_TEXTS) Makefile
	@mkdir -p $(@D)
	$(call say,LUAC,$@)
	$(Q)$(LUA) $< $(sort $(LUA_FILES) $(SCRIPTS) $(MAN_TEXTS)) > $@

$(EMBEDDED).o: $(EMBEDDED) runtime/lua/embedded.h
	$(Q)$(CC_ALL) -O0 -c -o $@ $<

# Lua is linked in as a whole, as in the lua5.4 command: a tenth faster than the shared
# library. -rdynamic: C modules of Lua (cjson, lfs) find its functions in the executable.
WHOLE_LUA := -Wl,--whole-archive -l:liblua5.4.a -Wl,--no-whole-archive
$(SLUICE): $(ROOMS) $(MAIN) $(EMBEDDED).o
	$(call say,LINK,$@)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -pthread -rdynamic -o $@ $^ $(WHOLE_LUA) $(filter-out -llua%,$(LINK_LIBS))

# Never unloaded, because RE2 keeps a little memory for as long as it is loaded.
$(MODULE): $(ROOMS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -pthread -shared -Wl,-z,nodelete -o $@ $^ $(filter-out -llua%,$(LINK_LIBS))

$(WORKER_A): $(NATIVE)
	@mkdir -p $(@D)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(WORKER_SO): $(NATIVE)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -shared -Wl,-soname,libsluice-worker.so.0 -o $@.0 $^
	$(Q)ln -sf $(@F).0 $@

# Filled in twice: here with paths in the source tree for tests and examples, at installation with the prefix.
$(BUILD)/lib/sluice-worker.pc: runtime/host/sluice-worker.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(CURDIR)|; s|@LIBDIR@|$(abspath $(BUILD))/lib|' \
	    -e 's|@INCLUDEDIR@|$(CURDIR)/runtime/host/include|; s|@VERSION@|$(VERSION)|' $< > $@

-include $(patsubst %.o,%.d,$(ROOMS) $(MAIN))

# ---- what is run ---------------------------------------------------------

# Lets a plain Lua use the module without installation.
export LUA_PATH  := $(CURDIR)/lualib/?.lua;$(CURDIR)/lualib/?/init.lua;$(CURDIR)/tests/?.lua;;
export LUA_CPATH := $(abspath $(BUILD))/lua/?.so;$(abspath $(BUILD))/tests/?.so;;
export SLUICE_BUILD := $(abspath $(BUILD))

NOW = +@$(MAKE) --no-print-directory

demo: deps
	$(NOW) all
	@sh examples/02-declarations/demo.sh $(SLUICE)

test: deps
	$(NOW) test-now

include tests/tests.mk
include tests/bench/bench.mk

TIDY_FLAGS = -std=c11 -include tests/support/noreturn.h $(INCLUDES) $(subst ',,$(DEFINES)) $(shell pkg-config --cflags $(LIBS) $(HEADERS))
# C has no alternative to functions such as memcpy; the va_list check misreads va_start; calloc(0) of glibc is not NULL;
# Linux lets a child of vfork call what a signal handler may.
CHECKS := clang-analyzer-*,-clang-analyzer-security.insecureAPI.*,-clang-analyzer-valist.Uninitialized,-clang-analyzer-optin.portability.UnixAPI,-clang-analyzer-unix.Vfork

LINTERS := clang-tidy cppcheck lua-check shellcheck lua-busted
SHELL_SCRIPTS = .ci/run $(shell find examples tests -name '*.sh' -o -name '*.sbatch')

lint:
	@$(MAKE) --no-print-directory deps TEST_PACKAGES="$(LINTERS)"
	printf '%s\n' $(wildcard runtime/*.c runtime/*/*.c) | \
		TIDY='$(TIDY_FLAGS)' xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$$@" -- $$TIDY 2>/dev/null' \
		clang-tidy '-checks=$(CHECKS)' '-warnings-as-errors=*'
	cppcheck --quiet -j 2 --error-exitcode=1 --inline-suppr $(INCLUDES) runtime
	luacheck --quiet --no-color .
	shellcheck $(SHELL_SCRIPTS)
	@SPECS=tests/structure/words_spec.lua bash tests/run.sh $(BUILD)

# ---- what is installed ---------------------------------------------------

# Installs missing packages, and asks for nothing if none is missing. The servers are for the
# tests, which start their own: none of the system's services is started.
deps:
	@sh tests/support/install.sh $(BUILD_PACKAGES) $(TEST_PACKAGES)

TO       = $(DESTDIR)$(PREFIX)
man_dir  = $(TO)/share/man/man$(1)

# Where bash, zsh and fish look for completions, in that order.
COMPLETIONS := bash-completion/completions/sluice zsh/site-functions/_sluice fish/vendor_completions.d/sluice.fish

DOC      = $(TO)/share/doc/sluice
# The files of examples, without those that running the examples has left there.
EXAMPLES := $(filter-out examples/%.so examples/%.db examples/03-c-worker/primes,$(shell find examples -type f -not -name .gitignore))

# Update the loader's cache if it covers the prefix: programs linked with libsluice-worker need it.
LDCONFIG = @[ -n "$(DESTDIR)" ] || ! PATH=$$PATH:/sbin ldconfig -N -v 2>/dev/null | grep -q '^$(PREFIX)/lib:' || PATH=$$PATH:/sbin ldconfig

install: all
	install -d $(TO)/bin $(TO)/lib/pkgconfig $(TO)/lib/lua/5.4/sluice $(TO)/include/sluice
	install -m 755 $(SLUICE) $(TO)/bin/sluice
	install -m 755 $(MODULE) $(TO)/lib/lua/5.4/sluice/core.so
	install -m 644 $(WORKER_A) $(TO)/lib
	install -m 755 $(WORKER_SO).0 $(TO)/lib
	ln -sf libsluice-worker.so.0 $(TO)/lib/libsluice-worker.so
	install -m 644 runtime/host/include/sluice/*.h $(TO)/include/sluice
	sed -e 's|@PREFIX@|$${pcfiledir}/../..|; s|@LIBDIR@|$${prefix}/lib|' \
	    -e 's|@INCLUDEDIR@|$${prefix}/include|; s|@VERSION@|$(VERSION)|' \
	    runtime/host/sluice-worker.pc.in > $(TO)/lib/pkgconfig/sluice-worker.pc
	for f in $(LUA_FILES:lualib/%=%) $(ANNOTATIONS:lualib/%=%); do install -D -m 644 lualib/$$f $(TO)/share/lua/5.4/$$f || exit 1; done
	for f in $(SCRIPTS); do install -D -m 644 $$f $(TO)/share/sluice/$$f || exit 1; done
	for f in $(MAN_PAGES); do install -D -m 644 $$f $(call man_dir,$${f##*.})/$${f##*/} || exit 1; done
	for f in $(COMPLETIONS); do install -d $(TO)/share/$${f%/*} || exit 1; done
	$(SLUICE) completion bash > $(TO)/share/$(word 1,$(COMPLETIONS))
	$(SLUICE) completion zsh > $(TO)/share/$(word 2,$(COMPLETIONS))
	$(SLUICE) completion fish > $(TO)/share/$(word 3,$(COMPLETIONS))
	install -D -m 644 LICENSE $(DOC)/LICENSE
	for f in $(EXAMPLES); do install -D -m $$(test -x $$f && echo 755 || echo 644) $$f $(DOC)/$$f || exit 1; done
	$(LDCONFIG)

uninstall:
	rm -f $(TO)/bin/sluice $(TO)/lib/libsluice-worker.* $(TO)/lib/pkgconfig/sluice-worker.pc
	rm -rf $(TO)/lib/lua/5.4/sluice $(TO)/include/sluice $(TO)/share/lua/5.4/sluice $(TO)/share/sluice
	for f in $(MAN_PAGES); do rm -f $(call man_dir,$${f##*.})/$${f##*/}; done
	rm -f $(addprefix $(TO)/share/,$(COMPLETIONS))
	rm -rf $(DOC)
	$(LDCONFIG)

clean:
	rm -rf build

help:
	@echo 'make            build/sluice, the Lua module, libsluice-worker'
	@echo 'make demo       the main job on this source tree (installs what is missing)'
	@echo 'make test       all tests (installs what is missing)'
	@echo 'make asan tsan  the tests under the sanitizers'
	@echo 'make fuzz       the decoder and the JSON room, for a minute'
	@echo 'make crash      SIGKILL at 1,000 random points per sink and recording (KILLS=, SEED=)'
	@echo 'make faults     hostile handlers, workers and systems: the whole table'
	@echo 'make kill       SIGKILL of runner, host and worker: what is left (KILLS=, SEED=)'
	@echo 'make soak       endless runs, and a document of 1 GiB, in flat memory (MINUTES=)'
	@echo 'make cluster    Slurm as plain processes: arrays with run keys, tasks and a node killed'
	@echo 'make duckdb     the pipes into DuckDB, which is installed with npm'
	@echo 'make bench      side by side with jq and others; bench-smoke: a few seconds of it'
	@echo 'make lint       clang-tidy, cppcheck, luacheck, shellcheck, unwanted phrases'
	@echo 'make pictures   draws what the command shows on terminals of 80 and 120 columns'
	@echo 'make messages   all that the program can say, in one list'
	@echo 'make manual     runs the examples of the manual and writes down what they show'
	@echo 'make install uninstall [PREFIX=/usr/local] [DESTDIR=]'
