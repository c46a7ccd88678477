# tests.mk - included by the Makefile: what the tests are built from, and how
# they are run. Everything goes to $(BUILD)/tests.

.PHONY: messages pictures test-now test-parts test-objects fuzz-parts asan tsan fuzz faults kill crash soak cluster duckdb manual

T := $(BUILD)/tests

# Probes: one room each behind a small front end, linked with nothing that the
# room must not know, so that the linker notices a dependency between rooms.
JSON         := $(call objects,base/*.c json/*.c json/*.cpp)
WIRE_PROBE   := $(T)/wireprobe
SESSION_PROBE := $(T)/sessionprobe
REQUEST_PROBES := $(T)/requestprobe $(T)/requestschedules
JSON_PROBE   := $(T)/jsonprobe.so

# Workers that misbehave (C), and shared libraries for the library host.
WORKERS   := $(patsubst tests/workers/%.c,$(T)/workers/%,$(wildcard tests/workers/*.c))
LIBRARIES := $(patsubst tests/libraries/%.c,$(T)/libraries/%.so,$(wildcard tests/libraries/*.c))

# The standard library's allocator, wrapped so that it counts and fails: support/alloc.c.
WRAP_ALLOC := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free

$(BUILD)/tests/%.c.o: private CPPFLAGS += -Itests

# Two steps, so that work on one room need not wait for all the others.
test-objects: $(WIRE_PROBE) $(SESSION_PROBE) $(REQUEST_PROBES) $(JSON_PROBE) $(WORKERS) $(LIBRARIES) \
	$(if $(SANITIZE),$(T)/lua)
test-parts: all test-objects

$(WIRE_PROBE): $(call objects,base/*.c wire/*.c) $(BUILD)/tests/wire/probe.c.o \
		$(BUILD)/tests/support/words.c.o $(BUILD)/tests/support/alloc.c.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(WRAP_ALLOC) -o $@ $^

# The pure half of supervise.
PURE := $(WIRE) $(JSON) $(call objects,$(patsubst %,supervise/%.c,session ladder capture printed restarts death request))

$(SESSION_PROBE): $(BUILD)/tests/supervise/session_probe.c.o
$(T)/requestprobe: $(BUILD)/tests/supervise/request_probe.c.o
$(T)/requestschedules: $(BUILD)/tests/supervise/request_schedules.c.o

$(SESSION_PROBE) $(REQUEST_PROBES): $(PURE) $(BUILD)/tests/support/words.c.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $(sort $^) $(shell pkg-config --libs simdjson) -lm

$(JSON_PROBE): $(JSON) $(call objects,lua/*.c) $(BUILD)/tests/json/probe.c.o $(BUILD)/tests/json/plain_scan.c.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ $(shell pkg-config --libs simdjson) -lm

$(T)/workers/%: $(BUILD)/tests/workers/%.c.o $(WORKER_A)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^

$(T)/libraries/%.so: $(BUILD)/tests/libraries/%.c.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -shared -o $@ $^

$(T)/lua: $(BUILD)/tests/support/lua.c.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $^ $(shell pkg-config --libs lua5.4)

-include $(wildcard $(BUILD)/tests/*/*.d)

