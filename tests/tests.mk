# tests.mk - included by the Makefile: what the tests are built of, and how
# they are run.

.PHONY: test-now test-parts

test-parts: all

test-now: test-parts
	@bash tests/run.sh

asan: deps
	$(NOW) BUILD=build/asan CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined" test-now
