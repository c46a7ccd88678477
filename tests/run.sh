#!/usr/bin/env bash
# run.sh - run the tests, every spec file in a process of its own.
#
#   tests/run.sh BUILD [SANITIZED]
#                              all specs with the first build; with the second, those
#                              that MOSTLY_C names; and the fuzzers that have been
#                              built, for a short while
#   SPECS="tests/a_spec.lua"   only these files, and no fuzzing
#   SPEC_SECONDS=300 JOBS=3    how long one file may take; how many at a time: one
#                              more than there are cores, because many specs wait
#
# A build with an interpreter of its own (BUILD/tests/lua) is a sanitized one:
# whatever its sanitizers report, in any process, counts as a failed test. So
# does a file that crashes or takes too long. Failures are repeated at the end,
# for those who see only the last lines of a log; the last line is the total.
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL # specs may call make themselves
cd "$(dirname "$0")/.." || exit 1
root=$PWD
jobs=${JOBS:-$(($(nproc) + 1))}
seconds=${SPEC_SECONDS:-300}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# ---- jobs: a kind, a build and a file for each number ----

kinds=() builds=() files=()

add_job() {
	kinds+=("$1") builds+=("$2") files+=("$3")
}

add_specs() {
	local file
	for file in $2; do add_job spec "$1" "$file"; done
}

add_fuzzers() {
	local file
	for file in "$1"/tests/fuzz/*_fuzz; do
		[ -x "$file" ] && add_job fuzz "$1" "$file"
	done
}

# A spec that names a culprit in "-- leaks:" is not checked for leaks. The check takes
# longer than starting a program does: of a second build, only the interpreter is checked,
# not what it starts. Signals are left to the program, and reports go to files, because
# those of children whose stderr is read by a test would be lost.
sanitizer_environment() {
	local log=$1/report leaks=1 started
	grep -q '^-- leaks:' "$3" && leaks=0
	[ "$2" = "${builds[0]}" ] && started=$leaks || started=0
	export SLUICE_SANITIZED=1
	# For code that the specs compile against our libraries.
	case $2 in
	*tsan) export CFLAGS="-g -fsanitize=thread" ;;
	*) export CFLAGS="-g -fsanitize=address,undefined" ;;
	esac
	local signals="handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0"
	local others="log_path=$log:allocator_may_return_null=1:$signals"
	export ASAN_OPTIONS="detect_leaks=$leaks:$others" STARTED_ASAN_OPTIONS="detect_leaks=$started:$others"
	export UBSAN_OPTIONS="log_path=$log:print_stacktrace=1"
	export TSAN_OPTIONS="log_path=$log:$signals"
}

run_spec() {
	local build=$1 file=$2 dir=$3 lua=${LUA:-lua5.4}
	export SLUICE_BUILD=$root/$build
	export LUA_PATH="$root/lualib/?.lua;$root/lualib/?/init.lua;$root/tests/?.lua;;"
	export LUA_CPATH="$root/$build/lua/?.so;$root/$build/tests/?.so;;"
	if [ -x "$build/tests/lua" ]; then
		lua=$root/$build/tests/lua
		sanitizer_environment "$dir" "$build" "$file"
	fi
	export LUA=$lua
	timeout -k 5 "$seconds" "$lua" tests/support/run.lua -o tests/support/report.lua "$file" \
		</dev/null >"$dir/out" 2>&1
}

run_fuzz() {
	local file=$2 dir=$3
	( cd "$dir" && timeout -k 5 "$seconds" "$root/$file" -runs=20000 -max_total_time=5 -max_len=4096 \
		-timeout=10 -rss_limit_mb=1024 -verbosity=0 ) </dev/null >"$dir/out" 2>&1
}

run_job() {
	local n=$1 dir=$tmp/$1 start=$EPOCHREALTIME status
	mkdir "$dir"
	"run_${kinds[n]}" "${builds[n]}" "${files[n]}" "$dir"
	status=$?
	echo "$status $(( (${EPOCHREALTIME/./} - ${start/./}) / 10000 ))" >"$dir/status"
	mv "$dir/status" "$dir/done"
}

# ---- results ----

total_passed=0 total_failed=0

died() {
	case $1 in
	124|137) echo "took longer than $seconds s" ;;
	*) [ "$1" -gt 128 ] && echo "died of signal $(( $1 - 128 ))" || echo "ended with status $1 before its end" ;;
	esac
}

# Sets passed, failed and skipped; prints what failed.
judge() {
	local kind=$1 status=$2 dir=$3 result report
	passed=0 failed=0 skipped=0
	result=$(grep -a '^@result ' "$dir/out" | tail -n 1)
	if [ "$kind" = fuzz ] && [ "$status" = 0 ]; then
		passed=1
	elif [ -n "$result" ]; then
		read -r _ passed failed skipped <<<"$result"
		grep -av '^@result ' "$dir/out"
		# The status is not always the number of failures: a crash after the end counts too.
		[ "$status" -gt 128 ] && failed=$((failed + 1)) && echo "  $(died "$status")"
	else
		failed=1
		tail -n 40 "$dir/out"
		echo "  $(died "$status")"
	fi
	# gcc's UBSan ignores log_path and writes to stderr.
	[ "$kind" = spec ] && grep -aqE ': runtime error: ' "$dir/out" && failed=$((failed + 1))
	for report in "$dir"/report.*; do
		grep -aqsE 'ERROR|WARNING' "$report" || continue
		failed=$((failed + 1))
		head -n 60 "$report"
	done
}

print_job() {
	local n=$1 dir=$tmp/$1 status ticks name=${files[$1]} passed failed skipped note=
	read -r status ticks <"$dir/done"
	judge "${kinds[n]}" "$status" "$dir" >"$dir/words"
	[ "${builds[n]}" = "${builds[0]}" ] || name="$name (${builds[n]})"
	[ "$skipped" -gt 0 ] && note=", $skipped skipped"
	printf '%-58s %4d passed, %d failed%s, %d.%02d s\n' "$name" "$passed" "$failed" "$note" \
		$((ticks / 100)) $((ticks % 100)) >"$dir/line"
	sed 's/^/    /' "$dir/words" >>"$dir/line"
	cat "$dir/line"
	[ "$failed" -eq 0 ] || cat "$dir/line" >>"$tmp/failed"
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	rm -rf "$dir"
}

add_specs "${1#"$root"/}" "${SPECS:-$(find tests -name '*_spec.lua' | LC_ALL=C sort)}"
[ -n "${SPECS:-}" ] || add_fuzzers "${1#"$root"/}"
[ $# = 1 ] || add_specs "${2#"$root"/}" "$MOSTLY_C"

printed=0
print_finished() {
	while [ -e "$tmp/$printed/done" ]; do
		print_job "$printed"
		printed=$((printed + 1))
	done
}

for n in "${!files[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
	print_finished
	run_job "$n" &
done
while [ "$printed" -lt "${#files[@]}" ]; do
	wait -n
	print_finished
done

if [ -s "$tmp/failed" ]; then
	echo
	echo "Once more, what failed:"
	head -n 200 "$tmp/failed"
fi
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