# Objects of single programs are kept.
.SECONDARY: $(patsubst %,$(BUILD)/%.o,$(wildcard tests/*/*.c))

# ---- fuzzing: clang only, with its sanitizers ----------------------------

F       := $(BUILD)/fuzz
FUZZERS := $(patsubst tests/fuzz/%.c,$(T)/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
FUZZED  := $(patsubst %,$(F)/%.o,$(wildcard runtime/base/*.c runtime/wire/*.c runtime/record/*.c runtime/json/*.c \
	runtime/json/*.cpp) runtime/supervise/session.c runtime/supervise/ladder.c runtime/supervise/capture.c)

fuzz-parts: $(FUZZERS)

$(F)/%.c.o: %.c
	@mkdir -p $(@D)
	$(call say,CLANG,$<)
	$(Q)clang -std=c11 $(WARNINGS) $(INCLUDES) -Itests $(DEFINES) -MMD -MP $(FUZZ_FLAGS) -c -o $@ $<

$(F)/%.cpp.o: %.cpp
	@mkdir -p $(@D)
	$(call say,CLANG,$<)
	$(Q)clang++ -std=c++17 -fno-exceptions -fno-rtti $(WARNINGS) $(INCLUDES) -MMD -MP $(FUZZ_FLAGS) -c -o $@ $<

$(T)/fuzz/%_fuzz: $(F)/tests/fuzz/%_fuzz.c.o $(FUZZED)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)clang++ -fsanitize=fuzzer,address,undefined -o $@ $^ $(shell pkg-config --libs simdjson liblz4) -lm

.SECONDARY: $(FUZZED) $(patsubst %,$(F)/%.o,$(wildcard tests/fuzz/*.c))
-include $(wildcard $(F)/*/*/*.d)

fuzz: deps
	$(NOW) fuzz-parts
	@for f in $(FUZZERS); do echo "$$f"; (cd $(T)/fuzz && $(abspath $(T))/fuzz/$$(basename $$f) \
		-max_total_time=20 -max_len=4096 -timeout=10 -print_final_stats=1 -verbosity=0) || exit 1; done
	$(NOW) all test-objects
	@$(T)/requestschedules 1000000 $$$$
	@EXPRESSIONS=20000 SEED=$$$$ SPECS=tests/script/predicate_spec.lua bash tests/run.sh $(BUILD)

# ---- running -------------------------------------------------------------

SANITIZE  :=
SANITIZED  = BUILD=$(BUILD)/$(1) SANITIZE=$(1) CFLAGS="-O1 -g -fno-omit-frame-pointer $(2)"
ASAN       = $(call SANITIZED,asan,-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined)
TSAN       = $(call SANITIZED,tsan,-fsanitize=thread)
comma     := ,

export SPECS

# What a sanitizer could find something in, in a short time; `make asan` runs all specs.
export MOSTLY_C := $(sort $(filter-out tests/sink/crash_spec.lua tests/sink/long_files_spec.lua \
	$(patsubst %,tests/record/%_spec.lua,cut cut_rows record),$(wildcard \
	$(patsubst %,tests/%/*_spec.lua,behaviour json lua record schema script sink stats supervise wire))) \
	$(patsubst %,tests/command/%_spec.lua,documents input))

# The specs without sanitizers, then those of MOSTLY_C with them; with SPECS="...", only
# those files, without sanitizers.
test-now: test-parts $(if $(SPECS),,fuzz-parts)
ifeq ($(SPECS),)
	$(NOW) $(ASAN) test-parts
endif
	@bash tests/run.sh $(BUILD) $(if $(SPECS),,$(BUILD)/asan)

asan: deps
	$(NOW) $(ASAN) test-parts
	@bash tests/run.sh $(BUILD)/asan

# Updates the examples of the manual with their present output.
manual: deps
	$(NOW) all
	@$(LUA) tests/support/update_manual.lua
	$(NOW) all

# The pictures of the command, as it draws them now.
pictures: deps
	$(NOW) test-parts
	@DRAW_PICTURES=1 SPECS=tests/command/pictures_spec.lua bash tests/run.sh $(BUILD)

# All that the program can say, to be read aloud.
messages:
	@$(LUA) tests/support/messages.lua

# Only the worker's emitter and control thread use threads: these are the specs
# that exercise them.
THREADED := $(patsubst %,tests/behaviour/%_spec.lua,live order backpressure stop cancel crashes)

tsan: deps
	$(NOW) $(TSAN) test-parts
	@SPECS="$(or $(SPECS),$(THREADED))" bash tests/run.sh $(BUILD)/tsan

# SIGKILL of the runner at random points: KILLS for each kind of sink and recording, SEED to vary them.
KILLS ?= 1000
SEED  ?= 1

crash: deps
	$(NOW) all test-objects
	@for f in $(wildcard tests/crash/*.lua); do \
		$(LUA) $$f $(KILLS) $(SEED) || exit 1; done

# The whole tables of faults, four at a time, of refused values, and of damage to recordings.
faults: deps
	$(NOW) test-parts
	@FAULTS=all DAMAGES=all FAULTS_AT_ONCE=4 SPEC_SECONDS=900 SPECS="$(wildcard tests/faults/*_spec.lua) \
		tests/sink/cells_spec.lua tests/record/format_spec.lua" bash tests/run.sh $(BUILD)

# The same for runner, host and worker: what is left behind?
kill: deps
	$(NOW) test-parts
	@$(LUA) tests/kill/kill.lua $(KILLS) $(SEED)

# Slow tests: MINUTES of endless runs, and a document of 1 GiB, generated on the fly; both in
# flat memory.
MINUTES ?= 10

soak: deps
	$(NOW) test-parts
	@$(LUA) tests/soak/soak.lua $$(( $(MINUTES) * 60 ))
	@DOCUMENT_MIB=1024 SPECS=tests/command/documents_spec.lua bash tests/run.sh $(BUILD)

# Slurm with one node, as plain processes, and the arrays of examples/07-many-machines: at most two
# minutes. Needs root, because slurmd runs tasks as the users that submitted them.
cluster:
	@[ "$$(id -u)" = 0 ] || { echo 'make cluster: must be run as root' >&2; exit 1; }
	@$(MAKE) --no-print-directory deps TEST_PACKAGES="$(TEST_PACKAGES) munge slurmctld slurmd slurm-client"
	$(NOW) all test-objects
	@timeout -k 10 300 $(LUA) tests/cluster/cluster.lua

# The pipes into DuckDB, which is not a package of Debian: its library for Node.js, from npm.
DUCKDB := $(T)/duckdb

duckdb: deps
	@command -v npm >/dev/null || $(MAKE) --no-print-directory deps TEST_PACKAGES="nodejs npm"
	$(NOW) all test-objects
	@npm install --silent --no-fund --no-audit --prefix $(DUCKDB) @duckdb/node-api@1.5.6-r.1
	@timeout -k 10 300 $(LUA) tests/duckdb/duckdb.lua $(abspath $(DUCKDB))
