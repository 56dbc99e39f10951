#!/bin/bash
# What PID 1 of a machine does before it becomes systemd: a copy of this system, thrown away when the machine ends.
# boot.sh FOLDER CHECKOUT PYTHON PACKAGES [read-only], in namespaces of its own (unshare --mount --pid --fork --cgroup). PYTHON is the prefix of the
# interpreter: it and the checkout may lie in somebody's home, where no service looks, so that both get another place.
set -eu
above=$1/above root=$1/root checkout=$2
target=$(cat "$1/target" 2>/dev/null || echo basic.target) # how far it boots
mount --make-rprivate /
mkdir -p "$above" "$root"
mount -t tmpfs tmpfs "$above"
mkdir "$above/upper" "$above/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$above/upper,workdir=$above/work" "$root"
for each in proc:proc sysfs:sys cgroup2:sys/fs/cgroup tmpfs:run tmpfs:tmp; do
	mount -t "${each%%:*}" "${each%%:*}" "$root/${each#*:}"
done
mount --rbind /dev "$root/dev"
program=$root/opt/muster
mkdir -p "$program/current/.venv/bin" "$program/checkout" "$program/python" "$program/packages" "$root/etc/muster"
mount --bind "$checkout" "$program/checkout"
mount --bind "$3" "$program/python"
mount --bind "$4" "$program/packages"
cat >"$program/current/.venv/bin/muster" <<-'SCRIPT'
	#!/bin/sh
	export PYTHONHOME=/opt/muster/python PYTHONPATH=/opt/muster/checkout:/opt/muster/packages PYTHONDONTWRITEBYTECODE=1
	exec /opt/muster/python/bin/python3 -P -m edge "$@"
SCRIPT
chmod 755 "$program/current/.venv/bin/muster"
rm -rf "$root"/etc/systemd/system "$root"/etc/systemd/system.conf.d "$root"/etc/udev/rules.d
mkdir -p "$root/etc/systemd/system"
for each in systemd-binfmt.service proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount; do
	ln -s /dev/null "$root/etc/systemd/system/$each" # the kernel has one list of interpreters for all machines
done
cp -r "$checkout"/deploy/systemd/*.service "$checkout"/deploy/systemd/*.timer "$checkout"/deploy/systemd/*.path "$1/system/." "$root/etc/systemd/system/"
cp "$1/muster.toml" "$root/etc/muster/"
cp "$1/room.png" "$root/srv/"
mkdir "$root/srv/frames"
mount --bind "$1/frames" "$root/srv/frames"
systemd-sysusers --root="$root" "$checkout"/deploy/sysusers.d/*.conf
if [ "${5:-}" = read-only ]; then # but for the data and the log, as with overlayroot
	mkdir -p "$root/var/lib/muster"
	mount -t tmpfs data "$root/var/lib/muster"
	mount -t tmpfs log "$root/var/log"
	mount -o remount,ro "$root"
fi
cd "$root"
pivot_root . mnt
umount -l /mnt
mount --make-rshared / # systemd does it by itself, but not where it finds itself in a container
export container=muster-test
exec /lib/systemd/systemd --system --unit="$target" --log-target=console --show-status=no
