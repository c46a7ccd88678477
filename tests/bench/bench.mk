# bench.mk - included by the Makefile: `make bench` and what it is built of.
#
#   make bench                     all jobs, some minutes
#   make bench JOBS=filter,pass    some of them
#   make bench ROUNDS=9            more runs of each
#   make bench-smoke               on few rows: do the outputs agree?

BENCH_PACKAGES := jq gojq miller luajit lua-cjson lua5.4 python3 sqlite3 \
	postgresql-15 postgresql-client-15 python3-psycopg2

B            := $(BUILD)/bench
BENCH_JSON   := $(call objects,base/*.c json/*.c json/*.cpp)
BENCH_ROWS   := $(BUILD)/tests/bench/rows.c.o
BENCH_PARTS  := $(addprefix $(B)/,generate validate emit ping pipes peak)
BENCH_FLAGS   = --build $(BUILD) $(if $(JOBS),--jobs "$(JOBS)") $(if $(ROUNDS),--rounds $(ROUNDS))

# The smoke test is one of the specs: `make test` builds what it needs.
test-parts: $(BENCH_PARTS)

$(B)/generate: $(BENCH_ROWS)
$(B)/emit:     $(BENCH_ROWS) $(WORKER_A)
$(B)/ping:     $(WORKER_A)

$(B)/validate: $(BUILD)/tests/bench/validate.c.o $(BENCH_JSON)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs simdjson) -lm

$(B)/%: $(BUILD)/tests/bench/%.c.o
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^

# For callgrind: see README.md.
$(B)/pidfd.so: $(BUILD)/tests/bench/pidfd.c.o
	$(Q)$(CC) $(CFLAGS) -shared -pthread -o $@ $^

.SECONDARY: $(BENCH_PARTS:$(B)/%=$(BUILD)/tests/bench/%.c.o)

-include $(BENCH_PARTS:$(B)/%=$(BUILD)/tests/bench/%.c.d) $(BENCH_ROWS:.o=.d)

bench:
	$(NOW) deps TEST_PACKAGES="$(BENCH_PACKAGES)"
	$(NOW) all $(BENCH_PARTS)
	@python3 tests/bench/bench.py $(BENCH_FLAGS)

bench-smoke: deps
	$(NOW) all $(BENCH_PARTS)
	@python3 tests/bench/bench.py $(BENCH_FLAGS) --smoke
