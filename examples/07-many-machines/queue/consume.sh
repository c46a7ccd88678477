#!/bin/sh
# consume.sh - run jobs of the queue until none is left. Any number of these may run at once, on
# any number of machines.
#
#   DATABASE=postgres://loader@db/web ./consume.sh
#
# A job that fails is tried up to ATTEMPTS times, after jobs that have failed less often.
set -eu

export DATABASE="${DATABASE:?the url of the database}"
here=$(dirname "$(realpath "$0")")
export LOAD="$here/../load.lua"

while :; do
	outcome=$(psql "$DATABASE" -X -q -A -t -v ON_ERROR_STOP=1 -v attempts="${ATTEMPTS:-3}" -f "$here/job.sql")
	[ -n "$outcome" ] || exit 0
	echo "$outcome"
done
