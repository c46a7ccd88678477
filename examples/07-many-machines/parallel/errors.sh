#!/bin/sh
# errors.sh - filter the failed requests from one large file of JSON lines, using all cores.
#
#   ./errors.sh requests.jsonl > errors.jsonl
#
# --pipepart cuts the file at line breaks, a block for each job, and --keep-order writes the results
# in the order of the blocks. --halt: if one block fails, all fail. --atomic holds the output back, because
# otherwise the output of a block that failed would be among the rows of the others.
set -eu
exec parallel --pipepart --arg-file "$1" --block "${BLOCK:-10M}" --keep-order --halt now,fail=1 --quote \
	sluice filter --quiet --atomic 'status >= 500'
