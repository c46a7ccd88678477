#!/bin/sh
# load.sh - load logs with GNU parallel, two at a time, and go on where an earlier call has stopped.
#
#   DATABASE=postgres://loader@db/web ./load.sh logs/*.log
#
# The job log says which logs need not be started again; the run key, what is in the database. A log
# that was committed when parallel was killed, but is not in the job log yet, is started and writes
# nothing. Without the job log, or with one of another machine, all are started and none is loaded twice.
#
# JOBLOG=FILE       the job log (load.joblog)
# RUN="sluice run"  what is run; with -S, hosts on which to run it, see parallel(1)
set -eu
here=$(dirname "$(realpath "$0")")
exec parallel --jobs "${JOBS:-2}" --joblog "${JOBLOG:-load.joblog}" --resume-failed --quote \
	sluice run "$here/../load.lua" --quiet --set 'file={}' --set url="${DATABASE:?the url of the database}" --run-key '{/}' \
	::: "$@"
