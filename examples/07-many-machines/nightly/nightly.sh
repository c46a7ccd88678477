#!/bin/sh
# nightly.sh - load the logs of the last days: what cron and systemd start.
#
#   DATABASE=postgres://loader@db/web LOGS=/var/log/web ./nightly.sh
#
# The run key is the date. So nothing is lost when the machine was off for a night, or a log was late:
# the next night loads it, and days that are in the database cost a connection each.
#
# DAYS=N    how many days, until yesterday (7)
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
	# A signal, which is for all of it, and not for one day.
	case $status in 129 | 130 | 143) exit $status ;; esac
	[ $status -le $worst ] || worst=$status
done
exit $worst
