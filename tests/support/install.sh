#!/bin/sh
# install.sh PACKAGE... - install the missing ones of these Debian packages, and start nothing.
#
# The tests need PostgreSQL, sshd, munge and Slurm, but start their own servers. A service that
# this script installs is not started, neither now nor at boot; one that was there before is
# left as it is. The network is used only if something is missing.
set -eu

missing=
for package; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Maintainer scripts ask this program before they start a service; 101 forbids it.
guard=/usr/sbin/policy-rc.d
if [ ! -e $guard ]; then
	trap 'as_root rm -f $guard' EXIT
	printf '#!/bin/sh\nexit 101\n' | as_root tee $guard >/dev/null
	as_root chmod 755 $guard
fi

as_root apt-get update -qq
case $missing in
*postgresql-15*)
	apt_install postgresql-common
	echo 'create_main_cluster = false' | as_root tee -a /etc/postgresql-common/createcluster.conf >/dev/null
	;;
esac

# shellcheck disable=SC2086 # a list of words
apt_install $missing

for package in $missing; do
	case $package in
	openssh-server) as_root update-rc.d ssh disable ;;
	munge | slurmctld | slurmd) as_root update-rc.d "$package" disable ;;
	esac
done
