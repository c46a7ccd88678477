#!/bin/sh
# install.sh PACKAGE... - install those Debian packages that are missing, and start nothing.
#
# PostgreSQL, sshd, munge and Slurm are here for tests, which start servers of their own. Of those
# that this installs none is started, now or when the machine starts; one that was there before is
# left as it is. Nothing is asked of the network unless something is missing.
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

# What maintainer scripts ask before they start a service: 101 is no.
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
