#!/bin/sh
# errors.sh - the requests that failed, of one large file of JSON lines, by all cores.
#
#   ./errors.sh requests.jsonl > errors.jsonl
#
# --pipepart cuts the file at line breaks, a block for each job, and --keep-order writes the results
# in the order of the blocks. --halt: when one block fails, all fail. Held back (--atomic), because
# what a block has written before it failed would stand among the rows of the others.
set -eu
exec parallel --pipepart --arg-file "$1" --block "${BLOCK:-10M}" --keep-order --halt now,fail=1 --quote \
	sluice filter --quiet --atomic 'status >= 500'
