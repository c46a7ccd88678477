#!/bin/sh
# make demo: the main job on this source tree, and on the Lua libraries of
# this machine.
set -eu
sluice=$1
here=$(dirname "$0")

show() {
	printf '\n$ %s\n' "$*"
	"$@"
}

show "$sluice" run "$here/duplicates.lua" --request '{"root":".","min_lines":5}'
show "$sluice" run "$here/duplicates.lua" --request '{"root":"/usr/share/lua","min_lines":10}'
show "$sluice" filter 'size > 28 and file:find "%.c$"' --map '{ name = name, size = size, file = file }' -- "$here/scan.lua"
