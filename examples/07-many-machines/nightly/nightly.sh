#!/bin/sh
# nightly.sh - load the logs of the last days; started by cron or systemd.
#
#   DATABASE=postgres://loader@db/web LOGS=/var/log/web ./nightly.sh
#
# The run key is the date. So nothing is lost if the machine was off for a night, or a log was late:
# the next night loads it, and days that are already in the database cost one connection each.
#
# DAYS=N    how many days, up to yesterday (7)
# TODAY=…   for tests
set -u
: "${DATABASE:?the url of the database}" "${LOGS:?the directory of the logs}"
here=$(dirname "$(realpath "$0")")
today=${TODAY:-$(date +%F)}
worst=0

ago=${DAYS:-7}
while [ "$ago" -ge 1 ]; do
	day=$(date -d "$today $ago days ago" +%F) || exit 2
	ago=$((ago - 1))
	[ -e "$LOGS/$day.log" ] || continue
	sluice run "$here/../load.lua" --progress none --set file="$LOGS/$day.log" --set url="$DATABASE" --run-key "log $day"
	status=$?
	# A signal is meant for the whole script, not for one day.
	case $status in 129 | 130 | 143) exit $status ;; esac
	[ $status -le $worst ] || worst=$status
done
exit $worst
