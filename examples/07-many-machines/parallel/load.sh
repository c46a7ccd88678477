#!/bin/sh
# load.sh - load logs with GNU parallel, two at a time, and continue where an earlier call has stopped.
#
#   DATABASE=postgres://loader@db/web ./load.sh logs/*.log
#
# The job log says which logs need not be started again, the run key what is in the database. A log
# that was committed when parallel was killed, but is not yet in the job log, is started and writes
# nothing. Without the job log, or with another machine's, all are started and none is loaded twice.
#
# JOBLOG=FILE  the job log (load.joblog)
# JOBS=N       how many run at once (2)
set -eu
here=$(dirname "$(realpath "$0")")
exec parallel --jobs "${JOBS:-2}" --joblog "${JOBLOG:-load.joblog}" --resume-failed --quote \
	sluice run "$here/../load.lua" --quiet --set 'file={}' --set url="${DATABASE:?the url of the database}" --run-key '{/}' \
	::: "$@"
