#!/bin/sh
# blocks.sh - load one large file of JSON lines, cut into blocks that are loaded at the same time.
#
#   DATABASE=postgres://loader@db/web ./blocks.sh requests.jsonl requests path:text,status:integer
#
# Each block is a run with a key of its own: the file's name, the block size and the number of the
# block. A block whose feeder was killed looks complete to sluice, which only sees the end of its
# input. So at the end the rows in the ledger are compared with the lines of the file.
set -eu
file=$1 table=$2 columns=$3 block=${BLOCK:-10M}
key="$(basename "$file") by $block"
set -- sluice run postgres --quiet --set url="${DATABASE:?the url of the database}" --set table="$table" --set columns="$columns"

# A run without rows creates the table; several runs at once would get in each other's way.
"$@" --run-key "$key, table" - </dev/null

parallel --pipepart --arg-file "$file" --block "$block" --jobs "${JOBS:-2}" --quote "$@" --run-key "$key, {#}" -

loaded=$(sluice ledger --as json "$DATABASE" |
	jq -s --arg key "$key, " 'map(select(.run_key | startswith($key)).rows) | add')
lines=$(wc -l <"$file")
[ "$loaded" = "$lines" ] || { echo "blocks.sh: $file has $lines lines, and $loaded rows were loaded" >&2; exit 1; }
